// Joining indexes gives the bytes of one build of all their documents.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "indexer/corpora.h"
#include "spimi/build.h"
#include "spimi/index.h"
#include "support/temporary_directory.h"

namespace spimi::testing {
namespace {

class MergeIndexesTest : public ::testing::Test {
 protected:
  MergeIndexesTest() {
    options_.num_threads = 2;
    options_.memory_budget_bytes = std::uint64_t{64} << 20;
  }

  std::string path(const std::string& name) const { return directory_.path(name); }

  /// Builds an index of the corpus, which is read at the one root that all builds have.
  std::string build_at_root(const Corpus& corpus, const std::string& name) {
    std::filesystem::remove_all(path("root"));
    write_corpus(corpus, path("root"));
    build(path("root"), path(name), options_);
    return path(name);
  }

  TemporaryDirectory directory_{TemporaryDirectory::memory_base()};
  Random random_{test_seed()};
  BuildOptions options_;
};

TEST_F(MergeIndexesTest, PartsOfACorpusGiveTheBytesOfTheWhole) {
  SCOPED_TRACE("SPIMI_TEST_SEED=" + std::to_string(test_seed()));
  for (const Tokenizer tokenizer : {Tokenizer::kUnicode, Tokenizer::kAlpha}) {
    for (const bool positions : {true, false}) {
      for (std::size_t num_parts = 1; num_parts <= 5; ++num_parts) {
        SCOPED_TRACE(::testing::Message() << tokenizer_name(tokenizer) << ", positions "
                                          << positions << ", " << num_parts << " parts");
        options_.tokenizer = tokenizer;
        options_.positions = positions;
        const std::string kind = std::string(tokenizer_name(tokenizer)) + (positions ? "+" : "-") +
                                 std::to_string(num_parts);
        const Corpus whole = random_corpus(random_, 30);
        std::vector<std::filesystem::path> inputs;
        auto file = whole.begin();
        for (std::size_t part = 0; part < num_parts; ++part) {
          Corpus some;
          // Any number of documents, none among them; the last part has what is left.
          std::size_t left = random_below(random_, 20);
          if (part == 1) left = 0;
          if (part + 1 == num_parts) left = whole.size();
          for (; left > 0 && file != whole.end(); --left, ++file) some.insert(*file);
          inputs.push_back(build_at_root(some, kind + "." + std::to_string(part)));
        }
        const std::string expected = build_at_root(whole, kind + ".whole");
        for (const unsigned fan_in : {0u, 2u}) {
          MergeOptions merge;
          merge.max_fan_in = fan_in;
          merge.replace = true;
          merge.num_threads = 2;
          const BuildSummary summary = merge_indexes(inputs, path(kind + ".merged"), merge);
          EXPECT_EQ(summary.num_docs, whole.size());
          expect_same_files(files_below(path(kind + ".merged")), files_below(expected));
        }
      }
    }
  }
}

TEST_F(MergeIndexesTest, FrequentTermsAndDistantPositions) {
  std::string much, far = "x ";
  for (int i = 0; i < 70000; ++i) much += "x ";
  for (int i = 0; i < 66000; ++i) far += "y ";
  const Corpus first = {{"a", much}, {"b", "x y"}}, second = {{"c", far + "x"}, {"d", much}};
  Corpus whole = first;
  whole.insert(second.begin(), second.end());
  for (const bool positions : {true, false}) {
    options_.positions = positions;
    options_.replace = true;
    const std::string a = build_at_root(first, "a"), b = build_at_root(second, "b");
    MergeOptions merge;
    merge.replace = true;
    merge_indexes({a, b}, path("merged"), merge);
    expect_same_files(files_below(path("merged")), files_below(build_at_root(whole, "whole")));
  }
}

TEST_F(MergeIndexesTest, DocumentsComeInTheOrderGiven) {
  const std::string a = build_at_root({{"a", "one two"}}, "a"),
                    b = build_at_root({{"b", "two three"}}, "b");
  merge_indexes({b, a, b}, path("merged"));
  const Index index = Index::open(path("merged"));
  EXPECT_EQ(index.path(0), "b");
  EXPECT_EQ(index.path(1), "a");
  EXPECT_EQ(index.path(2), "b");
  EXPECT_EQ(index.find("two")->df, 3u);
  EXPECT_EQ(index.find("one")->df, 1u);
}

TEST_F(MergeIndexesTest, RootsAreKept) {
  write_corpus({{"f", "one"}}, path("left"));
  write_corpus({{"f", "one"}, {"g", "two"}}, path("right"));
  build(path("left"), path("a"), options_);
  build(path("right"), path("b"), options_);
  merge_indexes({path("a"), path("b")}, path("merged"));
  const Index index = Index::open(path("merged"));
  ASSERT_EQ(index.info().roots.size(), 2u);
  EXPECT_EQ(index.root(0), std::filesystem::canonical(path("left")).string());
  EXPECT_EQ(index.root(1), std::filesystem::canonical(path("right")).string());
  EXPECT_EQ(index.root(2), index.root(1));
}

TEST_F(MergeIndexesTest, DifferentKindsAreRefused) {
  const Corpus corpus = {{"a", "one"}};
  const std::string usual = build_at_root(corpus, "usual");
  BuildOptions other = options_;
  options_.tokenizer = Tokenizer::kAlpha;
  const std::string alpha = build_at_root(corpus, "alpha");
  options_ = other;
  options_.max_token_bytes = 254;
  const std::string limit = build_at_root(corpus, "limit");
  options_ = other;
  options_.positions = false;
  const std::string bare = build_at_root(corpus, "bare");
  for (const std::string& index : {alpha, limit, bare}) {
    SCOPED_TRACE(index);
    EXPECT_EQ(error_kind([&] {
                merge_indexes({usual, index}, path("merged"));
              }),
              ErrorKind::kUsage);
    EXPECT_EQ(error_kind([&] {
                merge_indexes({index, index, usual}, path("merged"));
              }),
              ErrorKind::kUsage);
    EXPECT_FALSE(std::filesystem::exists(path("merged")));
  }
}

TEST_F(MergeIndexesTest, MergeIntoAnInputIsRefused) {
  const std::string a = build_at_root({{"a", "one"}}, "a"), b = build_at_root({{"b", "one"}}, "b");
  const auto before = files_below(b);
  MergeOptions merge;
  merge.replace = true;
  EXPECT_EQ(error_kind([&] { merge_indexes({a, b}, b, merge); }), ErrorKind::kUsage);
  EXPECT_EQ(error_kind([&] { merge_indexes({a, b}, path("a/../b/"), merge); }), ErrorKind::kUsage);
  std::filesystem::create_symlink(b, path("link"));
  EXPECT_EQ(error_kind([&] { merge_indexes({a, b}, path("link"), merge); }), ErrorKind::kUsage);
  expect_same_files(files_below(b), before);
}

TEST_F(MergeIndexesTest, NothingToMergeIsRefused) {
  EXPECT_EQ(error_kind([&] { merge_indexes({}, path("merged")); }), ErrorKind::kUsage);
}

TEST_F(MergeIndexesTest, MissingInputIsNamed) {
  const std::string a = build_at_root({{"a", "one"}}, "a");
  try {
    merge_indexes({a, path("missing")}, path("merged"));
    FAIL() << "a missing index was merged";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(path("missing")), std::string::npos) << error.what();
  }
  EXPECT_FALSE(std::filesystem::exists(path("merged")));
}

TEST_F(MergeIndexesTest, DamagedInputIsRefusedAndNothingCommitted) {
  const std::string a = build_at_root({{"a", "one two three"}}, "a"),
                    b = build_at_root({{"b", "two three four"}}, "b");
  const auto sound = files_below(b);
  for (const auto& [name, bytes] : sound) {
    SCOPED_TRACE(name);
    std::string damaged = bytes;
    char& middle = damaged[std::min<std::size_t>(damaged.size() - 1, 65)];
    middle = static_cast<char>(middle ^ 4);
    write_files({{name, damaged}}, b);
    // `paths.index`, `terms.index` and `skips` are not needed to read an index from end to end.
    const bool needed = !name.ends_with(".index") && !name.ends_with("skips");
    if (needed) {
      EXPECT_EQ(error_kind([&] { merge_indexes({a, b}, path("merged")); }), ErrorKind::kCorrupt);
      EXPECT_FALSE(std::filesystem::exists(path("merged")));
    }
    write_files({{name, bytes}}, b);
  }
}

}  // namespace
}  // namespace spimi::testing
