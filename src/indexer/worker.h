#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "indexer/accumulator.h"
#include "indexer/journal.h"
#include "indexer/leases.h"
#include "indexer/monitor.h"
#include "input/document_reader.h"
#include "spimi/build.h"
#include "text/tokenizer.h"

namespace spimi {

/// The entries of a corpus that are not indexed. Thread-safe.
class Skips {
 public:
  explicit Skips(const BuildOptions& options) : options_(options) {}
  /// Error(kIo) if it is one that the build must not go on without.
  void add(std::string_view path, SkipReason reason, std::string_view cause);
  /// Copies the number for each reason.
  void get(std::uint64_t* counts) const;

 private:
  const BuildOptions& options_;
  mutable std::mutex mutex_;
  std::uint64_t counts_[kNumSkipReasons] = {};
};

/// What the workers of a build have in common.
struct WorkerContext {
  const BuildOptions& options;
  const Walk& walk;
  const AccumulatorPlan& plan;
  Monitor& monitor;
  Journal& journal;
  Skips& skips;
  std::atomic<bool>& has_runs;  ///< Set when a run is written and noted down.
};

/// One thread of a build, from files to runs in a spill file of its own.
class Worker {
 public:
  Worker(const WorkerContext& context, std::uint32_t spill_index)
      : context_(context), spill_index_(spill_index) {}

  std::uint32_t spill_index() const { return spill_index_; }
  /// Reads the files of that thread, until there are none; `spill` is the file of spill_index. What
  /// it throws goes to the monitor.
  void work(Leases& leases, unsigned thread, File& spill);
  /// What it has made, once it has ended.
  const std::vector<RunInfo>& runs() const { return runs_; }
  const ReadCounts& counts() const { return counts_; }

 private:
  std::optional<struct stat> read_document(const WalkEntry& entry, DocumentReader& reader,
                                           ChunkTokenizer& tokenizer, Accumulator& accumulator);
  void skip(std::string_view path, SkipReason reason, std::string_view cause);
  void note_runs(std::size_t num_new);

  WorkerContext context_;
  std::uint32_t spill_index_;
  std::vector<RunInfo> runs_;
  ReadCounts counts_;
  std::optional<ThreadJournal> journal_;
};

}  // namespace spimi
