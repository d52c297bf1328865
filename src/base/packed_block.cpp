#include "base/packed_block.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/block_shape.h"
#include "base/varint.h"

namespace spimi {
namespace {

constexpr unsigned kLanes = 4;
constexpr unsigned kRows = kBlockValues / kLanes;

// Each width has its own straight-line code: the compiler unrolls the rows, and the four lanes
// become one vector.
template <unsigned kWidth>
void pack(const std::uint32_t* values, std::uint8_t* out) {
  if constexpr (kWidth != 0) {
    std::uint32_t words[kWidth * kLanes] = {};
#pragma GCC unroll 32
    for (unsigned row = 0; row < kRows; ++row) {
      const unsigned bit = row * kWidth;
      const unsigned word = bit / 32, shift = bit % 32;
      for (unsigned lane = 0; lane < kLanes; ++lane) {
        const std::uint32_t v = kWidth == 32
                                    ? values[row * kLanes + lane]
                                    : values[row * kLanes + lane] & ((1u << (kWidth % 32)) - 1);
        words[word * kLanes + lane] |= v << shift;
        if (shift + kWidth > 32) words[(word + 1) * kLanes + lane] |= v >> (32 - shift);
      }
    }
    std::memcpy(out, words, sizeof(words));
  }
}

// Adds kMore, which is 0 or 1, to each value.
template <unsigned kWidth, std::uint32_t kMore>
void unpack(const std::uint8_t* in, std::uint32_t* values) {
  if constexpr (kWidth == 0) {
    std::fill_n(values, kBlockValues, kMore);
  } else {
    std::uint32_t words[kWidth * kLanes];
    std::memcpy(words, in, sizeof(words));
    constexpr std::uint32_t kMask = kWidth == 32 ? ~0u : (1u << (kWidth % 32)) - 1;
#pragma GCC unroll 32
    for (unsigned row = 0; row < kRows; ++row) {
      const unsigned bit = row * kWidth;
      const unsigned word = bit / 32, shift = bit % 32;
      for (unsigned lane = 0; lane < kLanes; ++lane) {
        std::uint32_t v = words[word * kLanes + lane] >> shift;
        if (shift + kWidth > 32) v |= words[(word + 1) * kLanes + lane] << (32 - shift);
        values[row * kLanes + lane] = (v & kMask) + kMore;
      }
    }
  }
}

/// Whether the varints are of one byte each. So are nearly all, so this is predicted.
bool are_short(const std::uint8_t* in, const std::uint8_t* end, unsigned num_varints) {
  if (static_cast<std::size_t>(end - in) < num_varints + std::size_t{7}) return false;
  std::uint64_t found = 0;
  for (unsigned i = 0; i < num_varints; i += 8) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, in + i, sizeof(bytes));
    found |= high_bits(bytes, std::min(num_varints - i, 8u));
  }
  return found == 0;
}

using PackFunction = void (*)(const std::uint32_t*, std::uint8_t*);
using UnpackFunction = void (*)(const std::uint8_t*, std::uint32_t*);

template <unsigned... kWidths>
constexpr std::array<PackFunction, sizeof...(kWidths)> pack_functions(
    std::integer_sequence<unsigned, kWidths...>) {
  return {pack<kWidths>...};
}
template <std::uint32_t kMore, unsigned... kWidths>
constexpr std::array<UnpackFunction, sizeof...(kWidths)> unpack_functions(
    std::integer_sequence<unsigned, kWidths...>) {
  return {unpack<kWidths, kMore>...};
}
constexpr auto kPack = pack_functions(std::make_integer_sequence<unsigned, 33>());
template <std::uint32_t kMore>
constexpr auto kUnpack = unpack_functions<kMore>(std::make_integer_sequence<unsigned, 33>());

/// Decodes a block and adds kMore, which is 0 or 1, to each value.
template <std::uint32_t kMore>
const std::uint8_t* decode(const std::uint8_t* in, const std::uint8_t* end, std::uint32_t* values) {
  if (end - in < 2) return nullptr;
  const unsigned width = in[0], num_exceptions = in[1];
  in += 2;
  const std::size_t fixed = std::size_t{16} * width + num_exceptions;
  if (width > 32 || num_exceptions > kBlockValues || (width == 32 && num_exceptions != 0) ||
      static_cast<std::size_t>(end - in) < fixed) {
    return nullptr;
  }
  const auto add_high_bits = [=](std::size_t index, std::uint32_t high) {
    values[index] = ((values[index] - kMore) | high << width) + kMore;
  };
  kUnpack<kMore>[width](in, values);
  const std::uint8_t* const packed = in;
  const std::uint8_t* const indices = in + std::size_t{16} * width;
  in += fixed;
  if (width < 25 && static_cast<std::size_t>(end - in) >= num_exceptions) {
    // Nearly all varints are of one byte each; if one is not, it is seen afterwards. The values
    // then have 31 bits at most, so that 1 can be added.
    std::uint8_t seen_indices = 0, seen_highs = 0;
    for (unsigned e = 0; e < num_exceptions; ++e) {
      seen_indices |= indices[e];
      seen_highs |= in[e];
      add_high_bits(indices[e] % kBlockValues, in[e]);
    }
    if (seen_highs < 0x80) return seen_indices < kBlockValues ? in + num_exceptions : nullptr;
    kUnpack<kMore>[width](packed, values);
  }
  for (unsigned e = 0; e < num_exceptions; ++e) {
    std::uint32_t high = 0;
    in = get_varint32(in, end, &high);
    if (in == nullptr || indices[e] >= kBlockValues) return nullptr;
    if (width != 0 && high >> (32 - width) != 0) return nullptr;
    add_high_bits(indices[e], high);
  }
  if (kMore == 1 && std::find(values, values + kBlockValues, 0u) != values + kBlockValues) {
    return nullptr;  // The largest has run over.
  }
  return in;
}

}  // namespace

std::uint8_t* encode_packed(const std::uint32_t* values, std::uint8_t* out) {
  BlockShape shape;
  find_block_shape(values, &shape);
  out[0] = static_cast<std::uint8_t>(shape.width);
  out[1] = static_cast<std::uint8_t>(shape.num_exceptions);
  out += 2;
  kPack[shape.width](values, out);
  out += std::size_t{16} * shape.width;
  std::memcpy(out, shape.exceptions, shape.num_exceptions);
  out += shape.num_exceptions;
  for (std::uint32_t e = 0; e < shape.num_exceptions; ++e) {
    out = put_varint(out, values[shape.exceptions[e]] >> shape.width);
  }
  return out;
}

const std::uint8_t* decode_packed(const std::uint8_t* in, const std::uint8_t* end,
                                  std::uint32_t* values) {
  return decode<0>(in, end, values);
}

const std::uint8_t* decode_packed_plus_one(const std::uint8_t* in, const std::uint8_t* end,
                                           std::uint32_t* values) {
  return decode<1>(in, end, values);
}

const std::uint8_t* skip_packed(const std::uint8_t* in, const std::uint8_t* end) {
  if (end - in < 2) return nullptr;
  const std::size_t fixed = std::size_t{16} * in[0] + in[1];
  unsigned left = in[1];
  in += 2;
  if (static_cast<std::size_t>(end - in) < fixed) return nullptr;
  in += fixed;
  if (are_short(in, end, left)) return in + left;
  while (left > 0) {
    if (in == end) return nullptr;
    left -= *in++ < 0x80;
  }
  return in;
}

}  // namespace spimi
