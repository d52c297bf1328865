// build() as a whole: the index has the bytes that an independent encoder gives, however the work
// was divided.

#include "spimi/build.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <tuple>

#include "indexer/accumulator.h"
#include "indexer/corpora.h"
#include "spimi/index.h"
#include "support/temporary_directory.h"

namespace spimi::testing {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

class BuildTest : public ::testing::Test {
 protected:
  BuildTest() {
    options_.num_threads = 2;
    options_.memory_budget_bytes = 64 * kMiB;
  }

  std::string corpus() const { return directory_.path("corpus"); }
  std::string out() const { return directory_.path("out"); }
  /// As a build finds it: the temporary directory may be behind a link.
  std::string root() const { return std::filesystem::canonical(corpus()).string(); }

  TemporaryDirectory directory_{TemporaryDirectory::memory_base()};
  Random random_{test_seed()};
  BuildOptions options_;
};

class BuildKindTest
    : public BuildTest,
      public ::testing::WithParamInterface<std::tuple<Tokenizer, bool, std::uint32_t>> {};

TEST_P(BuildKindTest, RandomCorpusGivesTheBytesOfTheReference) {
  SCOPED_TRACE("SPIMI_TEST_SEED=" + std::to_string(test_seed()));
  std::tie(options_.tokenizer, options_.positions, options_.max_token_bytes) = GetParam();
  const Corpus texts = random_corpus(random_, 60);
  write_corpus(texts, corpus());
  const BuildSummary summary = build(corpus(), out(), options_);
  expect_same_files(files_below(out()), expected_files(texts, root(), options_));

  ReferenceIndex reference({options_.tokenizer, options_.max_token_bytes});
  for (const auto& [path, text] : texts) reference.add_document(path, text);
  EXPECT_EQ(summary.num_docs, texts.size());
  EXPECT_EQ(summary.num_tokens, reference.num_tokens());
  EXPECT_EQ(summary.num_overlong_tokens, reference.num_overlong_tokens());
  EXPECT_EQ(summary.num_terms, reference.lists().size());
  EXPECT_EQ(summary.num_postings, reference.num_postings());
  EXPECT_EQ(summary.build_id, Index::open(out()).info().build_id);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, BuildKindTest,
    ::testing::Combine(::testing::Values(Tokenizer::kUnicode, Tokenizer::kAlpha), ::testing::Bool(),
                       ::testing::Values(1u, 16u, 17u, 255u, 4096u)));

TEST_F(BuildTest, FormsThatFoldToOneTermShareItsList) {
  // Of up to 16 bytes and of more; the term itself comes before, after, or never.
  const Corpus texts = {{"1", "\u00c9TUDE \u00e9tude E\u0301tude \u00c9tude"},
                        {"2", "STRA\u00dfE Strasse stra\u1e9ee"},
                        {"3", "\uff21\uff42\uff43 abc ABC \u2167 viii \ufb03 ffi"},
                        {"4",
                         "\u00c9L\u00c9MENTAIREMENT\u00c9 e\u0301le\u0301mentairemente\u0301 "
                         "\u00e9l\u00e9mentairement\u00e9"},
                        {"5", "\u00e9tude \u0301\u0301 \u03a3\u03a3 \u03c3\u03c2"}};
  write_corpus(texts, corpus());
  build(corpus(), out(), options_);
  expect_same_files(files_below(out()), expected_files(texts, root(), options_));
  EXPECT_EQ(Index::open(out()).find("\u00e9tude")->cf, 5);
}

TEST_F(BuildTest, EmptyCorpusGivesAnEmptyIndex) {
  write_corpus({}, corpus());
  const BuildSummary summary = build(corpus(), out(), options_);
  expect_same_files(files_below(out()), expected_files({}, root(), options_));
  EXPECT_EQ(summary.num_docs, 0u);
  EXPECT_EQ(summary.num_terms, 0u);
}

TEST_F(BuildTest, FilesWithoutTokensAreDocuments) {
  const Corpus texts = {{"a", ""}, {"b", " \n"}, {"c", "..."}};
  write_corpus(texts, corpus());
  EXPECT_EQ(build(corpus(), out(), options_).num_docs, 3u);
  expect_same_files(files_below(out()), expected_files(texts, root(), options_));
}

TEST_F(BuildTest, OverlongTokensTakePositionsAndAreCounted) {
  const Corpus texts = {{"a", "one " + std::string(256, 'x') + " " + std::string(255, 'y') +
                                  " two " + std::string(100000, 'z')}};
  write_corpus(texts, corpus());
  EXPECT_EQ(build(corpus(), out(), options_).num_overlong_tokens, 2u);
  expect_same_files(files_below(out()), expected_files(texts, root(), options_));
}

TEST_F(BuildTest, MemoryThreadsAndChunkSizeNeverChangeAByte) {
  SCOPED_TRACE("SPIMI_TEST_SEED=" + std::to_string(test_seed()));
  const Corpus texts = random_corpus(random_, 60);
  write_corpus(texts, corpus());
  const auto expected = expected_files(texts, root(), options_);
  options_.replace = true;
  for (const unsigned threads : {1u, 2u, 8u}) {
    for (const std::size_t chunk_bytes : {1, 7, 64, 4096, 262144}) {
      options_.num_threads = threads;
      options_.chunk_bytes = chunk_bytes;
      // Each budget at least once for each number of threads and each chunk size.
      for (const std::uint64_t budget : {std::uint64_t{0}, 32 * kMiB, 64 * kMiB, 1024 * kMiB}) {
        if (chunk_bytes == 7 && budget != 64 * kMiB) continue;
        if (threads == 1 && budget == 32 * kMiB) continue;
        options_.memory_budget_bytes = std::max(minimum_memory_bytes(options_), budget);
        SCOPED_TRACE(::testing::Message() << threads << " threads, chunks of " << chunk_bytes
                                          << ", " << options_.memory_budget_bytes << " bytes");
        build(corpus(), out(), options_);
        expect_same_files(files_below(out()), expected);
        if (HasFailure()) return;
      }
    }
  }
}

TEST_F(BuildTest, LeastMemoryWithManyRunsGivesTheSameBytes) {
  SCOPED_TRACE("SPIMI_TEST_SEED=" + std::to_string(test_seed()));
  Corpus texts;
  for (std::size_t i = 0; i < 5; ++i) {
    texts["large" + std::to_string(i)] =
        random_words(random_, 9000) + distinct_words(9000, 5000 * i);
  }
  for (int i = 0; i < 50; ++i) texts["small" + std::to_string(i)] = random_words(random_, 100);
  write_corpus(texts, corpus());
  const auto expected = expected_files(texts, root(), options_);
  options_.replace = true;
  for (const unsigned threads : {1u, 2u}) {
    options_.num_threads = threads;
    options_.memory_budget_bytes = minimum_memory_bytes(options_);
    const BuildSummary summary = build(corpus(), out(), options_);
    EXPECT_GE(summary.num_runs, 4u);
    expect_same_files(files_below(out()), expected);
  }
}

TEST_F(BuildTest, BudgetBelowTheMinimumIsRefusedAndTheMinimumAccepted) {
  const Corpus texts = {{"a", "some words"}};
  write_corpus(texts, corpus());
  options_.replace = true;
  for (const unsigned threads : {1u, 3u}) {
    for (const std::uint32_t max_token_bytes : {1u, 255u, 4096u}) {
      for (const std::size_t chunk_bytes : {std::size_t{1}, std::size_t{16} << 20}) {
        options_.num_threads = threads;
        options_.max_token_bytes = max_token_bytes;
        options_.chunk_bytes = chunk_bytes;
        const std::uint64_t minimum = minimum_memory_bytes(options_);
        SCOPED_TRACE(::testing::Message() << threads << " threads, tokens of " << max_token_bytes
                                          << ", chunks of " << chunk_bytes << ": " << minimum);
        // The minimum is found in steps of a quarter MiB.
        options_.memory_budget_bytes = minimum - kMiB / 4;
        EXPECT_EQ(error_kind([&] { build(corpus(), out(), options_); }), ErrorKind::kUsage);
        options_.memory_budget_bytes = minimum;
        EXPECT_EQ(build(corpus(), out(), options_).num_docs, 1u);
      }
    }
  }
}

TEST_F(BuildTest, RefusedBudgetNamesOneThatIsEnough) {
  write_corpus({{"a", "some words"}}, corpus());
  options_.memory_budget_bytes = 1;
  try {
    build(corpus(), out(), options_);
    FAIL() << "a budget of one byte was accepted";
  } catch (const Error& error) {
    const std::uint64_t mib = (minimum_memory_bytes(options_) + kMiB - 1) / kMiB;
    EXPECT_THAT(error.what(), HasSubstr("--memory " + std::to_string(mib) + "M"));
  }
  EXPECT_FALSE(std::filesystem::exists(out()));
}

TEST_F(BuildTest, OptionsOutOfRangeAreRefused) {
  write_corpus({{"a", "some words"}}, corpus());
  for (const std::uint32_t max_token_bytes : {0u, 4097u}) {
    options_.max_token_bytes = max_token_bytes;
    EXPECT_EQ(error_kind([&] { build(corpus(), out(), options_); }), ErrorKind::kUsage);
  }
  options_.max_token_bytes = 255;
  for (const std::size_t chunk_bytes : {std::size_t{0}, (std::size_t{1} << 30) + 1}) {
    options_.chunk_bytes = chunk_bytes;
    EXPECT_EQ(error_kind([&] { build(corpus(), out(), options_); }), ErrorKind::kUsage);
  }
}

TEST_F(BuildTest, MissingCorpusIsRefusedBeforeTheOutputIsMade) {
  EXPECT_EQ(error_kind([&] { build(corpus(), out(), options_); }), ErrorKind::kUsage);
  EXPECT_FALSE(std::filesystem::exists(out()));
}

TEST_F(BuildTest, OutputInsideTheCorpusIsLeftOut) {
  const Corpus texts = {{"a", "some words"}, {"z", "more words"}};
  write_corpus(texts, corpus());
  const std::string inside = directory_.path("corpus/index");
  for (int time = 0; time < 2; ++time) {
    const BuildSummary summary = build(corpus(), inside, options_);
    EXPECT_EQ(summary.skipped[static_cast<std::size_t>(SkipReason::kOutputDir)], 1u);
    expect_same_files(files_below(inside), expected_files(texts, root(), options_));
    options_.replace = true;
  }
}

TEST_F(BuildTest, CorpusAsOutputIsRefusedAndUntouched) {
  const Corpus texts = {{"a", "some words"}};
  write_corpus(texts, corpus());
  options_.replace = true;
  EXPECT_EQ(error_kind([&] { build(corpus(), corpus(), options_); }), ErrorKind::kUsage);
  EXPECT_EQ(files_below(corpus()), texts);
  EXPECT_FALSE(std::filesystem::exists(corpus() + "/lock"));

  std::filesystem::remove(corpus() + "/a");
  EXPECT_EQ(error_kind([&] { build(corpus(), corpus(), options_); }), ErrorKind::kUsage);
  EXPECT_TRUE(std::filesystem::is_empty(corpus()));
}

TEST_F(BuildTest, StrictBuildFailsWhereOthersSkip) {
  const Corpus texts = {{"a", "some words"}, {"c", "other words"}};
  write_corpus(texts, corpus());
  // Opens as a regular file, and cannot be read at its start, not even by root.
  directory_.make_link("corpus/b", "/proc/self/mem");
  options_.follow_links = true;
  std::string skipped;
  options_.on_skip = [&](std::string_view path, SkipReason reason, std::string_view cause) {
    EXPECT_EQ(reason, SkipReason::kUnreadable);
    EXPECT_NE(cause, "");
    skipped += path;
  };
  const BuildSummary summary = build(corpus(), out(), options_);
  EXPECT_EQ(summary.skipped[static_cast<std::size_t>(SkipReason::kUnreadable)], 1u);
  EXPECT_EQ(skipped, "b");
  expect_same_files(files_below(out()), expected_files(texts, root(), options_));

  options_.strict = options_.replace = true;
  const auto before = files_below(out());
  EXPECT_EQ(error_kind([&] { build(corpus(), out(), options_); }), ErrorKind::kIo);
  expect_same_files(files_below(out()), before);
  EXPECT_FALSE(std::filesystem::exists(out() + "/staging"));
}

// What a plan says it holds is within what it was given, or it says that nothing useful fits.
TEST(AccumulatorPlanTest, FitsItsMemory) {
  for (const std::uint32_t max_token_bytes : {1u, 16u, 255u, 1000u, 4096u}) {
    for (std::size_t memory_bytes = 0; memory_bytes < std::size_t{3} << 30;
         memory_bytes += memory_bytes / 9 + 1001) {
      SCOPED_TRACE(::testing::Message() << memory_bytes << " bytes, tokens of " << max_token_bytes);
      const AccumulatorPlan plan = AccumulatorPlan::fit(memory_bytes, max_token_bytes);
      if (plan.log_tokens == 0) continue;
      ASSERT_LE(plan.memory_bytes(max_token_bytes), memory_bytes);
      ASSERT_GE(plan.log_tokens, AccumulatorPlan::kMinLogTokens);
      // A form and its term.
      ASSERT_GE(plan.max_keys, 2u);
      ASSERT_LE(plan.max_keys, Vocabulary::kMaxKeys);
    }
    EXPECT_GT(AccumulatorPlan::fit(std::size_t{64} << 20, max_token_bytes).log_tokens, 0u);
  }
}

}  // namespace
}  // namespace spimi::testing
