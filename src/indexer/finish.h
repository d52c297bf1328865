#pragma once

#include "indexer/merge_runs.h"
#include "indexer/monitor.h"
#include "indexer/output_directory.h"
#include "indexer/sealed_runs.h"
#include "spimi/build.h"

namespace spimi {

/// Processors that this process may run on.
unsigned usable_processors();

/// The second half of a build: merges sealed runs into a segment and commits it. When it fails the
/// runs stay as they are.
BuildSummary finish_index(SealedRuns sealed, OutputDirectory& directory,
                          const MergeOptions& options, Monitor& monitor);

}  // namespace spimi
