#include "base/packed_block.h"

#include <array>
#include <bit>
#include <cstring>
#include <utility>

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

template <unsigned kWidth>
void unpack(const std::uint8_t* in, std::uint32_t* values) {
  if constexpr (kWidth == 0) {
    std::memset(values, 0, kBlockValues * sizeof(std::uint32_t));
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
        values[row * kLanes + lane] = v & kMask;
      }
    }
  }
}

using PackFunction = void (*)(const std::uint32_t*, std::uint8_t*);
using UnpackFunction = void (*)(const std::uint8_t*, std::uint32_t*);

template <unsigned... kWidths>
constexpr std::array<PackFunction, sizeof...(kWidths)> pack_functions(
    std::integer_sequence<unsigned, kWidths...>) {
  return {pack<kWidths>...};
}
template <unsigned... kWidths>
constexpr std::array<UnpackFunction, sizeof...(kWidths)> unpack_functions(
    std::integer_sequence<unsigned, kWidths...>) {
  return {unpack<kWidths>...};
}
constexpr auto kPack = pack_functions(std::make_integer_sequence<unsigned, 33>());
constexpr auto kUnpack = unpack_functions(std::make_integer_sequence<unsigned, 33>());

// The width that makes the block smallest; of equals the largest, which has the fewest exceptions
// to patch.
unsigned best_width(const std::uint32_t* values) {
  // Four counts of each: one alone would wait for its own last store, as most values have about the
  // same width.
  std::uint8_t counts[4][33] = {};
  for (std::size_t i = 0; i < kBlockValues; i += 4) {
    for (std::size_t k = 0; k < 4; ++k) ++counts[k][32 - std::countl_zero(values[i + k])];
  }
  std::uint8_t num_of_bits[33];
  for (std::size_t bits = 0; bits <= 32; ++bits) {
    num_of_bits[bits] = static_cast<std::uint8_t>(counts[0][bits] + counts[1][bits] +
                                                  counts[2][bits] + counts[3][bits]);
  }
  unsigned top = 32;
  while (top > 0 && num_of_bits[top] == 0) --top;
  unsigned best = top;
  std::size_t best_cost = std::size_t{16} * top;
  std::size_t num_exceptions = 0;
  for (unsigned width = top; width-- > 0;) {
    num_exceptions += num_of_bits[width + 1];
    // An exception takes two bytes or more, and a narrower width has no fewer of them.
    if (2 * num_exceptions >= best_cost) break;
    std::size_t cost = std::size_t{16} * width;
    for (unsigned bits = width + 1; bits <= top; ++bits) {
      cost += num_of_bits[bits] * (1 + (bits - width + 6) / 7);
    }
    if (cost < best_cost) {
      best_cost = cost;
      best = width;
    }
  }
  return best;
}

}  // namespace

std::uint8_t* encode_packed(const std::uint32_t* values, std::uint8_t* out) {
  const unsigned width = best_width(values);
  std::uint8_t* const head = out;
  out += 2;
  kPack[width](values, out);
  out += std::size_t{16} * width;
  unsigned num_exceptions = 0;
  if (width < 32) {
    std::uint8_t exceptions[kBlockValues];
    for (std::size_t i = 0; i < kBlockValues; ++i) {
      exceptions[num_exceptions] = static_cast<std::uint8_t>(i);
      num_exceptions += (values[i] >> width) != 0;
    }
    std::memcpy(out, exceptions, num_exceptions);
    out += num_exceptions;
    for (unsigned e = 0; e < num_exceptions; ++e) {
      out = put_varint(out, values[exceptions[e]] >> width);
    }
  }
  head[0] = static_cast<std::uint8_t>(width);
  head[1] = static_cast<std::uint8_t>(num_exceptions);
  return out;
}

const std::uint8_t* decode_packed(const std::uint8_t* in, const std::uint8_t* end,
                                  std::uint32_t* values) {
  if (end - in < 2) return nullptr;
  const unsigned width = in[0], num_exceptions = in[1];
  in += 2;
  const std::size_t fixed = std::size_t{16} * width + num_exceptions;
  if (width > 32 || num_exceptions > kBlockValues || (width == 32 && num_exceptions != 0) ||
      static_cast<std::size_t>(end - in) < fixed) {
    return nullptr;
  }
  kUnpack[width](in, values);
  const std::uint8_t* const indices = in + std::size_t{16} * width;
  in += fixed;
  for (unsigned e = 0; e < num_exceptions; ++e) {
    std::uint32_t high = 0;
    in = get_varint32(in, end, &high);
    if (in == nullptr || indices[e] >= kBlockValues) return nullptr;
    if (width != 0 && high >> (32 - width) != 0) return nullptr;
    values[indices[e]] |= high << width;
  }
  return in;
}

const std::uint8_t* skip_packed(const std::uint8_t* in, const std::uint8_t* end) {
  if (end - in < 2) return nullptr;
  const std::size_t fixed = std::size_t{16} * in[0] + in[1];
  unsigned left = in[1];
  in += 2;
  if (static_cast<std::size_t>(end - in) < fixed) return nullptr;
  in += fixed;
  while (left > 0) {
    if (in == end) return nullptr;
    left -= *in++ < 0x80;
  }
  return in;
}

}  // namespace spimi
