#pragma once

#include <cstddef>

#include "indexer/accumulator.h"
#include "spimi/build.h"

namespace spimi {

/// How a build's memory is divided.
struct BuildPlan {
  unsigned num_threads = 1;
  std::size_t walk_bytes = 0;
  std::size_t lease_bytes = 0;
  AccumulatorPlan accumulator;  // of each thread

  static BuildPlan fit(const BuildOptions& options, unsigned num_threads);
  bool is_enough() const { return accumulator.log_tokens > 0; }
};

/// The threads a build uses, and a plan for them. Left to choose, it takes fewer threads rather
/// than refuse a small budget. Error(kUsage) if that is too small all the same.
BuildPlan make_plan(const BuildOptions& options);

}  // namespace spimi
