#pragma once

#include <cstdint>
#include <span>

#include "format/position_sums.h"

namespace spimi {

/// Some ascending numbers of a longer list. `at` of them are done with, or more than there are.
struct PositionRun : ShiftedSums {
  std::uint32_t at = 0;
  bool is_done() const { return at >= size; }
};

/// Moves through two runs that are not done until one is, or `least` numbers are found that both
/// have; returns how many. Writes them to `found`, which has room for the shorter run and
/// PositionSums::kSlack more. Fastest where `a` is the shorter. Picked for the processor at run
/// time (Highway).
std::uint32_t join_positions(PositionRun& a, PositionRun& b, std::uint32_t least,
                             std::uint32_t* found);

/// The same for many pairs of runs that are not empty, from their beginnings on: `counts` are how
/// many numbers both have, or `most` or more if they are more. With `found`, writes those of one
/// pair behind those of the other.
void join_position_runs(std::span<const ShiftedSums> a, const ShiftedSums* b, std::uint32_t most,
                        std::uint32_t* counts, std::uint32_t* found);

/// For tests to hold the instruction sets that can run here against each other.
namespace join_positions_testing {
std::size_t num_targets();
/// All later calls use this target; num_targets() means the best again.
void use_target(std::size_t index);
}  // namespace join_positions_testing

}  // namespace spimi
