#pragma once

#include <string>

#include "indexer/run_queue.h"
#include "spimi/build.h"
#include "spimi/index.h"

namespace spimi {

/// A build between its two halves: the runs of a whole corpus, and what the merge needs to know besides.
struct SealedRuns {
  IndexInfo info{};      ///< tokenizer, unicode_version, max_token_bytes, positions, roots and num_docs are set.
  BuildSummary summary;  ///< What the first half counted.
  RunSet set;
};

/// Sorts the runs in document order, sets their docid_base and counts documents. Error(kIo) if there are more than docids.
void seal_runs(SealedRuns* sealed);

/// Writes the file `runs` in a staging directory. `durable`: it and the spill files are synced, so that it survives a crash of the machine.
void write_sealed_runs(const std::string& directory, SealedRuns& sealed, bool durable);

/// Reads it and opens the spill files. Error(kUsage) if there is none, Error(kCorrupt) if it or a file is damaged.
SealedRuns read_sealed_runs(const std::string& directory);

}  // namespace spimi
