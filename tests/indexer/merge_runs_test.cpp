// A build in two halves: runs that were sealed give the same index later, and damaged ones none.

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "indexer/corpora.h"
#include "indexer/sealed_runs.h"
#include "spimi/build.h"
#include "spimi/index.h"
#include "support/temporary_directory.h"

namespace spimi::testing {
namespace {

class MergeRunsTest : public ::testing::Test {
 protected:
  MergeRunsTest() {
    // One thread takes one lease after another; the least memory makes several runs.
    options_.num_threads = 1;
    options_.memory_budget_bytes = minimum_memory_bytes(options_);
    options_.replace = true;
  }

  std::string corpus() const { return directory_.path("corpus"); }
  std::string out() const { return directory_.path("out"); }
  std::string staged(const std::string& name) const {
    return directory_.path("out/staging/" + name);
  }
  std::string root() const { return std::filesystem::canonical(corpus()).string(); }

  /// Builds an index, and seals the runs of another build behind it.
  void seal(std::size_t num_words) {
    write_corpus({{"old", "what was there before"}}, corpus());
    build(corpus(), out(), options_);
    old_index_ = files_below(out());
    for (std::size_t i = 0; i < 4; ++i) {
      texts_["dir/file" + std::to_string(i)] =
          random_words(random_, num_words) + distinct_words(num_words, num_words / 2 * i);
    }
    texts_["old"] = "what is there now";
    write_corpus(texts_, corpus());
    options_.merge = false;
    const BuildSummary summary = build(corpus(), out(), options_);
    EXPECT_FALSE(summary.merged);
    EXPECT_EQ(summary.build_id, "");
    expect_old_index();
  }

  void expect_old_index() { expect_same_files(committed_files(), old_index_); }
  void expect_new_index() {
    expect_same_files(files_below(out()), expected_files(texts_, root(), options_));
  }

  /// What is below the output directory but not in `staging`.
  std::map<std::string, std::string> committed_files() const {
    auto files = files_below(out());
    std::erase_if(files, [](const auto& file) { return file.first.starts_with("staging/"); });
    return files;
  }

  /// Expects that `bytes` in place of a staged file are refused, and that nothing else happens.
  void expect_refused(const std::string& name, const std::string& bytes) {
    write_files({{name, bytes}}, staged(""));
    EXPECT_EQ(error_kind([&] { merge_runs(out()); }), ErrorKind::kCorrupt);
    expect_old_index();
  }

  TemporaryDirectory directory_{TemporaryDirectory::memory_base()};
  Random random_{test_seed()};
  BuildOptions options_;
  Corpus texts_;
  std::map<std::string, std::string> old_index_;
};

TEST_F(MergeRunsTest, GivesTheBytesOfABuild) {
  SCOPED_TRACE("SPIMI_TEST_SEED=" + std::to_string(test_seed()));
  seal(5000);
  const BuildSummary summary = merge_runs(out());
  EXPECT_GE(summary.num_runs, 2u);
  EXPECT_TRUE(summary.merged);
  expect_new_index();
  EXPECT_FALSE(std::filesystem::exists(staged("")));
}

TEST_F(MergeRunsTest, GivesTheBytesOfABuildInManyPasses) {
  seal(9000);
  MergeOptions merge;
  merge.max_fan_in = 2;
  EXPECT_GE(merge_runs(out(), merge).num_merge_passes, 2u);
  expect_new_index();
}

TEST_F(MergeRunsTest, SummaryTellsOfBothHalves) {
  seal(100);
  std::filesystem::create_symlink("nowhere", corpus() + "/link");
  const BuildSummary first = build(corpus(), out(), options_);
  const BuildSummary second = merge_runs(out());
  EXPECT_EQ(second.num_docs, first.num_docs);
  EXPECT_EQ(second.num_tokens, first.num_tokens);
  EXPECT_EQ(second.num_overlong_tokens, first.num_overlong_tokens);
  EXPECT_EQ(second.corpus_bytes, first.corpus_bytes);
  EXPECT_EQ(second.skipped[static_cast<std::size_t>(SkipReason::kSymlink)], 1u);
}

TEST_F(MergeRunsTest, WithoutRunsIsRefused) {
  write_corpus({{"a", "word"}}, corpus());
  EXPECT_EQ(error_kind([&] { merge_runs(out()); }), ErrorKind::kIo);  // not even a directory
  std::filesystem::create_directory(out());
  EXPECT_EQ(error_kind([&] { merge_runs(out()); }), ErrorKind::kUsage);
  build(corpus(), out(), options_);
  const auto before = files_below(out());
  EXPECT_EQ(error_kind([&] { merge_runs(out()); }), ErrorKind::kUsage);
  expect_same_files(files_below(out()), before);
}

TEST_F(MergeRunsTest, NextBuildReplacesRunsThatWereLeft) {
  seal(100);
  options_.merge = true;
  build(corpus(), out(), options_);
  expect_new_index();
}

TEST_F(MergeRunsTest, DamageOfAnyFrameIsFound) {
  SCOPED_TRACE("SPIMI_TEST_SEED=" + std::to_string(test_seed()));
  seal(3000);
  const std::string sound = directory_.read_file("out/staging/spill-0");
  const SealedRuns sealed = read_sealed_runs(directory_.path("out/staging"));
  std::size_t num_frames = 0;
  for (const RunInfo& run : sealed.set.runs) {
    for (std::uint64_t at = run.documents_offset; at < run.samples_offset;) {
      std::uint32_t payload_bytes;
      std::memcpy(&payload_bytes, sound.data() + at, sizeof(payload_bytes));
      // Its size, its checksum, and its payload from one end to the other.
      for (const std::uint64_t byte :
           {std::uint64_t{0}, std::uint64_t{3}, std::uint64_t{8}, std::uint64_t{15},
            kFrameHeaderBytes + std::uint64_t{0}, kFrameHeaderBytes + payload_bytes / 2,
            kFrameHeaderBytes + payload_bytes - std::uint64_t{1}}) {
        SCOPED_TRACE(::testing::Message() << "frame at " << at << ", byte " << byte);
        std::string damaged = sound;
        damaged[at + byte] = static_cast<char>(damaged[at + byte] ^ 1 << random_below(random_, 8));
        expect_refused("spill-0", damaged);
        if (HasFailure()) return;
      }
      at += kFrameHeaderBytes + payload_bytes;
      ++num_frames;
    }
  }
  EXPECT_GE(num_frames, 5u);
  write_files({{"spill-0", sound}}, staged(""));
  merge_runs(out());
  expect_new_index();
}

TEST_F(MergeRunsTest, DamageOfSamplesIsFoundOrHarmless) {
  seal(6000);
  const std::string sound = directory_.read_file("out/staging/spill-0");
  const RunInfo run = read_sealed_runs(directory_.path("out/staging")).set.runs.at(0);
  ASSERT_LT(run.samples_offset, run.end_offset);
  std::size_t num_found = 0;
  for (std::uint64_t at = run.samples_offset; at < run.end_offset; at += 3) {
    std::filesystem::remove_all(out());
    build(corpus(), out(), options_);
    std::string damaged = sound;
    damaged[at] = static_cast<char>(damaged[at] ^ 16);
    write_files({{"spill-0", damaged}}, staged(""));
    MergeOptions merge;
    merge.num_threads = 2;
    try {
      merge_runs(out(), merge);
      expect_new_index();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCorrupt) << error.what();
      ++num_found;
    }
    if (HasFailure()) return;
  }
  EXPECT_GT(num_found, 0u);
}

TEST_F(MergeRunsTest, SpillFileThatIsCutShortIsFound) {
  seal(1000);
  const std::string sound = directory_.read_file("out/staging/spill-0");
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, sound.size() / 3, sound.size() - 24, sound.size() - 1}) {
    SCOPED_TRACE(size);
    expect_refused("spill-0", sound.substr(0, size));
  }
}

TEST_F(MergeRunsTest, SpillFileThatIsMissingIsAnError) {
  seal(100);
  std::filesystem::remove(staged("spill-0"));
  EXPECT_EQ(error_kind([&] { merge_runs(out()); }), ErrorKind::kCorrupt);
  expect_old_index();
}

TEST_F(MergeRunsTest, DamageOfTheListOfRunsIsFound) {
  seal(100);
  const std::string sound = directory_.read_file("out/staging/runs");
  for (std::size_t i = 0; i < sound.size(); ++i) {
    SCOPED_TRACE(i);
    std::string damaged = sound;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    expect_refused("runs", damaged);
    expect_refused("runs", sound.substr(0, i));
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace spimi::testing
