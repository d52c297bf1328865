// The times of the stages: that they are those of the whole work, and cost no byte of the index.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <numeric>
#include <set>
#include <string>

#include "indexer/corpora.h"
#include "spimi/build.h"
#include "support/temporary_directory.h"

namespace spimi::testing {
namespace {

using ::testing::Each;

const std::set<Stage> kReadStages = {Stage::kWalk,     Stage::kFiles,      Stage::kRead,
                                     Stage::kTokenize, Stage::kAccumulate, Stage::kSort,
                                     Stage::kScatter,  Stage::kEncodeRun,  Stage::kWriteRun};
const std::set<Stage> kMergeStages = {Stage::kDocuments,  Stage::kReadRuns,    Stage::kQueue,
                                      Stage::kDecode,     Stage::kEncodeLists, Stage::kDictionary,
                                      Stage::kWriteIndex, Stage::kCommit,      Stage::kOther};

class TimingsTest : public ::testing::Test {
 protected:
  TimingsTest() {
    Corpus texts;
    for (std::size_t i = 0; i < 8; ++i) {
      texts["file" + std::to_string(i)] =
          random_words(random_, 9000) + distinct_words(9000, 5000 * i);
    }
    write_corpus(texts, corpus());
    options_.num_threads = 2;
    options_.memory_budget_bytes = minimum_memory_bytes(options_);
    options_.replace = true;
    merge_options_.num_threads = 2;
    merge_options_.max_fan_in = 2;
  }

  std::string corpus() const { return directory_.path("corpus"); }
  std::string out() const { return directory_.path("out"); }

  /// Does `work` with timings; they make up the time it took, of one thread at least and of all at
  /// most. Exactly these stages take time, but for kWait, which may.
  template <class Work>
  BuildSummary expect_whole(std::set<Stage> stages, const Work& work) {
    const auto start = std::chrono::steady_clock::now();
    const BuildSummary summary = work();
    const double wall =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const double sum =
        std::accumulate(summary.stage_seconds, summary.stage_seconds + kNumStages, 0.0);
    EXPECT_GE(sum + 0.001, summary.read_seconds + summary.merge_seconds + summary.commit_seconds);
    EXPECT_LE(sum, wall * summary.num_threads + 0.001);
    for (std::size_t i = 0; i < kNumStages; ++i) {
      const auto stage = static_cast<Stage>(i);
      if (stage == Stage::kWait) continue;
      EXPECT_EQ(summary.stage_seconds[i] > 0, stages.contains(stage)) << stage_name(stage);
    }
    return summary;
  }

  static std::set<Stage> both(std::set<Stage> a, const std::set<Stage>& b) {
    a.insert(b.begin(), b.end());
    return a;
  }

  TemporaryDirectory directory_{TemporaryDirectory::memory_base()};
  Random random_{test_seed()};
  BuildOptions options_;
  MergeOptions merge_options_;
};

TEST_F(TimingsTest, BuildIsMeasuredWholeAndGivesTheSameBytes) {
  SCOPED_TRACE("SPIMI_TEST_SEED=" + std::to_string(test_seed()));
  EXPECT_THAT(build(corpus(), out(), options_).stage_seconds, Each(0.0));
  const auto expected = files_below(out());
  options_.timings = true;
  for (const unsigned threads : {1u, 2u}) {
    options_.num_threads = threads;
    const BuildSummary summary = expect_whole(both(kReadStages, kMergeStages),
                                              [&] { return build(corpus(), out(), options_); });
    EXPECT_GE(summary.num_runs, 4u);
    expect_same_files(files_below(out()), expected);
  }
}

TEST_F(TimingsTest, HalvesAndPassesAreMeasured) {
  SCOPED_TRACE("SPIMI_TEST_SEED=" + std::to_string(test_seed()));
  build(corpus(), out(), options_);
  const auto expected = files_below(out());
  options_.merge = false;
  options_.timings = true;
  // Sealing the runs for good is a commit.
  expect_whole(both(kReadStages, {Stage::kCommit, Stage::kOther}),
               [&] { return build(corpus(), out(), options_); });
  merge_options_.timings = true;
  const BuildSummary summary = expect_whole(both(kMergeStages, {Stage::kWriteRun}),
                                            [&] { return merge_runs(out(), merge_options_); });
  EXPECT_GE(summary.num_merge_passes, 1u);
  expect_same_files(files_below(out()), expected);
}

TEST_F(TimingsTest, JoinIsMeasured) {
  build(corpus(), out(), options_);
  const std::string copy = directory_.path("copy");
  const auto join = [&] { return merge_indexes({out()}, copy, merge_options_); };
  EXPECT_THAT(join().stage_seconds, Each(0.0));
  merge_options_.replace = merge_options_.timings = true;
  expect_whole(both(kMergeStages, {Stage::kEncodeRun, Stage::kWriteRun}), join);
  expect_same_files(segment_files(files_below(copy)), segment_files(files_below(out())));
}

TEST_F(TimingsTest, EveryStageHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kNumStages; ++i) names.insert(stage_name(static_cast<Stage>(i)));
  EXPECT_EQ(names.size(), kNumStages);
  EXPECT_FALSE(names.contains(stage_name(static_cast<Stage>(kNumStages))));
}

}  // namespace
}  // namespace spimi::testing
