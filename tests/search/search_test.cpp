// Index::search and Index::count against scoring every posting.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "spimi/index.h"
#include "support/random_text.h"
#include "support/segment_builder.h"
#include "support/temporary_directory.h"

namespace spimi::testing {
namespace {

using Terms = std::vector<std::string>;

/// The definition in spimi/index.h, terms summed in the order of the query.
std::vector<Hit> score_all(const TestIndex& index, const Terms& terms) {
  const auto num_docs = static_cast<double>(index.documents.size());
  std::uint64_t num_tokens = 0;
  for (const TestDocument& document : index.documents) num_tokens += document.length;
  const double average = static_cast<double>(num_tokens) / num_docs;
  std::map<std::uint32_t, double> scores;
  for (const std::string& term : terms) {
    const auto list = index.lists.find(term);
    if (list == index.lists.end()) continue;
    const auto df = static_cast<double>(list->second.size());
    const double idf = std::log(1 + (num_docs - df + 0.5) / (df + 0.5));
    for (const TestPosting& posting : list->second) {
      const double relative = index.documents[posting.docid].length / average;
      scores[posting.docid] +=
          idf * posting.tf * (1.2 + 1) / (posting.tf + 1.2 * (1 - 0.75 + 0.75 * relative));
    }
  }
  std::vector<Hit> hits;
  for (const auto& [docid, score] : scores) hits.push_back({docid, score});
  std::stable_sort(hits.begin(), hits.end(),
                   [](const Hit& a, const Hit& b) { return a.score > b.score; });
  return hits;
}

std::string joined(const Terms& terms) {
  std::string text;
  for (const std::string& term : terms) text += term + " ";
  return text;
}

class SearchTest : public ::testing::Test {
 protected:
  Index write_and_open(const TestIndex& index) {
    write_files(index_files(index), directory_.path());
    return Index::open(directory_.path());
  }

  void expect_exact(const TestIndex& reference, const Index& index, const Terms& terms) {
    SCOPED_TRACE("query: " + joined(terms));
    const std::vector<Hit> expected = score_all(reference, terms);
    EXPECT_EQ(index.count(terms), expected.size());
    for (const std::size_t k : {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{10},
                                std::size_t{100}, ~std::size_t{0}}) {
      SCOPED_TRACE(k);
      const std::vector<Hit> hits = index.search(terms, k);
      ASSERT_EQ(hits.size(), std::min(k, expected.size()));
      for (std::size_t i = 0; i < hits.size(); ++i) {
        ASSERT_EQ(hits[i].docid, expected[i].docid) << i;
        // Not only near: the order of operations is promised, so every bit is.
        ASSERT_EQ(hits[i].score, expected[i].score) << i;
      }
    }
  }

  const std::uint64_t seed_ = test_seed();
  ::testing::ScopedTrace trace_{__FILE__, __LINE__, "SPIMI_TEST_SEED=" + std::to_string(seed_)};
  Random random_{seed_};
  TemporaryDirectory directory_;
};

TEST_F(SearchTest, AgreesWithScoringEveryPosting) {
  const std::vector<std::uint32_t> dfs{1,   2,   5,    127,  128,  129,  256,  300,
                                       700, 999, 1500, 2000, 2500, 2990, 3000, 6000};
  for (const std::uint32_t num_docs : {40u, 3000u, 6000u}) {
    const TestIndex reference = random_test_index(random_, num_docs, dfs, num_docs != 3000);
    const Index index = write_and_open(reference);
    Terms all;
    for (const auto& [term, list] : reference.lists) {
      all.push_back(term);
      expect_exact(reference, index, {term});
    }
    all.push_back("in no document");
    for (int round = 0; round < 40; ++round) {
      Terms terms;
      for (std::size_t n = 2 + random_below(random_, 6); n > 0; --n) {
        terms.push_back(all[random_below(random_, all.size())]);
      }
      expect_exact(reference, index, terms);
      terms.push_back(terms[0]);
      expect_exact(reference, index, terms);
    }
    expect_exact(reference, index, all);
  }
}

TEST_F(SearchTest, CountsOverManyWindowsOfDocids) {
  TestIndex reference =
      random_test_index(random_, 50000, {1, 3, 128, 900, 5000, 20000, 49990, 50000}, false);
  std::map<std::string, std::vector<TestPosting>> lists;
  for (auto& [term, list] : reference.lists) {
    lists["t" + std::to_string(lists.size())] = std::move(list);
  }
  reference.lists = std::move(lists);
  const Index index = write_and_open(reference);
  for (int round = 0; round < 200; ++round) {
    // By document, for each sign how many of the query's words with it there are.
    std::map<char, std::map<std::uint32_t, std::size_t>> found;
    std::map<char, std::size_t> num_words;
    std::set<std::string> words;
    const std::string_view signs = round % 2 == 0 ? "+-" : " ";
    std::string text;
    for (std::size_t n = 1 + random_below(random_, 5); n > 0; --n) {
      const std::string word = "t" + std::to_string(random_below(random_, reference.lists.size()));
      const char sign = num_words.empty() ? signs[0] : signs[random_below(random_, signs.size())];
      if (!words.insert(word).second) continue;
      text += std::string(" ") + sign + word;
      ++num_words[sign];
      for (const TestPosting& posting : reference.lists[word]) ++found[sign][posting.docid];
    }
    std::size_t expected = found[' '].size();
    for (const auto& [docid, num_found] : found['+']) {
      expected += num_found == num_words['+'] && !found['-'].contains(docid);
    }
    EXPECT_EQ(index.query(text).count(), expected) << text;
  }
}

/// Required, optional and excluded terms, rare and common ones, in more stretches than are looked
/// at together.
TEST_F(SearchTest, RanksOverManyStretches) {
  TestIndex reference = random_test_index(
      random_, 50000, {1, 3, 100, 129, 900, 2000, 5000, 9000, 20000, 30000, 49990, 50000}, false);
  std::map<std::string, std::vector<TestPosting>> lists;
  for (auto& [term, list] : reference.lists) {
    lists["t" + std::to_string(lists.size())] = std::move(list);
  }
  reference.lists = std::move(lists);
  const Index index = write_and_open(reference);
  for (int round = 0; round < 120 && !HasFatalFailure(); ++round) {
    std::string text;
    Terms scored;
    std::vector<std::set<std::uint32_t>> required;
    std::set<std::uint32_t> excluded;
    std::set<std::string> words;
    for (std::size_t n = 1 + random_below(random_, 5); n > 0; --n) {
      const std::string word = "t" + std::to_string(random_below(random_, reference.lists.size()));
      if (!words.insert(word).second) continue;
      const char sign = scored.empty() ? "+ "[round % 2] : "+  -"[random_below(random_, 4)];
      text += std::string(" ") + sign + word;
      std::set<std::uint32_t> docids;
      for (const TestPosting& posting : reference.lists[word]) docids.insert(posting.docid);
      if (sign == '-') {
        excluded.merge(docids);
      } else {
        scored.push_back(word);
        if (sign == '+') required.push_back(std::move(docids));
      }
    }
    SCOPED_TRACE(text);
    std::vector<Hit> expected = score_all(reference, scored);
    std::erase_if(expected, [&](const Hit& hit) {
      return excluded.contains(hit.docid) ||
             std::any_of(required.begin(), required.end(),
                         [&](const auto& docids) { return !docids.contains(hit.docid); });
    });
    const Query query = index.query(text);
    for (const std::size_t k : {1, 10, 100, 3000}) {
      SCOPED_TRACE(k);
      std::vector<Hit> hits = query.search(k);
      ASSERT_EQ(hits.size(), std::min(k, expected.size()));
      for (std::size_t i = 0; i < hits.size(); ++i) {
        ASSERT_EQ(hits[i].docid, expected[i].docid) << i;
        ASSERT_EQ(hits[i].score, expected[i].score) << i;
      }
      if (hits.empty()) continue;
      const std::vector<Hit> next = query.search(10, hits.back());
      ASSERT_EQ(next.size(), std::min(std::size_t{10}, expected.size() - hits.size()));
      for (std::size_t i = 0; i < next.size(); ++i) {
        ASSERT_EQ(next[i].docid, expected[hits.size() + i].docid) << i;
      }
    }
  }
}

/// The best documents of a term tell what a hit takes only if they are hits themselves.
TEST_F(SearchTest, TheBestDocumentsOfATermNeedNotBeHits) {
  TestIndex reference;
  reference.positions = false;
  for (std::uint32_t docid = 0; docid < 3000; ++docid) {
    const bool is_best = docid < 500;
    reference.documents.push_back({"d" + std::to_string(10000 + docid), is_best ? 61u : 400u});
    if (is_best) {
      reference.lists["high"].push_back({docid, 60, {}});
      reference.lists["banned"].push_back({docid, 1, {}});
    } else if (docid >= 1000) {
      if (docid < 2000) reference.lists["high"].push_back({docid, 1, {}});
      reference.lists["other"].push_back({docid, 1, {}});
    }
  }
  const Index index = write_and_open(reference);
  const struct {
    const char* text;
    Terms scored;
    std::uint32_t begin, end;  // The documents that match.
  } kQueries[] = {{"+high +other", {"high", "other"}, 1000, 2000},
                  {"high +other", {"high", "other"}, 1000, 3000},
                  {"high -banned", {"high"}, 1000, 2000},
                  {"high other -banned", {"high", "other"}, 1000, 3000}};
  for (const auto& [text, scored, begin, end] : kQueries) {
    std::vector<Hit> expected = score_all(reference, scored);
    std::erase_if(expected, [begin = begin, end = end](const Hit& hit) {
      return hit.docid < begin || hit.docid >= end;
    });
    for (const std::size_t k : {1, 10, 100, 1000}) {
      SCOPED_TRACE(std::string(text) + ", k " + std::to_string(k));
      const std::vector<Hit> hits = index.query(text).search(k);
      ASSERT_EQ(hits.size(), k);
      for (std::size_t i = 0; i < k; ++i) {
        ASSERT_EQ(hits[i].docid, expected[i].docid) << i;
        ASSERT_EQ(hits[i].score, expected[i].score) << i;
      }
    }
  }
}

TEST_F(SearchTest, QueriesOfMoreTermsThanAWindowHasScores) {
  TestIndex reference = random_test_index(random_, 500, {2, 200, 490}, false);
  Terms terms;
  for (int i = 0; i < 4200; ++i) terms.push_back("df" + std::to_string(i % 2 == 0 ? 200 : 2));
  terms.push_back("df490");
  expect_exact(reference, write_and_open(reference), terms);
}

TEST_F(SearchTest, NoTermsNoHits) {
  const TestIndex reference = random_test_index(random_, 20, {2}, true);
  const Index index = write_and_open(reference);
  expect_exact(reference, index, {});
  expect_exact(reference, index, {"", "absent"});
}

TEST_F(SearchTest, AnEmptyIndexHasNoHits) {
  const TestIndex reference;
  expect_exact(reference, write_and_open(reference), {"x", "y"});
}

TEST_F(SearchTest, EqualScoresRankByDocid) {
  TestIndex reference;
  reference.positions = false;
  for (std::uint32_t docid = 0; docid < 1000; ++docid) {
    reference.documents.push_back({"doc" + std::to_string(docid), 2});
    reference.lists["everywhere"].push_back({docid, 1, {}});
    reference.lists[docid % 2 == 0 ? "even" : "odd"].push_back({docid, 1, {}});
  }
  const Index index = write_and_open(reference);
  expect_exact(reference, index, {"everywhere"});
  expect_exact(reference, index, {"odd", "everywhere", "even"});
  EXPECT_EQ(index.search({"odd"}, 1)[0].docid, 1u);
}

/// A few rare terms beside frequent ones, in lists long enough that most blocks are passed over.
TEST_F(SearchTest, SkippingLosesNoHit) {
  TestIndex reference = random_test_index(random_, 30000, {3, 40, 1000, 15000, 29000}, false);
  // One posting near the end whose tf beats all; the blocks before must not hide it.
  TestPosting& best = reference.lists["df29000"][28000];
  reference.documents[best.docid].length += 5000 - best.tf;
  best.tf = 5000;
  const Index index = write_and_open(reference);
  for (const Terms& terms : std::vector<Terms>{{"df29000"},
                                               {"df15000"},
                                               {"df3", "df29000"},
                                               {"df29000", "df3"},
                                               {"df29000", "df40", "df15000"},
                                               {"df1000", "df15000", "df29000", "df3"}}) {
    expect_exact(reference, index, terms);
  }
}

/// Once only the rare term matters, its list goes on in the middle of a block: the hits before must
/// not come again.
TEST_F(SearchTest, NoHitTwiceWhenATermStopsToMatterInsideABlock) {
  TestIndex reference;
  reference.positions = false;
  for (std::uint32_t docid = 0; docid < 6000; ++docid) {
    const bool rare = docid % 30 == 0;
    const std::uint32_t tf = docid == 0 ? 5 : (docid == 30 ? 4 : 1);
    reference.documents.push_back({"doc" + std::to_string(docid), tf});
    reference.lists[rare ? "rare" : "common"].push_back({docid, tf, {}});
  }
  expect_exact(reference, write_and_open(reference), {"common", "rare"});
}

TEST_F(SearchTest, ThreadsShareAnIndexWhosePagesAreNotVerifiedYet) {
  const TestIndex reference = random_test_index(random_, 5000, {10, 3000, 4000}, true);
  const Index index = write_and_open(reference);
  const Terms terms{"df3000", "df10", "df4000"};
  const std::vector<Hit> expected = score_all(reference, terms);
  std::vector<std::vector<Hit>> results(4);
  std::vector<std::thread> threads;
  for (auto& result : results) {
    threads.emplace_back([&] { result = index.search(terms, 10); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& hits : results) {
    ASSERT_EQ(hits.size(), 10u);
    for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(hits[i].docid, expected[i].docid);
  }
}

}  // namespace
}  // namespace spimi::testing
