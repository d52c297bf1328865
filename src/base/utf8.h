#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace spimi {

/// One step of decoding: a code point, or a maximal ill-formed part that reads as U+FFFD.
struct Utf8Char {
  char32_t code_point;
  std::uint8_t num_bytes;  ///< Bytes consumed, 1 to 4.
  bool valid;
};

/// Decodes the character that starts at `bytes[i]`, `i < bytes.size()`. A sequence that the end of
/// `bytes` cuts short is ill-formed. Maximal parts are those of the Unicode Standard, table 3-7
/// (best practice for U+FFFD substitution).
inline Utf8Char decode_utf8(std::string_view bytes, std::size_t i) {
  constexpr Utf8Char kBad1{0xFFFD, 1, false};
  const auto at = [&](std::size_t k) { return static_cast<unsigned char>(bytes[i + k]); };
  const std::size_t left = bytes.size() - i;
  const unsigned char b0 = at(0);
  if (b0 < 0x80) return {b0, 1, true};
  if (b0 < 0xC2 || b0 > 0xF4) return kBad1;
  if (left < 2) return kBad1;
  const unsigned char b1 = at(1);
  if (b0 < 0xE0) {
    if ((b1 & 0xC0) != 0x80) return kBad1;
    return {static_cast<char32_t>((b0 & 0x1F) << 6 | (b1 & 0x3F)), 2, true};
  }
  unsigned char low = 0x80, high = 0xBF;
  if (b0 == 0xE0) low = 0xA0;
  if (b0 == 0xED) high = 0x9F;
  if (b0 == 0xF0) low = 0x90;
  if (b0 == 0xF4) high = 0x8F;
  if (b1 < low || b1 > high) return kBad1;
  if (left < 3 || (at(2) & 0xC0) != 0x80) return {0xFFFD, 2, false};
  if (b0 < 0xF0) {
    return {static_cast<char32_t>((b0 & 0x0F) << 12 | (b1 & 0x3F) << 6 | (at(2) & 0x3F)), 3, true};
  }
  if (left < 4 || (at(3) & 0xC0) != 0x80) return {0xFFFD, 3, false};
  return {static_cast<char32_t>((b0 & 0x07) << 18 | (b1 & 0x3F) << 12 | (at(2) & 0x3F) << 6 |
                                (at(3) & 0x3F)),
          4, true};
}

/// Appends `code_point` (not a surrogate, at most U+10FFFF) to `out`, which has room for 4 bytes;
/// returns the number written.
inline std::size_t encode_utf8(char32_t code_point, char* out) {
  const auto put = [&](int k, char32_t bits) { out[k] = static_cast<char>(bits); };
  if (code_point < 0x80) {
    put(0, code_point);
    return 1;
  }
  if (code_point < 0x800) {
    put(0, 0xC0 | code_point >> 6);
    put(1, 0x80 | (code_point & 0x3F));
    return 2;
  }
  if (code_point < 0x10000) {
    put(0, 0xE0 | code_point >> 12);
    put(1, 0x80 | (code_point >> 6 & 0x3F));
    put(2, 0x80 | (code_point & 0x3F));
    return 3;
  }
  put(0, 0xF0 | code_point >> 18);
  put(1, 0x80 | (code_point >> 12 & 0x3F));
  put(2, 0x80 | (code_point >> 6 & 0x3F));
  put(3, 0x80 | (code_point & 0x3F));
  return 4;
}

}  // namespace spimi
