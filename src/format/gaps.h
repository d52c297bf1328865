#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace spimi {

/// Writes the `size` numbers that have these gaps between them, modulo 2^32; the first would be
/// `base` for a gap of 0. Goes in fours, so it reads and writes up to 3 more. Returns a number that
/// is less than 2^n only if all gaps are.
[[gnu::always_inline]] inline std::uint32_t add_up_gaps(std::uint32_t base,
                                                        const std::uint32_t* gaps, std::size_t size,
                                                        std::uint32_t* values) {
  // Four at a time, which every processor can: adding up is bound by how fast the sums follow each
  // other, not by how many are made at once.
  using Four [[gnu::vector_size(16)]] = std::uint32_t;
  constexpr Four kZero = {};
  Four before = kZero + (base - 1);
  Four seen = kZero;
  for (std::size_t i = 0; i < size; i += 4) {
    Four sums;
    std::memcpy(&sums, gaps + i, sizeof(sums));
    seen |= sums;
    sums += 1;
    sums += __builtin_shufflevector(kZero, sums, 0, 4, 5, 6);
    sums += __builtin_shufflevector(kZero, sums, 0, 1, 4, 5);
    const Four four_values = sums + before;
    std::memcpy(values + i, &four_values, sizeof(four_values));
    before += __builtin_shufflevector(sums, sums, 3, 3, 3, 3);
  }
  return seen[0] | seen[1] | seen[2] | seen[3];
}

/// A block of gaps below it adds up to less than 2^31.
inline constexpr std::uint32_t kMaxSafeGap = 1u << 24;

}  // namespace spimi
