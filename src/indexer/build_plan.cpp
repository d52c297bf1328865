#include "indexer/build_plan.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "indexer/journal.h"
#include "indexer/merge_runs.h"
#include "indexer/threads.h"
#include "input/document_reader.h"
#include "spimi/error.h"
#include "text/tokenizer.h"

namespace spimi {
namespace {

std::uint64_t minimum_for_threads(const BuildOptions& options, unsigned num_threads) {
  BuildOptions trial = options;
  std::uint64_t low = 0, high = std::uint64_t{1} << 40;
  constexpr std::uint64_t kStep = std::uint64_t{1} << 18;
  while (high - low > kStep) {
    trial.memory_budget_bytes = (low + (high - low) / 2) / kStep * kStep;
    if (trial.memory_budget_bytes <= low) break;
    if (BuildPlan::fit(trial, num_threads).is_enough()) {
      high = trial.memory_budget_bytes;
    } else {
      low = trial.memory_budget_bytes;
    }
  }
  return std::max<std::uint64_t>(high, MergePlan::minimum_bytes(options.max_token_bytes));
}

}  // namespace

BuildPlan BuildPlan::fit(const BuildOptions& options, unsigned num_threads) {
  BuildPlan plan;
  plan.num_threads = num_threads;
  const std::uint64_t budget = options.memory_budget_bytes;
  plan.walk_bytes = static_cast<std::size_t>(
      std::clamp<std::uint64_t>(budget / 32, std::uint64_t{256} << 10, std::uint64_t{8} << 20));
  const std::uint64_t walks = plan.walk_bytes * (options.measure_total ? 2 : 1);
  const std::uint64_t share = budget > walks ? (budget - walks) / num_threads : 0;
  plan.lease_bytes = static_cast<std::size_t>(
      std::clamp<std::uint64_t>(share / 32, std::uint64_t{64} << 10, std::uint64_t{4} << 20));
  const std::uint64_t fixed = plan.lease_bytes * 2 + ThreadJournal::kMemoryBytes +
                              DocumentReader::memory_bytes(options.chunk_bytes) +
                              ChunkTokenizer::memory_bytes(options.max_token_bytes);
  plan.accumulator = AccumulatorPlan::fit(
      static_cast<std::size_t>(share > fixed ? share - fixed : 0), options.max_token_bytes);
  return plan;
}

std::uint64_t minimum_memory_bytes(const BuildOptions& options) {
  return minimum_for_threads(options, std::max(1u, options.num_threads));
}

BuildPlan make_plan(const BuildOptions& options) {
  const unsigned wanted = options.num_threads != 0 ? options.num_threads : usable_processors();
  for (unsigned threads = wanted; threads > 0; --threads) {
    const BuildPlan plan = BuildPlan::fit(options, threads);
    if (plan.is_enough() &&
        options.memory_budget_bytes >= MergePlan::minimum_bytes(options.max_token_bytes)) {
      return plan;
    }
    if (options.num_threads != 0) break;
  }
  const std::uint64_t minimum = minimum_memory_bytes(options);
  throw Error(ErrorKind::kUsage, {},
              "a memory budget of " + std::to_string(options.memory_budget_bytes) +
                  " bytes is too small for these options; give at least " +
                  std::to_string((minimum + 0xFFFFF) >> 20) + " MiB (--memory " +
                  std::to_string((minimum + 0xFFFFF) >> 20) + "M)");
}

}  // namespace spimi
