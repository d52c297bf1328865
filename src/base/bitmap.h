#pragma once

#include <cstddef>
#include <cstdint>

#include "base/packed_block.h"

namespace spimi {

/// A bitmap of the numbers from `first` to `last`: number n is bit n mod 8 of byte n/8 − first/8.
/// Where a byte begins does not depend on `first`, so one bitmap is laid over another without
/// shifting. Specified in format/README.md.
constexpr std::size_t bitmap_bytes(std::uint32_t first, std::uint32_t last) {
  return last / 8 - first / 8 + 1;
}

/// A block of 128 ascending numbers is a bitmap where it spans no more than so many: there a bitmap
/// takes from half to one and a half times the bytes of packed gaps, and no more in all.
inline constexpr std::uint32_t kMaxBitmapNumbers = 1024;
inline constexpr std::size_t kMaxBitmapBytes = kMaxBitmapNumbers / 8 + 1;
/// It has one bit for each of kBlockValues at least.
inline constexpr std::size_t kMinBitmapBytes = kBlockValues / 8;

/// Whether the largest number of a bitmap is `last`, and none is below `first`.
inline bool is_within(const std::uint8_t* bitmap, std::uint32_t first, std::uint32_t last) {
  return (bitmap[0] & ((1u << first % 8) - 1)) == 0 &&
         bitmap[bitmap_bytes(first, last) - 1] >> last % 8 == 1;
}

// Vector code, picked for the processor at run time; all targets give the same results.

/// Writes the bitmap of a block of ascending `values` not below `first`; returns the end.
std::uint8_t* encode_bitmap(const std::uint32_t* values, std::uint32_t first, std::uint8_t* out);

/// Whether the bytes of a bitmap of `first` to `last` hold a block: 128 numbers, none of them below
/// `first`, and the largest is `last`.
bool is_block_bitmap(const std::uint8_t* bitmap, std::uint32_t first, std::uint32_t last);

/// The same; and sets in `to`, which begins with the byte of `first`, what is set in the bitmap.
bool lay_block_bitmap(const std::uint8_t* bitmap, std::uint32_t first, std::uint32_t last,
                      std::uint8_t* to);

/// Writes the numbers of a block to `values`, which has room for kBitmapSlack more.
void decode_bitmap(const std::uint8_t* bitmap, std::uint32_t first, std::uint32_t last,
                   std::uint32_t* values);
inline constexpr std::size_t kBitmapSlack = 16;

/// How many bits of `num_words` words are set.
std::size_t count_bits(const std::uint64_t* words, std::size_t num_words);

/// A way for tests to hold the targets against each other.
namespace bitmap_testing {
std::size_t num_targets();
void use_target(std::size_t index);
}  // namespace bitmap_testing

}  // namespace spimi
