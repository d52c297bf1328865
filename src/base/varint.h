#pragma once

#include <cstddef>
#include <cstdint>

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

}  // namespace spimi
