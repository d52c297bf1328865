#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "format/segment_writer.h"
#include "indexer/monitor.h"
#include "indexer/run_queue.h"

namespace spimi {

/// How a merge may use the machine.
struct MergePlan {
  unsigned num_threads = 1;
  std::size_t fan_in = 2;               ///< Runs merged at once, by each thread.
  std::size_t cursor_buffer_bytes = 0;  ///< For each run and thread.
  std::size_t output_bytes = 0;         ///< Encoded lists that wait for their turn, in all.
  std::size_t length_cache_bytes = 0;   ///< Document lengths: all of them, or of each thread.

  /// Divides `memory_bytes` for a merge of `num_runs` runs. Takes as many of the threads
  /// as end soonest: one more leaves less memory to each, which may cost a pass. `max_fan_in` 0:
  /// what memory allows. Error(kUsage) if the memory is too small for a fan-in of 2.
  static MergePlan fit(std::uint64_t memory_bytes, unsigned num_threads, std::size_t num_runs,
                       std::uint64_t num_docs, std::uint32_t max_token_bytes, unsigned max_fan_in);
  static std::uint64_t minimum_bytes(std::uint32_t max_token_bytes);
};

/// Merges groups of adjacent runs, so that as few as the fan-in are left, or as one pass can do.
/// The new runs are in new spill files in `directory`, which are added to the set. Returns the runs
/// that were merged: their places in the spill files can be given up once it is written down where
/// the new ones are.
std::vector<RunInfo> merge_pass(RunSet* set, const MergePlan& plan, const std::string& directory,
                                Monitor* monitor);

/// Merges at most fan-in runs into the lists and dictionary of a segment, whose documents are
/// finished. Threads work on ranges of terms; what they make is appended in term order, so the
/// segment does not depend on their number. Returns the number of postings.
std::uint64_t merge_terms(const RunSet& set, const MergePlan& plan, double average_length,
                          SegmentWriter* segment, Monitor* monitor);

}  // namespace spimi
