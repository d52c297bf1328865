#pragma once

#include <cstdint>

#include "text/word_break.h"

namespace spimi {

extern const std::uint16_t* const kUnicodeBlockOf;
extern const std::uint8_t (*const kUnicodeProperties)[kPropertyBlockSize];

/// The table entry of a code point up to U+10FFFF.
inline std::uint8_t unicode_properties(char32_t code_point) {
  return kUnicodeProperties[kUnicodeBlockOf[code_point >> kPropertyBlockShift]]
                           [code_point & (kPropertyBlockSize - 1)];
}

}  // namespace spimi
