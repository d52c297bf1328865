#pragma once

#include "base/stage_clock.h"
#include "indexer/merge_runs.h"
#include "indexer/monitor.h"
#include "indexer/output_directory.h"
#include "indexer/sealed_runs.h"
#include "spimi/build.h"

namespace spimi {

/// The second half of a build: merges sealed runs into a segment and commits it. When it fails the
/// runs stay as they are.
BuildSummary finish_index(SealedRuns sealed, OutputDirectory& directory,
                          const MergeOptions& options, Monitor& monitor);

/// Measures the stages of a call of the library, from here on, if that is asked for.
class Timings {
 public:
  explicit Timings(bool wanted) : use_(wanted ? &clock_ : nullptr), wanted_(wanted) {}

  /// What the call returns.
  BuildSummary added_to(BuildSummary summary) const {
    for (std::size_t i = 0; wanted_ && i < kNumStages; ++i) {
      summary.stage_seconds[i] = static_cast<double>(clock_.ns(static_cast<Stage>(i))) * 1e-9;
    }
    return summary;
  }

 private:
  StageClock clock_;
  const StageClock::Use use_;
  const bool wanted_;
};

}  // namespace spimi
