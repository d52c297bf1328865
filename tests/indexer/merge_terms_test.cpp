// The final merge by itself, with so little memory for its output that threads wait for each other
// and lists go out in pieces.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "indexer/accumulator.h"
#include "indexer/corpora.h"
#include "indexer/merge_runs.h"
#include "indexer/sealed_runs.h"
#include "support/temporary_directory.h"
#include "text/normalize.h"
#include "text/tokenizer.h"

namespace spimi::testing {
namespace {

class MergeTermsTest : public ::testing::Test {
 protected:
  /// Many short documents, so that their lengths take several pages; and terms enough for several
  /// ranges of term space.
  static Corpus corpus() {
    Corpus corpus;
    for (std::size_t i = 0; i < 9000; ++i) {
      corpus["short" + std::to_string(i)] =
          i % 3 == 0 ? "common rare common" : "common " + distinct_words(i % 5, i);
    }
    for (std::size_t i = 0; i < 8; ++i) {
      corpus["long" + std::to_string(i)] = distinct_words(20000, 10000 * i);
    }
    return corpus;
  }

  /// Several runs of the corpus, sealed.
  void seal(const Corpus& texts) {
    AccumulatorPlan plan = AccumulatorPlan::fit(std::size_t{4} << 20, options_.max_token_bytes);
    ASSERT_GT(plan.log_tokens, 0u);
    File spill = File::create(directory_.path("spill-0"));
    {
      Accumulator accumulator(plan, {}, spill, 0);
      for (const auto& [path, text] : texts) {
        accumulator.begin_document(path);
        tokenize_text(text, {}, accumulator);
        accumulator.end_document();
      }
      accumulator.flush();
      sealed_.set.runs = accumulator.runs();
    }
    sealed_.set.files.push_back(std::move(spill));
    sealed_.info.unicode_version = kUnicodeVersion;
    sealed_.info.max_token_bytes = options_.max_token_bytes;
    sealed_.info.positions = true;
    seal_runs(&sealed_);
  }

  /// The files of the segment that a merge by this plan writes.
  std::map<std::string, std::string> merge(const MergePlan& plan) {
    const std::string name = directory_.path("segment");
    std::filesystem::remove_all(name);
    SegmentWriter segment(name, true);
    std::vector<std::uint8_t> buffer(kMaxDocumentFrameBytes);
    for (const RunInfo& run : sealed_.set.runs) {
      RunDocuments documents(sealed_.set.files[run.file], run, buffer.data(), buffer.size());
      while (documents.next()) segment.documents().add(documents.path(), documents.length());
    }
    segment.finish_documents();
    const double average = static_cast<double>(segment.documents().num_tokens()) /
                           static_cast<double>(segment.documents().num_docs());
    Monitor monitor({}, nullptr);
    merge_terms(sealed_.set, plan, average, &segment, &monitor);
    IndexInfo info = sealed_.info;
    segment.finish(&info);
    std::map<std::string, std::string> files;
    for (const auto& [file, bytes] : files_below(name)) {
      files["segment-" + info.build_id + "/" + file] = bytes;
    }
    return files;
  }

  TemporaryDirectory directory_{TemporaryDirectory::memory_base()};
  BuildOptions options_;
  SealedRuns sealed_;
};

TEST_F(MergeTermsTest, OutputMemoryAndThreadsNeverChangeAByte) {
  const Corpus texts = corpus();
  seal(texts);
  ASSERT_GE(sealed_.set.runs.size(), 2u);
  const auto expected = segment_files(expected_files(texts, "/corpus", options_));
  MergePlan plan;
  plan.fan_in = sealed_.set.runs.size();
  for (const unsigned threads : {1u, 2u, 4u}) {
    for (const std::size_t output_bytes :
         {std::size_t{1}, std::size_t{50000}, std::size_t{1} << 26}) {
      SCOPED_TRACE(::testing::Message() << threads << " threads, " << output_bytes << " bytes");
      plan.num_threads = threads;
      plan.output_bytes = output_bytes;
      // One page of lengths, two of three, or all of them; the smallest buffers, or large ones.
      const bool small = output_bytes < 1000000;
      plan.length_cache_bytes = output_bytes == 1 ? 1 : small ? 35000 : 4 * texts.size();
      plan.cursor_buffer_bytes =
          small ? RunCursor::min_buffer_bytes(options_.max_token_bytes) : std::size_t{1} << 18;
      expect_same_files(merge(plan), expected);
    }
  }
}

/// Times that every run is read when only as many as this are merged at once.
std::size_t num_rounds(std::size_t num_runs, std::size_t fan_in) {
  return num_runs <= fan_in ? 1 : 1 + num_rounds((num_runs - 1) / fan_in + 1, fan_in);
}

TEST(MergePlanTest, MoreThreadsNeverTakeLongerAndAllFitTheMemory) {
  for (const std::uint64_t memory : {16, 64, 256, 4096, 65536}) {
    for (const std::size_t num_runs : {0, 1, 100, 5000, 70000, 7000000}) {
      double time_before = std::numeric_limits<double>::infinity();
      for (const unsigned threads : {1u, 2u, 3u, 8u, 64u}) {
        SCOPED_TRACE(::testing::Message()
                     << memory << " MiB, " << num_runs << " runs, " << threads << " threads");
        const std::uint64_t bytes = memory << 20;
        const MergePlan plan = MergePlan::fit(bytes, threads, num_runs, 1000 * num_runs, 255, 0);
        EXPECT_GE(plan.num_threads, 1u);
        EXPECT_LE(plan.num_threads, threads);
        EXPECT_GE(plan.fan_in, 2u);
        EXPECT_LE(plan.num_threads * (std::min(plan.fan_in, num_runs) * plan.cursor_buffer_bytes +
                                      plan.length_cache_bytes) +
                      plan.output_bytes,
                  bytes);
        const double time =
            static_cast<double>(num_rounds(num_runs, plan.fan_in)) / plan.num_threads;
        EXPECT_LE(time, time_before);
        time_before = time;
      }
    }
  }
  // More runs than one thread could merge at once: all threads make passes.
  EXPECT_EQ(MergePlan::fit(std::uint64_t{256} << 20, 2, 70000, 0, 255, 0).num_threads, 2u);
  EXPECT_EQ(MergePlan::fit(std::uint64_t{8} << 30, 64, 70000, 0, 255, 0).num_threads, 64u);
}

}  // namespace
}  // namespace spimi::testing
