#pragma once

#include <cstddef>
#include <cstdint>

namespace spimi {

/// How many values add_up_gaps may read and write behind its arrays.
inline constexpr std::size_t kGapSlack = 15;

/// Writes the `size` numbers that have these gaps between them, modulo 2^32; the first would be
/// `base` for a gap of 0. Returns a number that is less than 2^n only if all gaps are. Arrays whose
/// size is a multiple of 16 need no slack. Picked for the processor at run time (Highway).
std::uint32_t add_up_gaps(std::uint32_t base, const std::uint32_t* gaps, std::size_t size,
                          std::uint32_t* values);

/// A block of gaps below it adds up to less than 2^31.
inline constexpr std::uint32_t kMaxSafeGap = 1u << 24;

/// For tests to hold the instruction sets that can run here against each other.
namespace gap_sums_testing {
std::size_t num_targets();
/// All later calls use this target; num_targets() means the best again.
void use_target(std::size_t index);
}  // namespace gap_sums_testing

}  // namespace spimi
