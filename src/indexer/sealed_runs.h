#pragma once

#include <string>
#include <string_view>

#include "indexer/run_queue.h"
#include "spimi/build.h"
#include "spimi/index.h"

namespace spimi {

inline constexpr std::string_view kRunsMagic = "spimi runs, format 1";
inline constexpr std::string_view kRunsName = "runs";

/// A build between its two halves: the runs of a whole corpus, and what the merge needs to know
/// besides.
struct SealedRuns {
  IndexInfo info{};  ///< tokenizer, unicode_version, max_token_bytes, positions, roots and num_docs
                     ///< are set.
  BuildSummary summary;  ///< What the first half counted.
  RunSet set;
  bool durable = false;  ///< It and the spill files are to survive a crash of the machine, not only
                         ///< of the program.
};

/// Sorts the runs in document order, sets their docid_base and counts documents. Error(kIo) if
/// there are more than docids.
void seal_runs(SealedRuns* sealed);

/// Writes the file `runs` in a staging directory, in place of the one that may be there. Durably,
/// if the runs are to be durable.
void write_sealed_runs(const std::string& directory, SealedRuns& sealed);

/// True if there is such a file in a staging directory.
bool has_sealed_runs(const std::string& directory);

/// Reads it and opens the spill files. Error(kUsage) if there is none, Error(kCorrupt) if it or a
/// file is damaged.
SealedRuns read_sealed_runs(const std::string& directory);

}  // namespace spimi
