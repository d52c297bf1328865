#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace spimi {

/// The number of bytes, at most 8, that eight and eight bytes begin with in common.
inline std::size_t common_bytes(const char* a, const char* b) {
  std::uint64_t x, y;
  std::memcpy(&x, a, 8);
  std::memcpy(&y, b, 8);
  // Little-endian: the first byte that differs is the lowest.
  return static_cast<std::size_t>(std::countr_zero(x ^ y)) / 8;
}

/// The number of bytes that two strings begin with in common.
inline std::size_t common_prefix(std::string_view a, std::string_view b) {
  const std::size_t most = std::min(a.size(), b.size());
  std::size_t i = 0;
  for (; i + 8 <= most; i += 8) {
    const std::size_t common = common_bytes(a.data() + i, b.data() + i);
    if (common < 8) return i + common;
  }
  while (i < most && a[i] == b[i]) ++i;
  return i;
}

}  // namespace spimi
