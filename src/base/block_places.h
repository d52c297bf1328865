#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bitmap.h"

// Finds numbers in a block of ascending numbers. Vector code, picked for the processor at run time;
// all targets give the same results.

namespace spimi {

struct FoundPlaces {
  std::size_t num_numbers;  ///< That were looked up.
  std::size_t num_found;
};

/// The place of the first of kBlockValues ascending `values` that is at least `target`, which is
/// not above the last. Without branches, for they would be mispredicted half the time.
[[gnu::always_inline]] inline std::uint32_t place_in_block(const std::uint32_t* values,
                                                           std::uint32_t target) {
  static_assert(kBlockValues == 128);
  std::uint32_t at = 0;
#pragma GCC unroll 7
  for (std::uint32_t half = 64; half > 0; half /= 2) {
    at += half & -static_cast<std::uint32_t>(values[at + half - 1] < target);
  }
  return at;
}

/// Looks up ascending `numbers` in the kBlockValues ascending `values`, as far as they are not
/// above `last`, which is one of them. Writes their places: from 1 on, and 0 for those that are not
/// there.
FoundPlaces find_places(const std::uint32_t* values, std::uint32_t last,
                        const std::uint32_t* numbers, std::size_t size, std::uint32_t* places);

/// The bitmap of a block and how many of its numbers are before each word, which tells the place of
/// a number in the block at once ("rank": Jacobson, FOCS 1989).
struct RankedBitmap {
  static constexpr std::size_t kMaxWords = (kMaxBitmapBytes + 7) / 8;
  std::uint32_t begin;  ///< The number of the first bit.
  std::uint32_t last;
  std::uint64_t words[kMaxWords];
  std::uint32_t num_before[kMaxWords];
};

/// False as is_block_bitmap; then there is nothing to be found in `ranked`.
bool rank_bitmap(const std::uint8_t* bitmap, std::uint32_t first, std::uint32_t last,
                 RankedBitmap& ranked);

/// The same for the numbers of a bitmap; none of `numbers` is below its first.
FoundPlaces find_places(const RankedBitmap& ranked, const std::uint32_t* numbers, std::size_t size,
                        std::uint32_t* places);

/// A way for tests to hold the targets against each other.
namespace block_places_testing {
std::size_t num_targets();
void use_target(std::size_t index);
}  // namespace block_places_testing

}  // namespace spimi
