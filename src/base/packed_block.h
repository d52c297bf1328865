#pragma once

#include <cstddef>
#include <cstdint>

namespace spimi {

/// Blocks of 128 unsigned integers, bit-packed with exceptions ("patched frame of reference":
/// Zukowski et al., ICDE 2006; the four-lane layout of SIMD-BP128: Lemire & Boytsov, SP&E 2015).
/// The bytes are specified in format/README.md as `packed`.
inline constexpr std::size_t kBlockValues = 128;

/// No block is longer: width 32 has no exceptions, and a narrower block is only chosen when it is
/// smaller.
inline constexpr std::size_t kMaxPackedBytes = 2 + 16 * 32;

/// Room that encode_packed needs behind `out`, for its exceptions are written before they are known
/// to be few.
inline constexpr std::size_t kPackedSlack = kMaxPackedBytes + kBlockValues * 6;

/// Writes 128 values to `out`; returns the end. A pure function of the values.
std::uint8_t* encode_packed(const std::uint32_t* values, std::uint8_t* out);

/// Reads a block from [in, end) into `values`. Returns the byte after it, or nullptr when the bytes
/// are not a valid block. Reads no byte at or behind `end`.
const std::uint8_t* decode_packed(const std::uint8_t* in, const std::uint8_t* end,
                                  std::uint32_t* values);

/// The same with 1 added to each value; also nullptr if that is 2^32.
const std::uint8_t* decode_packed_plus_one(const std::uint8_t* in, const std::uint8_t* end,
                                           std::uint32_t* values);

/// The byte after the block at [in, end) without decoding it, or nullptr when it is not valid.
const std::uint8_t* skip_packed(const std::uint8_t* in, const std::uint8_t* end);

}  // namespace spimi
