#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace spimi {

inline constexpr std::size_t kMaxVarint32Bytes = 5;
inline constexpr std::size_t kMaxVarint64Bytes = 10;

/// Writes `value` as LEB128 at `out`, which has room for kMaxVarint64Bytes; returns the end.
inline std::uint8_t* put_varint(std::uint8_t* out, std::uint64_t value) {
  while (value >= 0x80) {
    *out++ = static_cast<std::uint8_t>(value | 0x80);
    value >>= 7;
  }
  *out++ = static_cast<std::uint8_t>(value);
  return out;
}

/// The same where it cannot be foretold how many bytes the value takes: no branch depends on that,
/// but for the largest ones.
inline std::uint8_t* put_varint_blindly(std::uint8_t* out, std::uint64_t value) {
  if (value >= std::uint64_t{1} << 28) [[unlikely]]
    return put_varint(out, value);
  const auto v = static_cast<std::uint32_t>(value);
  const unsigned num_more = unsigned{v >= 1u << 7} + (v >= 1u << 14) + (v >= 1u << 21);
  const std::uint32_t more = 0x80808080u & ((1u << 8 * num_more) - 1);
  const std::uint32_t bytes =
      (v & 0x7F) | (v & 0x3F80) << 1 | (v & 0x1FC000) << 2 | (v & 0xFE00000) << 3 | more;
  std::memcpy(out, &bytes, sizeof(bytes));  // little-endian
  return out + 1 + num_more;
}

/// The number of bytes that put_varint writes.
inline std::size_t varint_size(std::uint64_t value) {
  const int bits = 64 - __builtin_clzll(value | 1);
  return static_cast<std::size_t>(bits + 6) / 7;
}

/// Reads a varint from [in, end). Returns the byte after it, or nullptr when it is cut short or
/// does not fit.
inline const std::uint8_t* get_varint64(const std::uint8_t* in, const std::uint8_t* end,
                                        std::uint64_t* value) {
  std::uint64_t result = 0;
  for (unsigned shift = 0; shift < 64 && in < end; shift += 7) {
    const std::uint64_t byte = *in++;
    if (shift == 63 && byte > 1) return nullptr;
    result |= (byte & 0x7F) << shift;
    if (byte < 0x80) {
      *value = result;
      return in;
    }
  }
  return nullptr;
}

inline const std::uint8_t* get_varint32(const std::uint8_t* in, const std::uint8_t* end,
                                        std::uint32_t* value) {
  if (in < end && *in < 0x80) {
    *value = *in;
    return in + 1;
  }
  std::uint64_t wide = 0;
  const std::uint8_t* next = get_varint64(in, end, &wide);
  if (next == nullptr || next - in > 5 || wide > 0xFFFFFFFFu) return nullptr;
  *value = static_cast<std::uint32_t>(wide);
  return next;
}

/// Of eight bytes, the high bits of the first `size`, which is at least 1: none if these are
/// varints of one byte each.
inline std::uint64_t high_bits(std::uint64_t bytes, std::size_t size) {
  return bytes & 0x8080808080808080u >> 8 * (8 - size);
}

/// Some numbers beside each other, up to eight, most often all below 128. `out` has room for
/// kMaxVarint64Bytes for each.
template <std::size_t kSize>
std::uint8_t* put_varints(std::uint8_t* out, const std::uint64_t (&values)[kSize]) {
  static_assert(kSize <= 8);
  std::uint64_t all = 0, bytes = 0;
  for (std::size_t i = 0; i < kSize; ++i) {
    all |= values[i];
    bytes |= values[i] << 8 * i;
  }
  if (all < 0x80) [[likely]] {
    std::memcpy(out, &bytes, sizeof(bytes));  // little-endian
    return out + kSize;
  }
  for (const std::uint64_t value : values) out = put_varint(out, value);
  return out;
}

/// What put_varints wrote, as numbers of 32 or 64 bits; else like get_varint64.
template <class Value, std::size_t kSize>
const std::uint8_t* get_varints(const std::uint8_t* in, const std::uint8_t* end,
                                Value (&values)[kSize]) {
  static_assert(kSize <= 8 && (sizeof(Value) == 4 || sizeof(Value) == 8));
  if (std::uint64_t bytes; end - in >= static_cast<std::ptrdiff_t>(sizeof(bytes))) {
    std::memcpy(&bytes, in, sizeof(bytes));
    if (high_bits(bytes, kSize) == 0) [[likely]] {
      for (std::size_t i = 0; i < kSize; ++i) values[i] = bytes >> 8 * i & 0xFF;
      return in + kSize;
    }
  }
  for (Value& value : values) {
    if constexpr (sizeof(Value) == 4) {
      in = get_varint32(in, end, &value);
    } else {
      in = get_varint64(in, end, &value);
    }
    if (in == nullptr) break;
  }
  return in;
}

}  // namespace spimi
