#pragma once

#include <cstdint>

namespace spimi {

/// Word_Break property values of UAX #29, with Extended_Pictographic folded in (rule WB3c asks for
/// it): the values that generate_unicode_tables writes and the rules read.
enum WordBreak : std::uint8_t {
  kOther,
  kCr,
  kLf,
  kNewline,
  kExtend,
  kZwj,
  kFormat,
  kKatakana,
  kALetter,
  kHebrewLetter,
  kMidLetter,
  kMidNum,
  kMidNumLet,
  kSingleQuote,
  kDoubleQuote,
  kNumeric,
  kExtendNumLet,
  kRegionalIndicator,
  kWSegSpace,
  kOtherPictographic,
  kALetterPictographic,
  kNumWordBreaks,
};

/// A code point's entry in the tables: its WordBreak in the low five bits, and these flags.
inline constexpr std::uint8_t kWordBreakMask = 0x1F;
inline constexpr std::uint8_t kLetterOrNumber = 0x20;  ///< General_Category L or N.
inline constexpr std::uint8_t kHasTerm = 0x40;         ///< Its NFKC_Casefold is not empty.
/// It is its own NFKC_Casefold next to anything with this flag: quick check "yes", combining class
/// 0.
inline constexpr std::uint8_t kOwnTerm = 0x80;

inline constexpr unsigned kPropertyBlockShift = 7;
inline constexpr unsigned kPropertyBlockSize = 1u << kPropertyBlockShift;

}  // namespace spimi
