// Index::query against the reference answer, which looks at every document and term.

#include "spimi/query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>
#include <string>
#include <vector>

#include "format/layout.h"
#include "search/query_parser.h"
#include "spimi/index.h"
#include "support/random_text.h"
#include "support/reference_query.h"
#include "support/reference_tokenizer.h"
#include "support/segment_builder.h"
#include "support/temporary_directory.h"

namespace spimi::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Words that are near each other, some of more bytes than characters.
std::vector<std::string> make_words() {
  std::vector<std::string> words;
  for (const char* first : {"a", "b", "c", "\xc3\xa9"}) {
    for (const char* second : {"a", "b", "d", ""}) {
      for (const char* third : {"", "c", "\xc3\xa9", "bb"}) {
        words.push_back(std::string(first) + second + third);
      }
    }
  }
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}

class QueryTest : public ::testing::Test {
 protected:
  QueryTest() : words_(make_words()) {}

  /// Documents in which low words are frequent; blocks of documents differ in length and words.
  ReferenceIndex random_reference(std::uint32_t num_docs) {
    ReferenceIndex reference;
    for (std::uint32_t docid = 0; docid < num_docs; ++docid) {
      std::string text;
      const std::size_t length = random_below(random_, docid % 300 < 150 ? 12 : 40);
      for (std::size_t i = 0; i < length; ++i) {
        const std::size_t most = 1 + random_below(random_, words_.size());
        text += words_[random_below(random_, most)] + " ";
      }
      char path[64];
      std::snprintf(path, sizeof(path), "%c/d%u/%05u.%s", "abc"[docid * 3 / num_docs],
                    docid * 9 / num_docs, docid, docid % 2 == 0 ? "c" : "md");
      reference.add_document(path, text);
    }
    return reference;
  }

  Index write_and_open(const ReferenceIndex& reference, bool positions = true) {
    write_files(index_files(test_index(reference, positions)), directory_.path());
    return Index::open(directory_.path());
  }

  /// A word that the query does not have yet.
  std::string new_word() {
    for (;;) {
      const std::string& word = words_[random_below(random_, words_.size())];
      if (used_.insert(word).second) return word;
    }
  }

  std::string random_atom(int depth) {
    switch (random_below(random_, depth > 2 ? 8 : 10)) {
      case 0:
        return "\"" + new_word() + " " + new_word() + "\"";
      case 1: {
        const std::string a = new_word();
        return "\"" + a + " " + (random_below(random_, 3) == 0 ? a : new_word()) + "\"~" +
               (random_below(random_, 2) == 0 ? ">" : "") +
               std::to_string(random_below(random_, 6));
      }
      case 2: {
        static const char* const kPatterns[] = {"a*", "?b*", "*\xc3\xa9", "b?", "zz*", "*c*b"};
        return kPatterns[random_below(random_, std::size(kPatterns))];
      }
      case 3: {
        static const char* const kPatterns[] = {"/a[bd]+c?/", "/(a|b)b*/", "/c[a-d]{1,2}/", "/z/"};
        return kPatterns[random_below(random_, std::size(kPatterns))];
      }
      case 4:
        return words_[random_below(random_, words_.size())] + "~" +
               std::to_string(random_below(random_, 3));
      case 8:
        return "(" + random_list(depth + 1) + ")";
      case 9:
        return "(" + random_atom(depth + 1) + (random_below(random_, 2) == 0 ? " AND " : " OR ") +
               random_atom(depth + 1) + ")";
      default:
        return new_word() + (random_below(random_, 4) == 0 ? "^2.5" : "");
    }
  }

  std::string random_list(int depth) {
    std::string query;
    for (std::size_t n = 1 + random_below(random_, 3); n > 0; --n) {
      static const char* const kSigns[] = {"", "", "", "+", "+", "-"};
      query += kSigns[random_below(random_, std::size(kSigns))] + random_atom(depth) + " ";
    }
    if (random_below(random_, 8) == 0) {
      static const char* const kPaths[] = {"path:a/", "path:*.md", "path:b/d?/**",
                                           "path:**/d4/*.c"};
      query += kPaths[random_below(random_, std::size(kPaths))];
    }
    return query;
  }

  std::string random_query() {
    used_.clear();
    return random_list(0);
  }

  void expect_exact(const ReferenceIndex& reference, const Index& index, const std::string& text,
                    const QueryOptions& options = {}) {
    SCOPED_TRACE("query: " + text + ", ranking " + std::string(ranking_name(options.rank.ranking)));
    const Scores expected =
        reference_answer(reference, parse_query(text), options).value_or(Scores{});
    const Query query = index.query(text, options);
    ASSERT_EQ(query.count(), expected.size());
    QueryOptions matches_only = options;
    matches_only.matches_only = true;
    ASSERT_EQ(index.query(text, matches_only).count(), expected.size());
    std::vector<std::uint32_t> documents;
    query.for_each([&](std::uint32_t docid) {
      documents.push_back(docid);
      return true;
    });
    ASSERT_EQ(documents.size(), expected.size());
    for (std::size_t i = 0; const auto& [docid, score] : expected) {
      ASSERT_EQ(documents[i++], docid);
    }

    const std::vector<Hit> all = query.search(~std::size_t{0});
    ASSERT_EQ(all.size(), expected.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      ASSERT_TRUE(expected.contains(all[i].docid));
      const double score = expected.at(all[i].docid);
      ASSERT_NEAR(all[i].score, score, 1e-10 * std::max(1.0, std::abs(score))) << all[i].docid;
      if (i == 0) continue;
      ASSERT_TRUE(all[i - 1].score > all[i].score ||
                  (all[i - 1].score == all[i].score && all[i - 1].docid < all[i].docid));
    }
    for (const std::size_t k : {std::size_t{0}, std::size_t{1}, std::size_t{7}, std::size_t{100}}) {
      expect_prefix(all, query.search(k), k, 0);
    }
    std::uint64_t count = 0;
    expect_prefix(all, query.search_and_count(7, &count), 7, 0);
    ASSERT_EQ(count, all.size());
    // Behind a hit come the same as in the whole answer.
    if (all.size() > 3) {
      const std::size_t after = random_below(random_, all.size());
      expect_prefix(all, query.search(5, all[after]), 5, after + 1);
    }
    for (std::size_t i = 0; i < 3 && !reference.documents().empty(); ++i) {
      const auto docid =
          static_cast<std::uint32_t>(random_below(random_, reference.documents().size()));
      const Explanation explanation = query.explain(docid);
      ASSERT_EQ(explanation.matches, expected.contains(docid));
      if (explanation.matches) {
        ASSERT_NEAR(explanation.score, expected.at(docid), 1e-9);
      }
    }
  }

  static void expect_prefix(const std::vector<Hit>& all, const std::vector<Hit>& hits,
                            std::size_t k, std::size_t first) {
    ASSERT_EQ(hits.size(), std::min(k, all.size() - first));
    for (std::size_t i = 0; i < hits.size(); ++i) {
      ASSERT_EQ(hits[i].docid, all[first + i].docid) << i;
      ASSERT_EQ(hits[i].score, all[first + i].score) << i;
    }
  }

  std::vector<std::uint32_t> documents(const Index& index, const std::string& query) {
    std::vector<std::uint32_t> found;
    index.query(query).for_each([&](std::uint32_t docid) {
      found.push_back(docid);
      return true;
    });
    return found;
  }

  const std::uint64_t seed_ = test_seed();
  ::testing::ScopedTrace trace_{__FILE__, __LINE__, "SPIMI_TEST_SEED=" + std::to_string(seed_)};
  Random random_{seed_};
  std::vector<std::string> words_;
  std::set<std::string> used_;
  TemporaryDirectory directory_;
};

TEST_F(QueryTest, AgreesWithLookingAtEveryDocument) {
  for (const std::uint32_t num_docs : {60u, 1000u}) {
    const ReferenceIndex reference = random_reference(num_docs);
    const Index index = write_and_open(reference);
    for (int round = 0; round < (num_docs == 60 ? 400 : 60); ++round) {
      QueryOptions options;
      options.rank.ranking = static_cast<Ranking>(random_below(random_, kNumRankings));
      if (round % 2 == 0) options.rank.ranking = Ranking::kBm25;
      if (round % 7 == 0) options.rank.k1 = 0.9;
      if (round % 5 == 0) options.rank.mu = 50;
      expect_exact(reference, index, random_query(), options);
      if (HasFatalFailure()) return;
    }
  }
}

/// Lists of many blocks, most of which cannot matter.
TEST_F(QueryTest, SkippingLosesNoHit) {
  const ReferenceIndex reference = random_reference(9000);
  const Index index = write_and_open(reference);
  for (const char* text : {"+a +b", "+a +aa", "+a b c",
                           "+\xc3\xa9"
                           "bb +a",
                           "\"a a\"", "\"b a\"~2", "+a -aa", "a b -aa", "+a +b +aa", "+a +b c",
                           "a* +b", "+(a b) +(aa c)", "\"a b\" c", "+a path:b/", "a b path:*.md"}) {
    expect_exact(reference, index, text);
  }
}

/// Where stretches of documents differ, so do the bounds of blocks: those of one stretch must not
/// be used in the next. The best hits are compared with the whole answer, which passes over
/// nothing.
TEST_F(QueryTest, TheBestAreTheFirstOfAllWhereStretchesDiffer) {
  ReferenceIndex reference;
  while (reference.documents().size() < 8000) {
    // Some words in every document of the stretch, side by side, often or once.
    std::vector<std::string> hot(words_.begin(), words_.begin() + 6);
    for (std::size_t i = 0; i < hot.size(); ++i) {
      std::swap(hot[i], hot[random_below(random_, hot.size())]);
    }
    hot.resize(2 + random_below(random_, 2));
    const std::size_t repeats = 1 + random_below(random_, 6);
    const std::size_t num_others = random_below(random_, 2) == 0 ? 3 : 60;
    for (std::size_t n = 50 + random_below(random_, 400); n > 0; --n) {
      std::string text;
      for (std::size_t i = 0; i < repeats; ++i) {
        for (const std::string& word : hot) text += word + " ";
      }
      for (std::size_t i = random_below(random_, num_others); i > 0; --i) {
        text += words_[6 + random_below(random_, words_.size() - 6)] + " ";
      }
      reference.add_document(std::to_string(100'000 + reference.documents().size()), text);
    }
  }
  const Index index = write_and_open(reference);
  const auto expect_best_first = [&](const std::string& text, const QueryOptions& options) {
    SCOPED_TRACE(text + ", ranking " + std::string(ranking_name(options.rank.ranking)));
    const Query query = index.query(text, options);
    const std::vector<Hit> all = query.search(~std::size_t{0});
    for (const std::size_t k : {std::size_t{1}, std::size_t{10}, std::size_t{100}}) {
      expect_prefix(all, query.search(k), k, 0);
    }
  };
  for (int round = 0; round < 25 && !HasFatalFailure(); ++round) {
    const auto any = [&](std::size_t begin, std::size_t end) {
      return words_[begin + random_below(random_, end - begin)];
    };
    const std::string a = any(0, 3), b = any(3, 6), c = any(0, 3), d = any(3, 6);
    const std::string rare = any(6, words_.size());
    const std::string phrase = "\"" + a + " " + b + "\"", other = "\"" + d + " " + c + "\"";
    QueryOptions options;
    if (round % 2 == 1) options.rank.ranking = static_cast<Ranking>(round / 2 % kNumRankings);
    if (round % 7 == 6) options.rank.k1 = 2;
    if (round % 7 == 5) options.rank.b = 0.3;
    for (const std::string& text : std::vector<std::string>{
             phrase, "+" + rare + " +" + phrase, "+" + rare + " +(" + a + " " + phrase + ")",
             "+" + rare + " " + phrase, phrase + " " + rare, phrase + " " + other,
             phrase + " +" + other, "(+" + a + " +" + b + ") (+" + c + " +" + d + ")",
             "+" + a + "* +" + phrase, "\"" + b + " " + a + "\"~3 " + rare, random_query()}) {
      expect_best_first(text, options);
    }
  }
}

TEST_F(QueryTest, AlgebraOfSets) {
  const ReferenceIndex reference = random_reference(700);
  const Index index = write_and_open(reference);
  for (int round = 0; round < 60; ++round) {
    used_.clear();
    const std::string a = random_atom(3), b = random_atom(3), c = random_atom(3);
    SCOPED_TRACE(a + ", " + b + ", " + c);
    const auto expect_same = [&](const std::string& x, const std::string& y) {
      EXPECT_EQ(documents(index, x), documents(index, y)) << x << " and " << y;
    };
    expect_same(a + " AND " + b, b + " AND " + a);
    expect_same(a + " OR " + b, b + " OR " + a);
    expect_same(a + " AND (" + b + " OR " + c + ")",
                "(" + a + " AND " + b + ") OR (" + a + " AND " + c + ")");
    expect_same("NOT (" + a + " OR " + b + ")", "NOT " + a + " AND NOT " + b);
    expect_same("NOT (" + a + " AND " + b + ")", "NOT " + a + " OR NOT " + b);
    expect_same("NOT NOT " + a, a);
    expect_same(a + " NOT " + b, "+" + a + " -" + b);
    expect_same(a + " OR NOT " + a, "*");
    EXPECT_THAT(documents(index, a + " AND NOT " + a), IsEmpty());
  }
}

TEST_F(QueryTest, PhrasesAreWithinNearAndNearWithinAnd) {
  const ReferenceIndex reference = random_reference(1500);
  const Index index = write_and_open(reference);
  const auto includes = [&](const std::string& outer, const std::string& inner) {
    const auto a = documents(index, outer), b = documents(index, inner);
    EXPECT_TRUE(std::includes(a.begin(), a.end(), b.begin(), b.end())) << outer << ", " << inner;
  };
  for (int round = 0; round < 30; ++round) {
    used_.clear();
    const std::string a = new_word(), b = new_word();
    const std::string phrase = "\"" + a + " " + b + "\"";
    EXPECT_EQ(documents(index, phrase), documents(index, phrase + "~>0"));
    includes(phrase + "~>3", phrase);
    includes(phrase + "~0", phrase);
    includes(phrase + "~3", phrase + "~>3");
    includes(phrase + "~4", phrase + "~3");
    includes("+" + a + " +" + b, phrase + "~4");
    EXPECT_EQ(documents(index, phrase + "~1000"), documents(index, "+" + a + " +" + b));
  }
}

/// Words come again and again, in the documents and in the phrases.
TEST_F(QueryTest, PhrasesOfFewWordsInDocumentsOfFewWords) {
  static const char* const kWords[] = {"a", "b", "c"};
  ReferenceIndex reference;
  for (int docid = 0; docid < 80; ++docid) {
    std::string text;
    const std::size_t of_others = docid % 2 == 0 ? 2 : 20;
    for (std::size_t n = random_below(random_, docid % 2 == 0 ? 12 : 90); n > 0; --n) {
      const bool other = random_below(random_, of_others) == 0;
      text += std::string(other ? kWords[random_below(random_, 3)] : "a") + " ";
    }
    reference.add_document(std::to_string(docid), text);
  }
  const Index index = write_and_open(reference);
  for (int round = 0; round < 200; ++round) {
    std::string query = "\"";
    for (std::size_t n = 2 + random_below(random_, 3); n > 0; --n) {
      query += std::string(kWords[random_below(random_, 3)]) + " ";
    }
    query += "\"";
    if (round % 3 != 0) {
      query += (round % 3 == 1 ? "~" : "~>") + std::to_string(random_below(random_, 4));
    }
    expect_exact(reference, index, query);
    if (HasFatalFailure()) return;
  }
}

/// Positions are read in pieces where there are many, and else those of many documents at once.
TEST_F(QueryTest, PhrasesInDocumentsLongAndShort) {
  static const char* const kWords[] = {"a", "b", "c", "d"};
  ReferenceIndex reference;
  for (int docid = 0; docid < 700; ++docid) {
    std::string text = random_below(random_, 3) == 0 ? "e " : "";
    const bool is_long = docid % 60 == 7;
    // Some have the words without having them side by side.
    const std::size_t of_others = 1 + random_below(random_, 20);
    for (std::size_t n = is_long ? 3000 : random_below(random_, 60); n > 0; --n) {
      const bool other = random_below(random_, of_others) == 0;
      text += std::string(other ? kWords[random_below(random_, 4)] : "x") + " ";
    }
    reference.add_document(std::to_string(docid), text);
  }
  const Index index = write_and_open(reference);
  for (int round = 0; round < 40; ++round) {
    std::string phrase = "\"";
    for (std::size_t n = 2 + random_below(random_, 3); n > 0; --n) {
      phrase += std::string(kWords[random_below(random_, 4)]) + " ";
    }
    phrase += "\"";
    for (const std::string& query :
         {phrase, "+" + phrase + " +e", "+" + phrase + " +e -d", "+" + phrase + " +x +\"x a\"",
          "+" + phrase + "~1 +e", "+" + phrase + " a"}) {
      expect_exact(reference, index, query);
      if (HasFatalFailure()) return;
    }
  }
}

/// Candidates are found for tens of thousands of documents at a time; some such stretches have
/// none.
TEST_F(QueryTest, PhrasesOverManyDocuments) {
  ReferenceIndex reference;
  for (std::uint32_t docid = 0; docid < 110'000; ++docid) {
    std::string text;
    const bool is_any = docid < 900 || (docid > 32'500 && docid < 33'000) || docid > 109'200;
    // Most that have "a" have "b", and few have "c" of the many with "d".
    if (is_any && random_below(random_, 3) == 0) {
      text = random_below(random_, 2) == 0 ? "a b " : "b x a ";
      if (random_below(random_, 4) == 0) text += "a b a b ";
    }
    if (is_any && random_below(random_, 3) == 0) text += "d c ";
    if (is_any && random_below(random_, 9) == 0) text += "e ";
    if (docid % 64 == 0) text += random_below(random_, 30) == 0 ? "c d " : "d ";
    if (docid % 512 == 63) text += "c ";
    reference.add_document(std::to_string(100'000 + docid), text);
  }
  const Index index = write_and_open(reference);
  for (const std::string query :
       {"\"a b\"", "\"c d\"", "\"d c\"", "\"b d c\"", "\"a b\"~2", "+\"a b\" +e", "+\"a b\" +d",
        "+e +\"d c\" -a", "+\"a b\" +\"d c\"", "\"a b\"^0", "+\"a b\"^0 +e", "+c +\"a b a\" d"}) {
    expect_exact(reference, index, query);
    if (HasFatalFailure()) return;
  }
}

TEST_F(QueryTest, PatternsAreTheUnionOfTheirTerms) {
  const ReferenceIndex reference = random_reference(500);
  const Index index = write_and_open(reference);
  for (const std::string prefix : {"a", "b", "ab", "\xc3\xa9",
                                   "\xc3\xa9"
                                   "b"}) {
    std::string any;
    for (const auto& [term, list] : reference.lists()) {
      if (term.starts_with(prefix)) any += term + " ";
    }
    EXPECT_EQ(documents(index, prefix + "*"), documents(index, any)) << prefix;
  }
  for (const auto& [word, list] : reference.lists()) {
    for (const unsigned edits : {0u, 1u, 2u}) {
      std::vector<std::string> near;
      for (const auto& [term, other] : reference.lists()) {
        const auto u32 = [](const std::string& text) { return reference_decode(text); };
        if (reference_distance(u32(word), u32(term)) <= edits) near.push_back(term);
      }
      EXPECT_EQ(index.query(word + "~" + std::to_string(edits)).terms(), near) << word;
    }
  }
}

/// The walk over the dictionary leaves out blocks of terms; none of them may have had a match.
TEST_F(QueryTest, PatternsInADictionaryOfManyBlocks) {
  ReferenceIndex reference;
  for (int docid = 0; docid < 200; ++docid) {
    std::string text;
    for (int i = 0; i < 40; ++i) {
      static const char* const kLetters[] = {"a", "b", "c", "d", "\xc3\xa9"};
      std::string word;
      for (std::size_t n = 1 + random_below(random_, 6); n > 0; --n) {
        word += kLetters[random_below(random_, std::size(kLetters))];
      }
      text += word + " ";
    }
    reference.add_document(std::to_string(docid), text);
  }
  std::vector<std::string> all;
  for (const auto& [term, list] : reference.lists()) all.push_back(term);
  ASSERT_GT(all.size(), 40 * kTermsPerBlock);
  const Index index = write_and_open(reference);
  QueryOptions options;
  options.max_expansion = 100'000;
  const auto expect_terms = [&](const std::string& pattern, auto matches) {
    std::vector<std::string> expected;
    std::copy_if(all.begin(), all.end(), std::back_inserter(expected), matches);
    EXPECT_EQ(index.query(pattern, options).terms(), expected) << pattern;
  };
  for (int round = 0; round < 150; ++round) {
    const std::string& word = all[random_below(random_, all.size())];
    const std::u32string letters = reference_decode(word);
    const auto starts_with = [&](const std::string& term) { return term.starts_with(word); };
    expect_terms(word + "*", starts_with);
    const std::string last = word.back() == 'a' ? "b" : "a";
    expect_terms(word + "*" + last, [&](const std::string& term) {
      return term.size() > word.size() && starts_with(term) && term.ends_with(last);
    });
    expect_terms("*" + word, [&](const std::string& term) { return term.ends_with(word); });
    const auto edits = static_cast<unsigned>(random_below(random_, 3));
    expect_terms(word + "~" + std::to_string(edits), [&](const std::string& term) {
      return reference_distance(letters, reference_decode(term)) <= edits;
    });
  }
}

TEST_F(QueryTest, ExpansionKeepsTheNearestThenTheMostFrequent) {
  ReferenceIndex reference;
  for (int i = 0; i < 6; ++i)
    reference.add_document("a" + std::to_string(i), i < 3 ? "cat" : "cats");
  reference.add_document("b", "cut cats carts");
  reference.add_document("c", "cut cots");
  const Index index = write_and_open(reference);
  QueryOptions options;
  options.max_expansion = 2;
  const Query query = index.query("cat~2", options);
  EXPECT_THAT(query.terms(), ElementsAre("cat", "cats"));
  ASSERT_EQ(query.expansions().size(), 1u);
  EXPECT_EQ(query.expansions()[0].text, "cat~2");
  EXPECT_EQ(query.expansions()[0].num_terms, 5u);
  EXPECT_EQ(query.expansions()[0].num_used, 2u);
  EXPECT_THAT(index.query("c*", options).terms(), ElementsAre("cat", "cats"));
  EXPECT_EQ(index.query("c*s").expansions()[0].num_used, 3u);
  EXPECT_THAT(index.query("/c.*ts/", options).terms(), ElementsAre("carts", "cats"));
}

TEST_F(QueryTest, AWordThatIsSeveralTokensIsAPhrase) {
  ReferenceIndex reference;
  reference.add_document("a", "an e-mail came");
  reference.add_document("b", "mail e");
  reference.add_document("c", "\xe6\x9d\xb1\xe4\xba\xac \xe6\x9d\xb1");
  const Index index = write_and_open(reference);
  EXPECT_THAT(documents(index, "e-mail"), ElementsAre(0));
  EXPECT_THAT(documents(index, "e mail"), ElementsAre(0, 1));
  EXPECT_THAT(documents(index, "\xe6\x9d\xb1\xe4\xba\xac"), ElementsAre(2));
  EXPECT_THAT(documents(index, "\xe4\xba\xac\xe6\x9d\xb1"), ElementsAre(2));
  EXPECT_THAT(documents(index, "\xe4\xba\xac\xe4\xba\xac"), IsEmpty());
  EXPECT_THAT(documents(index, "E-MAIL*"), IsEmpty());
  EXPECT_THAT(documents(index, "MAI* -"), ElementsAre(0, 1));
}

TEST_F(QueryTest, WordsGivenTwiceCountOnce) {
  const ReferenceIndex reference = random_reference(50);
  const Index index = write_and_open(reference);
  const auto expect_same = [&](const std::string& a, const std::string& b) {
    const auto x = index.query(a).search(50), y = index.query(b).search(50);
    ASSERT_EQ(x.size(), y.size());
    for (std::size_t i = 0; i < x.size(); ++i) EXPECT_EQ(x[i].score, y[i].score) << a;
  };
  expect_same("a b a", "a b");
  expect_same("a (b (a b))", "a b");
  expect_same("+a +(a AND b)", "+a +b");
}

TEST_F(QueryTest, WhatHoldsNoTermCountsAsNotWritten) {
  const ReferenceIndex reference = random_reference(50);
  const Index index = write_and_open(reference);
  for (const char* text : {"", "-", "!?", "\"...\"", "+\"!\" -(# $)", "?? !*", "~"}) {
    const Query query = index.query(text);
    EXPECT_FALSE(query.has_terms()) << text;
    EXPECT_EQ(query.count(), 0u);
    EXPECT_THAT(query.search(10), IsEmpty());
  }
  EXPECT_EQ(documents(index, "+a -\"!\" +\"#\""), documents(index, "a"));
  EXPECT_EQ(index.query("-zzzz").count(), 50u);
  // What does not decide what matches is not looked for.
  QueryOptions matches_only;
  matches_only.matches_only = true;
  EXPECT_EQ(index.query("+qqqq zzzz", matches_only).missing(), std::vector<std::string>{"qqqq"});
  EXPECT_EQ(index.query("qqqq zzzz", matches_only).missing().size(), 2u);
  EXPECT_EQ(index.query("*").count(), 50u);
  EXPECT_THAT(index.query("zzzz a yyyy zzzz").missing(), ElementsAre("zzzz", "yyyy"));
  // A phrase without one of its words looks for none of the others.
  EXPECT_THAT(index.query("\"a zzzz\"").missing(), ElementsAre("zzzz"));
  EXPECT_THAT(index.query("\"a zzzz\"").terms(), ElementsAre());
}

TEST_F(QueryTest, AnIndexWithoutPositionsHasNoPhrases) {
  ReferenceIndex reference;
  reference.add_document("a", "e mail");
  const Index index = write_and_open(reference, false);
  EXPECT_THAT(documents(index, "\"mail\""), ElementsAre(0));
  for (const char* text : {"x \"e mail\"", "x e-mail"}) {
    try {
      (void)index.query(text);
      ADD_FAILURE() << text;
    } catch (const QueryError& error) {
      EXPECT_EQ(error.begin(), 2u);
      EXPECT_THAT(error.what(), HasSubstr("no positions"));
    }
  }
}

TEST_F(QueryTest, MistakesInPatternsAreToldWithTheirPlace) {
  const ReferenceIndex reference = random_reference(20);
  const Index index = write_and_open(reference);
  struct Mistake {
    std::string query;
    std::size_t begin;
    const char* message;
  };
  for (const Mistake& mistake : std::vector<Mistake>{
           {"x /a(b/", 4, "not closed"},
           {"/a)b/", 2, "nothing is open"},
           {"/[ab/", 1, "bracket is not closed"},
           {"/a[b-a]/", 3, "before its start"},
           {"/*a/", 1, "nothing to repeat"},
           {"/a**/", 3, "repeats a repetition"},
           {"/a{x}/", 3, "a repetition reads"},
           {"/a{3,2}/", 2, "below the first"},
           {"/a{1001}/", 3, "at most 1000"},
           {"/(a{1000}){1000}/", 1, "too large"},
           {"/(((){1000}){1000}){1000}/", 1, "too large"},
           {"/a^b/", 2, "only stand at the ends"},
           {"/(?=a)/", 1, "not understood"},
           {"/a\\q/", 2, "only \\d and \\w"},
           {"/" + std::string(101, '(') + std::string(101, ')') + "/", 101, "deeper than 100"},
           {"x path:a\xff"
            "b",
            8, "not UTF-8"},
           {"path:\"\xff\"", 6, "not UTF-8"},
           {"a-b~1", 0, "only one can be fuzzy"},
       }) {
    SCOPED_TRACE(mistake.query);
    try {
      (void)index.query(mistake.query);
      ADD_FAILURE() << "it was understood";
    } catch (const QueryError& error) {
      EXPECT_EQ(error.begin(), mistake.begin);
      EXPECT_THAT(error.what(), HasSubstr(mistake.message));
    }
  }
}

TEST_F(QueryTest, RegularExpressions) {
  ReferenceIndex reference;
  reference.add_document("a", "cat cats cot coat c4t \xc3\xa9t\xc3\xa9 ct x_1 aaa");
  const Index index = write_and_open(reference);
  const auto terms = [&](const std::string& regexp) {
    return index.query("/" + regexp + "/").terms();
  };
  EXPECT_THAT(terms("c[ao]ts?"), ElementsAre("cat", "cats", "cot"));
  EXPECT_THAT(terms("C.?T"), ElementsAre("c4t", "cat", "cot", "ct"));
  EXPECT_THAT(terms("c[^ao]t"), ElementsAre("c4t"));
  EXPECT_THAT(terms("c\\dt|x\\w+"), ElementsAre("c4t", "x_1"));
  EXPECT_THAT(terms("^(co|c)at$"), ElementsAre("cat", "coat"));
  EXPECT_THAT(terms(".{3}"), ElementsAre("aaa", "c4t", "cat", "cot", "x_1", "\xc3\xa9t\xc3\xa9"));
  EXPECT_THAT(terms("\xc3\x89t[\xc3\x89]"), ElementsAre("\xc3\xa9t\xc3\xa9"));
  EXPECT_THAT(terms("a{2,}"), ElementsAre("aaa"));
  EXPECT_THAT(terms("a{1,2}"), IsEmpty());
  EXPECT_THAT(terms("(a*)*"), ElementsAre("aaa"));
  EXPECT_THAT(terms("(?:c|ca)t"), ElementsAre("cat", "ct"));
}

TEST_F(QueryTest, PathFilters) {
  ReferenceIndex reference;
  std::vector<std::string> paths{"a.md", "a/b.c", "a/b/c.md", "a/bc/d.md", "ab/x", "b/a.md"};
  for (const std::string& path : paths) reference.add_document(path, "word");
  const Index index = write_and_open(reference);
  for (const char* pattern :
       {"a/", "a/**", "*.md", "a.md", "/a.md", "a/*", "**/*.md", "*/b*/**", "a", "a?/x", "**",
        "a/b?/d.md", "a/b?c.md", "**c**", "*/*/*.md", "a**/c.md", "z/"}) {
    std::vector<std::uint32_t> expected;
    for (std::uint32_t docid = 0; docid < paths.size(); ++docid) {
      if (reference_path_matches(pattern, paths[docid])) expected.push_back(docid);
    }
    EXPECT_EQ(documents(index, std::string("word path:") + pattern), expected) << pattern;
  }
  // Each root of a joined index has its paths in order.
  TestIndex joined = test_index(reference);
  joined.roots = {{"/one", paths.size()}, {"/two", paths.size()}};
  const std::vector<TestDocument> once = joined.documents;
  joined.documents.insert(joined.documents.end(), once.begin(), once.end());
  for (auto& [term, list] : joined.lists) {
    for (std::size_t i = 0; i < paths.size(); ++i) {
      list.push_back(list[i]);
      list.back().docid += static_cast<std::uint32_t>(paths.size());
    }
  }
  TemporaryDirectory other;
  write_files(index_files(joined), other.path());
  const Index both = Index::open(other.path());
  EXPECT_THAT(documents(both, "path:a/b/"), ElementsAre(2, 8));
  EXPECT_THAT(documents(both, "path:b/"), ElementsAre(5, 11));
  EXPECT_THAT(documents(both, "word path:a/*"), ElementsAre(1, 7));
  EXPECT_THAT(documents(index, "path:a/ -path:*.md"), ElementsAre(1));
  EXPECT_THAT(documents(index, "path:\\x61.md"), ElementsAre(0, 5));
  EXPECT_THAT(documents(index, "path:a.m\\*"), IsEmpty());
}

TEST_F(QueryTest, ExplanationsShowTheFactorsOfEachTerm) {
  const ReferenceIndex reference = random_reference(300);
  const Index index = write_and_open(reference);
  const auto num_docs = static_cast<double>(reference.documents().size());
  const auto number = [](double value) {
    char digits[32];
    std::snprintf(digits, sizeof(digits), "%g", value);
    return std::string(digits);
  };
  for (int round = 0; round < 60; ++round) {
    used_.clear();
    const std::vector<std::string> words{new_word(), new_word()};
    if (!reference.lists().contains(words[0]) || !reference.lists().contains(words[1])) continue;
    const auto docid = static_cast<std::uint32_t>(random_below(random_, 300));
    const std::string phrase = words[0] + " " + words[1];
    const Explanation whole = index.query("\"" + phrase + "\" -" + phrase).explain(docid);
    ASSERT_EQ(whole.parts.size(), 3u);
    const Explanation& explanation = whole.parts[0];
    EXPECT_EQ(explanation.what, "\"" + phrase + "\", length " +
                                    number(reference.documents()[docid].length) + " of average " +
                                    number(static_cast<double>(reference.num_tokens()) / num_docs));
    ASSERT_EQ(explanation.parts.size(), 2u);
    for (std::size_t i = 0; i < 2; ++i) {
      const ReferenceList& list = reference.lists().at(words[i]);
      const auto df = static_cast<double>(list.postings.size());
      double cf = 0, tf = 0;
      for (const ReferencePosting& posting : list.postings) {
        cf += posting.tf;
        if (posting.docid == docid) tf = posting.tf;
      }
      EXPECT_EQ(explanation.parts[i].what,
                "'" + words[i] + "': tf " + number(tf) + ", df " + number(df) + ", cf " +
                    number(cf) + ", idf " +
                    number(std::log(1 + (num_docs - df + 0.5) / (df + 0.5))) + ", k1 1.2, b 0.75");
      EXPECT_EQ(explanation.parts[i].matches, tf > 0);
    }
    // What must not be there adds nothing.
    EXPECT_EQ(whole.parts[1].what.substr(0, 16), "must not match: ");
    EXPECT_EQ(whole.parts[1].score, 0);
  }
}

TEST_F(QueryTest, ManyDocumentsThatAreEqual) {
  ReferenceIndex reference;
  for (int i = 0; i < 700; ++i) reference.add_document(std::to_string(i), "one two");
  const Index index = write_and_open(reference);
  for (const char* text : {"one", "one two", "+one +two", "\"one two\"", "on*", "*"}) {
    const std::vector<Hit> hits = index.query(text).search(300);
    ASSERT_EQ(hits.size(), 300u);
    for (std::uint32_t i = 0; i < 300; ++i) EXPECT_EQ(hits[i].docid, i) << text;
    const std::vector<Hit> more = index.query(text).search(300, hits.back());
    ASSERT_EQ(more.size(), 300u);
    EXPECT_EQ(more[0].docid, 300u);
  }
}

TEST_F(QueryTest, Snippets) {
  ReferenceIndex reference;
  reference.add_document("a", "x yy");
  const Index index = write_and_open(reference);
  const auto shown = [&](const std::string& query, const std::string& text, std::size_t bytes) {
    const Snippet snippet = index.query(query).snippet(text, bytes);
    std::string line = snippet.cut_before ? "<" : "";
    std::size_t at = 0;
    for (const Snippet::Mark& mark : snippet.marks) {
      line += snippet.text.substr(at, mark.begin - at) + "[" +
              snippet.text.substr(mark.begin, mark.end - mark.begin) + "]";
      at = mark.end;
    }
    return line + snippet.text.substr(at) + (snippet.cut_after ? ">" : "");
  };
  EXPECT_EQ(shown("x", "no such word", 20), "");
  EXPECT_EQ(shown("x", "an  X\nand\tx-ray \x1b[1m", 40), "an [X] and [x]-ray [1m");
  EXPECT_EQ(shown("x", "one two three four x five six seven eight", 16), "<four [x] five six>");
  // Most of the query's words, not most occurrences.
  EXPECT_EQ(shown("x yy", "x x x x and then nothing for a while, then yy x", 12), "<[yy] [x]");
  // What a terminal acts on is left out, in one byte or two.
  EXPECT_EQ(shown("x", "a\x07 \xc2\x9b x \x7f", 40), "a [x]");
  // Never inside a character.
  std::string text = "\xe6\x9d\xb1\xe6\x9d\xb1\xe6\x9d\xb1";
  for (int i = 0; i < 5; ++i) text += text;
  for (std::size_t bytes = 1; bytes < 80; ++bytes) {
    const Snippet snippet = index.query("x").snippet(text + " x " + text, bytes);
    EXPECT_EQ(reference_decode(snippet.text).find(0xFFFD), std::u32string::npos) << bytes;
    EXPECT_LE(snippet.text.size(), bytes);
    ASSERT_EQ(snippet.marks.size(), 1u);
    const Snippet::Mark& mark = snippet.marks[0];
    EXPECT_EQ(snippet.text.substr(mark.begin, mark.end - mark.begin), "x");
  }
}

}  // namespace
}  // namespace spimi::testing
