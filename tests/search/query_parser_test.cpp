#include "search/query_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "spimi/query.h"

namespace spimi::testing {
namespace {

using ::testing::HasSubstr;

/// A tree on one line: (word cat), (all +x -y z), with boosts and distances behind.
std::string shown(const QueryNode& node) {
  static const char* const kNames[] = {"word", "phrase", "wildcard", "regexp", "fuzzy", "path"};
  std::string text = "(";
  if (node.kind == QueryNode::Kind::kBoolean) {
    text += "list";
    for (const Clause& clause : node.clauses) {
      text += clause.occur == Occur::kMust ? " +" : (clause.occur == Occur::kNot ? " -" : " ");
      text += shown(clause.node);
    }
  } else {
    text += kNames[static_cast<int>(node.kind)];
    text += " " + node.text;
  }
  if (node.order == QueryNode::Order::kAny) text += " ~" + std::to_string(node.slop);
  if (node.order == QueryNode::Order::kOrdered) text += " ~>" + std::to_string(node.slop);
  if (node.kind == QueryNode::Kind::kFuzzy) text += " ~" + std::to_string(node.edits);
  if (node.boost != 1) text += " ^" + std::to_string(node.boost).substr(0, 4);
  return text + ")";
}
std::string parsed(std::string_view text) { return shown(parse_query(text)); }

TEST(QueryParserTest, PlainWords) {
  EXPECT_EQ(parsed(""), "(list)");
  EXPECT_EQ(parsed("  cat "), "(word cat)");
  EXPECT_EQ(parsed("cat dog\tbird"), "(list (word cat) (word dog) (word bird))");
  // Signs that fit nothing are text, so that what is pasted is searched.
  EXPECT_EQ(parsed("a - b + c"), "(list (word a) (word -) (word b) (word +) (word c))");
  EXPECT_EQ(parsed("--cat x-y c++ i++ -"),
            "(list (word --cat) (word x-y) (word c++) (word i++) (word -))");
  EXPECT_EQ(parsed("/usr/bin /etc a/b/"), "(list (word /usr/bin) (word /etc) (word a/b/))");
  EXPECT_EQ(parsed("std::move a~b ~ ~x"), "(list (word std::move) (word a~b) (word ~) (word ~x))");
  EXPECT_EQ(parsed("and or not ANDy"), "(list (word and) (word or) (word not) (word ANDy))");
}

TEST(QueryParserTest, SignsAndKeywords) {
  EXPECT_EQ(parsed("+a -b c"), "(list +(word a) -(word b) (word c))");
  EXPECT_EQ(parsed("a AND b"), "(list +(word a) +(word b))");
  EXPECT_EQ(parsed("a OR b AND c"), "(list (word a) (list +(word b) +(word c)))");
  EXPECT_EQ(parsed("a AND NOT b"), "(list +(word a) -(word b))");
  EXPECT_EQ(parsed("a OR NOT b"), "(list (word a) (list -(word b)))");
  EXPECT_EQ(parsed("a NOT b"), "(list (word a) -(word b))");
  EXPECT_EQ(parsed("NOT NOT a"), "(word a)");
  EXPECT_EQ(parsed("NOT -a"), "(word a)");
  EXPECT_EQ(parsed("-a"), "(list -(word a))");
  EXPECT_EQ(parsed("a b AND c"), "(list (word a) (list +(word b) +(word c)))");
  EXPECT_EQ(parsed("(a OR b) AND (c)"), "(list +(list (word a) (word b)) +(word c))");
  EXPECT_EQ(parsed("+(a b) -(c)"), "(list +(list (word a) (word b)) -(word c))");
  EXPECT_EQ(parsed("a AND(b)"), "(list +(word a) +(word b))");
}

TEST(QueryParserTest, Atoms) {
  EXPECT_EQ(parsed("\"a b\""), "(phrase a b)");
  EXPECT_EQ(parsed("\"a b\"~5 \"c\"~>0"), "(list (phrase a b ~5) (phrase c ~>0))");
  EXPECT_EQ(parsed("ca* c?t *"), "(list (wildcard ca*) (wildcard c?t) (wildcard *))");
  EXPECT_EQ(parsed("/a|b/ (/c\\/d/)"), "(list (regexp a|b) (regexp c\\/d))");
  EXPECT_EQ(parsed("cat~ cat~2 cat~0"), "(list (fuzzy cat ~1) (fuzzy cat ~2) (fuzzy cat ~0))");
  EXPECT_EQ(parsed("a^2.5 \"b c\"^0 (d e)^2"),
            "(list (word a ^2.50) (phrase b c ^0.00) (list (word d) (word e) ^2.00))");
  EXPECT_EQ(parsed("((a^2))^3"), "(word a ^6.00)");
  EXPECT_EQ(parsed("a~2^3"), "(fuzzy a ~2 ^3.00)");
  EXPECT_EQ(parsed("path:docs/**"), "(path docs/**)");
  EXPECT_EQ(parsed("path:\"a b\" -path:c"), "(list +(list -(path c)) +(path a b))");
  EXPECT_EQ(parsed("xpath:a"), "(word xpath:a)");
}

TEST(QueryParserTest, PathsFilterWhatTheRestOfTheListMatches) {
  EXPECT_EQ(parsed("a b path:x"), "(list +(list (word a) (word b)) +(path x))");
  EXPECT_EQ(parsed("path:x a path:y"), "(list +(word a) +(list (path x) (path y)))");
  EXPECT_EQ(parsed("a OR path:x"), "(list (word a) (path x))");
  EXPECT_EQ(parsed("+path:x a"), "(list +(path x) (word a))");
}

TEST(QueryParserTest, BackslashesTakeMeaningAway) {
  EXPECT_EQ(parsed("\\+a \\-b \\\"c \\(d\\)"), "(list (word +a) (word -b) (word \"c) (word (d)))");
  EXPECT_EQ(parsed("a\\*b* \\AND a\\ b"), "(list (wildcard a\\*b*) (word AND) (word a b))");
  EXPECT_EQ(parsed("\"a \\\"b\\\\\""), "(phrase a \"b\\)");
  EXPECT_EQ(parsed("a\\^2 a\\~1 \\/x/"), "(list (word a^2) (word a~1) (word /x/))");
  EXPECT_EQ(parsed("a\\"), "(word a\\)");
}

struct Mistake {
  const char* query;
  std::size_t begin, end;
  const char* message;
};

TEST(QueryParserTest, MistakesAreToldWithTheirPlace) {
  const std::vector<Mistake> mistakes{
      {"a (b", 2, 3, "not closed"},
      {"a) b", 1, 2, "nothing is open"},
      {"a ()", 2, 4, "nothing stands between"},
      {"x \"a b", 2, 3, "quote is not closed"},
      {"x \"a b\\\"", 2, 3, "quote is not closed"},
      {"a AND", 2, 5, "AND has nothing after it"},
      {"a OR  ", 2, 4, "OR has nothing after it"},
      {"(NOT)", 1, 4, "NOT has nothing after it"},
      {"AND a", 0, 3, "AND has nothing before it"},
      {"a AND OR b", 6, 8, "OR has nothing before it"},
      {"a OR +b", 6, 7, "cannot be one side of OR"},
      {"a^", 1, 2, "after ^ stands a factor"},
      {"a^b", 1, 3, "after ^ stands a factor"},
      {"a^1e9", 1, 5, "after ^ stands a factor"},
      {"a^-1", 1, 4, "after ^ stands a factor"},
      {"a^2.5.1", 1, 7, "after ^ stands a factor"},
      {"a^2000000", 1, 9, "after ^ stands a factor"},
      {"a~3", 1, 3, "~1 or ~2"},
      {"a~22", 1, 4, "~1 or ~2"},
      {"a*~1", 2, 4, "cannot be fuzzy"},
      {"\"a b\"~", 5, 6, "\"a b\"~5"},
      {"\"a b\"~x y", 5, 7, "\"a b\"~5"},
      {"\"a b\"~>2000000", 5, 14, "\"a b\"~5"},
      {"path:", 0, 5, "no pattern"},
      {"a path:\"\"", 2, 9, "no pattern"},
  };
  for (const Mistake& mistake : mistakes) {
    SCOPED_TRACE(mistake.query);
    try {
      parse_query(mistake.query);
      ADD_FAILURE() << "it was read";
    } catch (const QueryError& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      EXPECT_EQ(error.begin(), mistake.begin);
      EXPECT_EQ(error.end(), mistake.end);
      EXPECT_THAT(error.what(), HasSubstr(mistake.message));
    }
  }
  const std::string deep(101, '(');
  EXPECT_THROW(parse_query(deep + "a" + std::string(101, ')')), QueryError);
  EXPECT_NO_THROW(parse_query(deep.substr(1) + "a" + std::string(100, ')')));
}

}  // namespace
}  // namespace spimi::testing
