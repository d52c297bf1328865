#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

#include "base/common_prefix.h"

namespace spimi {

// Terms are short, and of every length: what memcpy and a loop over bytes take most time for is to
// find out how short. A padded string has bytes behind its end that may be read, and where one is
// copied to may be written; so all is done in whole pieces, without a call.

inline constexpr std::size_t kBytePadding = 16;

/// Copies `size` bytes; both strings are padded, and apart. What the padding of `to` holds is lost.
inline void copy_padded(void* to, const void* from, std::size_t size) {
  auto* const out = static_cast<char*>(to);
  const auto* const in = static_cast<const char*>(from);
  std::size_t i = 0;
  do {
    std::memcpy(out + i, in + i, kBytePadding);
    i += kBytePadding;
  } while (i < size);
}

/// The number of bytes that two padded strings begin with in common, at most `size`, which is that
/// of the shorter one.
inline std::size_t common_prefix_padded(const char* a, const char* b, std::size_t size) {
  std::size_t i = 0;
  do {
    const std::size_t common = common_bytes(a + i, b + i);
    if (common < 8) return std::min(size, i + common);
    i += 8;
  } while (i < size);
  return size;
}

/// A padded copy of a string.
class PaddedString {
 public:
  explicit PaddedString(std::string_view bytes) : bytes_(bytes), size_(bytes.size()) {
    bytes_.append(kBytePadding, '\0');
  }
  std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  std::string bytes_;
  std::size_t size_;
};

}  // namespace spimi
