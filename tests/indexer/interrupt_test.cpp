// A caller who asks to stop gets the old index back, and in the merge keeps the runs.

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <string>

#include "indexer/corpora.h"
#include "spimi/build.h"
#include "support/temporary_directory.h"

namespace spimi::testing {
namespace {

using Phase = Progress::Phase;

class InterruptTest : public ::testing::Test {
 protected:
  InterruptTest() {
    options_.num_threads = 1;
    options_.memory_budget_bytes = minimum_memory_bytes(options_);
    options_.replace = true;
    write_corpus({{"old", "what was there before"}}, corpus());
    build(corpus(), out(), options_);
    old_index_ = files_below(out());
    for (std::size_t i = 0; i < 4; ++i) {
      texts_["file" + std::to_string(i)] = distinct_words(40000, 20000 * i);
    }
    texts_["old"] = "what is there now";
    write_corpus(texts_, corpus());
    options_.stop = &stop_;
  }

  std::string corpus() const { return directory_.path("corpus"); }
  std::string out() const { return directory_.path("out"); }
  std::string staging() const { return directory_.path("out/staging"); }

  /// Asks to stop when the phase begins for the `nth` time.
  ProgressFunction stop_at(Phase phase, int nth = 1) {
    stop_ = false;
    return [this, phase, left = nth](const Progress& progress) mutable {
      if (progress.phase == phase && progress.bytes_done == 0 && --left <= 0) stop_ = true;
    };
  }

  void expect_old_index() {
    auto files = files_below(out());
    std::erase_if(files, [](const auto& file) { return file.first.starts_with("staging/"); });
    expect_same_files(files, old_index_);
  }
  void expect_new_index() {
    expect_same_files(
        files_below(out()),
        expected_files(texts_, std::filesystem::canonical(corpus()).string(), options_));
    EXPECT_FALSE(std::filesystem::exists(staging()));
  }
  /// With as many runs at once as there is memory for, or in many passes.
  void expect_merge_finishes(unsigned max_fan_in) {
    MergeOptions merge;
    merge.max_fan_in = max_fan_in;
    ASSERT_NO_THROW(merge_runs(out(), merge));
    expect_new_index();
  }

  TemporaryDirectory directory_{TemporaryDirectory::memory_base()};
  Random random_{test_seed()};
  BuildOptions options_;
  std::atomic<bool> stop_ = false;
  Corpus texts_;
  std::map<std::string, std::string> old_index_;
};

TEST_F(InterruptTest, BuildWhileReadingLeavesNothing) {
  options_.on_progress = stop_at(Phase::kRead);
  EXPECT_EQ(error_kind([&] { build(corpus(), out(), options_); }), ErrorKind::kInterrupted);
  expect_same_files(files_below(out()), old_index_);
  EXPECT_FALSE(std::filesystem::exists(staging()));

  // A directory that was made for the build goes with it.
  options_.on_progress = stop_at(Phase::kRead);
  EXPECT_EQ(error_kind([&] { build(corpus(), directory_.path("new"), options_); }),
            ErrorKind::kInterrupted);
  EXPECT_FALSE(std::filesystem::exists(directory_.path("new")));
}

TEST_F(InterruptTest, BuildOfAnEmptyCorpusStopsToo) {
  std::filesystem::create_directory(directory_.path("empty"));
  stop_ = true;
  EXPECT_EQ(error_kind([&] { build(directory_.path("empty"), out(), options_); }),
            ErrorKind::kInterrupted);
  expect_same_files(files_below(out()), old_index_);
}

TEST_F(InterruptTest, BuildInTheMergeKeepsTheRuns) {
  for (const Phase phase : {Phase::kMerge, Phase::kCommit}) {
    for (const unsigned threads : {1u, 2u}) {
      SCOPED_TRACE(::testing::Message()
                   << "phase " << static_cast<int>(phase) << ", " << threads << " threads");
      // The old index again.
      std::filesystem::remove_all(out());
      write_files(old_index_, out());
      options_.num_threads = threads;
      options_.memory_budget_bytes = minimum_memory_bytes(options_);
      options_.on_progress = stop_at(phase);
      EXPECT_EQ(error_kind([&] { build(corpus(), out(), options_); }), ErrorKind::kInterrupted);
      expect_old_index();
      expect_merge_finishes(0);
    }
  }
}

class InterruptedMergeTest : public InterruptTest,
                             public ::testing::WithParamInterface<std::tuple<Phase, int>> {};

TEST_P(InterruptedMergeTest, KeepsTheRunsForALaterMerge) {
  options_.merge = false;
  ASSERT_GE(build(corpus(), out(), options_).num_runs, 9u);
  const auto [phase, nth] = GetParam();
  for (const unsigned threads : {1u, 2u}) {
    SCOPED_TRACE(::testing::Message() << threads << " threads");
    MergeOptions merge;
    merge.max_fan_in = 2;
    merge.num_threads = threads;
    merge.stop = &stop_;
    merge.on_progress = stop_at(phase, nth);
    EXPECT_EQ(error_kind([&] { merge_runs(out(), merge); }), ErrorKind::kInterrupted);
    expect_old_index();
  }
  expect_merge_finishes(2);
}

INSTANTIATE_TEST_SUITE_P(Phases, InterruptedMergeTest,
                         ::testing::Values(std::tuple(Phase::kMergePass, 1),
                                           std::tuple(Phase::kMergePass, 2),
                                           std::tuple(Phase::kMerge, 1),
                                           std::tuple(Phase::kCommit, 1)));

TEST_F(InterruptTest, MergeOfIndexesLeavesNothing) {
  for (const Phase phase : {Phase::kMerge, Phase::kCommit}) {
    MergeOptions merge;
    merge.stop = &stop_;
    merge.on_progress = stop_at(phase);
    EXPECT_EQ(error_kind([&] {
                merge_indexes({out(), out()}, directory_.path("new"), merge);
              }),
              ErrorKind::kInterrupted);
    EXPECT_FALSE(std::filesystem::exists(directory_.path("new")));
    expect_same_files(files_below(out()), old_index_);
  }
}

TEST_F(InterruptTest, ErrorOfTheProgressFunctionEndsTheBuild) {
  options_.on_progress = [](const Progress&) { throw std::runtime_error("no more"); };
  EXPECT_THROW(build(corpus(), out(), options_), std::runtime_error);
  expect_same_files(files_below(out()), old_index_);
}

}  // namespace
}  // namespace spimi::testing
