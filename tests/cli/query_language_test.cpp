// The query language and the forms of answers, through the program.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "cli/run_program.h"

namespace spimi::testing {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

class QueryLanguageTest : public CliTest {
 protected:
  QueryLanguageTest() { build_index(); }

  RunResult query(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"query", "-i", "index"});
    return run(std::move(arguments));
  }
  std::string paths(const std::string& text) {
    std::string found;
    for (const std::string& line : lines_of(query({text}).out)) {
      found += line.substr(line.find('\t') + 1 + std::string("corpus/").size()) + " ";
    }
    return found;
  }
};

TEST_F(QueryLanguageTest, KindsOfQueries) {
  EXPECT_EQ(paths("+cat +dog"), "a.txt ");
  EXPECT_EQ(paths("dog -cat"), "sub/b.txt ");
  EXPECT_EQ(paths("cat AND NOT dog"), "z.md ");
  EXPECT_EQ(paths("\"dog cat\""), "a.txt ");
  EXPECT_EQ(paths("\"cat the\"~5"), "");
  EXPECT_EQ(paths("na*"), "z.md ");
  EXPECT_EQ(paths("/d.g/ path:sub/"), "sub/b.txt ");
  EXPECT_EQ(paths("cta~ path:*.md"), "z.md ");
  EXPECT_EQ(paths("dog^3 na\xc3\xafve"), "sub/b.txt a.txt z.md ");
}

TEST_F(QueryLanguageTest, MistakesShowTheirPlace) {
  const RunResult result = query({"cat", "(dog", "bird"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_EQ(result.err,
            "spimi: query: this parenthesis is not closed; in quotes it is text\n"
            "  cat (dog bird\n"
            "      ^\n"
            "see 'spimi query --help-syntax'\n");
  // Under the right column, behind wide characters and such as are escaped.
  EXPECT_THAT(query({"\xe6\x9d\xb1\x01 cat^x"}).err,
              HasSubstr("\n  \xe6\x9d\xb1\\x01 cat^x\n            ^^\n"));
}

TEST_F(QueryLanguageTest, TellsWhenAPatternIsCut) {
  const RunResult result = query({"--max-terms", "1", "*"});
  EXPECT_THAT(result.err, IsEmpty());
  EXPECT_EQ(query({"--max-terms", "1", "/.+/"}).err,
            "spimi: /.+/ fits 4 terms; the 1 of them in the most documents are searched "
            "(--max-terms)\n");
}

TEST_F(QueryLanguageTest, Rankings) {
  EXPECT_EQ(query({"--rank", "none", "cat"}).out, "0.00000\tcorpus/a.txt\n0.00000\tcorpus/z.md\n");
  EXPECT_EQ(query({"--rank", "tf-idf", "cat"}).out,
            "0.686512\tcorpus/a.txt\n0.405465\tcorpus/z.md\n");
  EXPECT_NE(query({"--k1", "0", "cat"}).out, query({"cat"}).out);
  for (const char* rank : {"bm25+", "dirichlet", "dph"}) {
    EXPECT_EQ(query({"--rank", rank, "cat"}).exit_code, 0);
  }
  EXPECT_THAT(query({"--b", "1.5", "cat"}).err, HasSubstr("'1.5' is not a number from 0 to 1"));
  EXPECT_THAT(query({"--rank", "bm26", "cat"}).err, HasSubstr("is not one of bm25, bm25+"));
}

TEST_F(QueryLanguageTest, ExplanationsAddUp) {
  const std::vector<std::string> lines = lines_of(query({"-k1", "--explain", "cat dog"}).out);
  ASSERT_EQ(lines.size(), 6u);
  EXPECT_EQ(lines[1], "    1.01900  sum of");
  EXPECT_THAT(lines[2], StartsWith("      0.598186  cat, length 3 of average 2.33333"));
  EXPECT_THAT(lines[3], StartsWith("        0.598186  'cat': tf 2, df 2, cf 3, idf 0.470004"));
  const json hit = json::parse(query({"-k1", "--explain", "--json", "cat dog"}).out);
  double sum = 0;
  for (const json& part : hit["explanation"]["parts"]) sum += part["score"].get<double>();
  EXPECT_NEAR(sum, hit["score"].get<double>(), 1e-12);
}

TEST_F(QueryLanguageTest, TrecRunsHaveStrictlyFallingScoresAndWholeNames) {
  directory_.write_file("same/a b.txt", "word");
  directory_.write_file("same/b.txt", "word");
  directory_.write_file("same/" + std::string(100, 'c') + ".txt", "word");
  ASSERT_EQ(run({"build", "-q", "same", "same.index"}).exit_code, 0);
  const RunResult result =
      run({"query", "-i", "same.index", "--format", "trec", "--run-id", "me", "word"});
  const std::vector<std::string> lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 3u);
  float last = 1e9F;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::istringstream in(lines[i]);
    std::string topic, q0, name, id;
    std::size_t rank = 0;
    float score = 0;
    in >> topic >> q0 >> name >> rank >> score >> id;
    EXPECT_TRUE(in.eof() && !in.fail());
    EXPECT_EQ(topic + q0 + id, "1Q0me");
    EXPECT_EQ(rank, i + 1);
    EXPECT_LT(score, last);
    last = score;
    names.push_back(name);
  }
  EXPECT_THAT(names, ElementsAre("a\\x20b.txt", "b.txt", std::string(100, 'c') + ".txt"));
}

TEST_F(QueryLanguageTest, PathsForXargs) {
  EXPECT_EQ(query({"-0", "cat"}).out, std::string("corpus/a.txt\0corpus/z.md\0", 25));
}

TEST_F(QueryLanguageTest, PassagesAreReadBackFromTheDocuments) {
  EXPECT_EQ(query({"--snippets", "always", "-k1", "cat"}).out,
            "0.598186\tcorpus/a.txt\n    Cat dog cat\n");
  EXPECT_EQ(query({"--snippets", "always", "--color", "always", "dog -cat"}).out,
            "0.499176\t\x1b[35mcorpus/sub/b.txt\x1b[0m\n    The \x1b[1;31mdog\x1b[0m.\n");
  std::filesystem::remove(path("corpus/a.txt"));
  EXPECT_EQ(query({"--snippets", "always", "-k1", "cat"}).out, "0.598186\tcorpus/a.txt\n");
}

TEST_F(QueryLanguageTest, NoReaderEndsALongAnswerQuietly) {
  for (int i = 0; i < 3000; ++i) directory_.write_file("many/" + std::to_string(i), "x");
  ASSERT_EQ(run({"build", "-q", "many", "many.index"}).exit_code, 0);
  RunOptions options;
  options.close_stdout_reader = true;
  options.ignore_sigpipe = true;
  const RunResult result = run({"query", "-i", "many.index", "--all", "--json", "x"}, options);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, IsEmpty());
}

/// One query alone prints its hits as they are found, part by part; beside others they are found at
/// once.
TEST_F(QueryLanguageTest, ManyHitsComePartByPart) {
  for (int i = 0; i < 300; ++i) {
    directory_.write_file("many/" + std::to_string(i), i % 3 == 0 ? "x y" : "x");
  }
  ASSERT_EQ(run({"build", "-q", "many", "many.index"}).exit_code, 0);
  std::vector<std::string> join{"merge", "-q", "-o", "joined.index"};
  join.insert(join.end(), 70, "many.index");
  ASSERT_EQ(run(std::move(join)).exit_code, 0);
  directory_.write_file("one", "t\tx\n");
  directory_.write_file("two", "t\tx\nu\tzebra\n");
  for (const std::string rank : {"bm25", "none"}) {
    const auto answers = [&](const std::string& topics) {
      return run({"query", "-i", "joined.index", "--all", "--rank", rank, "--batch", topics}).out;
    };
    const std::string at_once = answers("two");
    EXPECT_EQ(lines_of(at_once).size(), 21000u);
    EXPECT_EQ(answers("one"), at_once);
  }
}

/// What documents show is what the program understands.
class DocumentedQueriesTest : public CliTest {
 protected:
  DocumentedQueriesTest() {
    if (run({"build", "-q", SPIMI_SAMPLE, "sample.index"}).exit_code != 0) {
      throw std::runtime_error("cannot index the sample");
    }
  }

  void expect_understood(const std::string& text) {
    const RunResult result = run({"query", "-i", "sample.index", "--count", "--", text});
    EXPECT_LT(result.exit_code, 2) << text << "\n" << result.err;
  }
};

TEST_F(DocumentedQueriesTest, HelpSyntax) {
  std::size_t num_queries = 0;
  for (const std::string& line : lines_of(run({"query", "--help-syntax"}).out)) {
    EXPECT_LE(line.size(), 80u) << line;
    if (!line.starts_with("  ") || line[2] == ' ') continue;
    std::string text = line.substr(2, line.find("   ", 2) - 2);
    expect_understood(text);
    ++num_queries;
  }
  EXPECT_GT(num_queries, 15u);
}

TEST_F(DocumentedQueriesTest, Readme) {
  std::ifstream in(SPIMI_README);
  std::vector<std::string> queries;
  bool in_table = false;
  for (std::string line; std::getline(in, line);) {
    if (line == "| query | finds |") in_table = true;
    if (in_table && line.empty()) break;
    if (!in_table || !line.starts_with("| `")) continue;
    const std::string cell = line.substr(0, line.find(" |"));
    for (std::size_t at = cell.find('`'); at != std::string::npos; at = cell.find('`', at + 1)) {
      const std::size_t end = cell.find('`', at + 1);
      queries.push_back(cell.substr(at + 1, end - at - 1));
      at = end;
    }
  }
  EXPECT_GT(queries.size(), 10u);
  for (const std::string& text : queries) {
    expect_understood(text);
    const RunResult result = run({"query", "-i", "sample.index", "--count", "--", text});
    EXPECT_NE(result.out, "0\n") << text << " shows nothing in the sample";
  }
}

/// The commands behind "$ " in README.md print what stands below them there, but for what differs
/// from place to place: the index's size has the length of the corpus's path in it.
class ReadmeTest : public CliTest {};

TEST_F(ReadmeTest, CommandsPrintWhatItShows) {
  directory_.make_directory("data");
  std::filesystem::copy(SPIMI_SAMPLE, path("data/sample"),
                        std::filesystem::copy_options::recursive);
  const auto differs = [](const std::string& line) {
    return line.starts_with("  runs ") || line.starts_with("  index ") ||
           line.starts_with("  time ") || line.starts_with("  peak memory ");
  };
  std::ifstream in(SPIMI_README);
  std::size_t num_commands = 0;
  std::vector<std::string> shown, printed;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("    $ ") || !line.starts_with("    ")) {
      EXPECT_EQ(printed, shown);
      printed.clear();
      shown.clear();
    }
    if (line.starts_with("    $ spimi ")) {
      std::istringstream words(line.substr(std::string("    $ spimi ").size()));
      std::vector<std::string> arguments;
      for (std::string word; words >> word;) arguments.push_back(word);
      const RunResult result = run(std::move(arguments));
      printed = lines_of(result.out + result.err);
      std::erase_if(printed, differs);
      ++num_commands;
    } else if (line.starts_with("    ") && num_commands > 0 && !printed.empty()) {
      if (!differs(line.substr(4))) shown.push_back(line.substr(4));
    }
  }
  EXPECT_GE(num_commands, 2u);
}

}  // namespace
}  // namespace spimi::testing
