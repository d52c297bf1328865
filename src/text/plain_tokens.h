#pragma once

#include <cstddef>
#include <cstdint>

#include "text/tokenizer.h"

namespace spimi {

/// The vector code of the tokenizers, picked for the processor at run time (Highway). All targets
/// give the same result. Each reads up to 64 bytes behind the text it is given.
///
/// *Plain* text is ASCII and letters of two bytes in UTF-8 that UAX #29 treats like those of ASCII:
/// the Latin, Greek and Cyrillic ones below, which are all of the texts of some hundred languages,
/// and the stress and length marks of dictionaries.

/// The letters begin with one of these bytes.
constexpr bool is_plain_lead(unsigned char byte) {
  return (byte >= 0xC3 && byte <= 0xCB) || (byte >= 0xCE && byte <= 0xD1);
}

/// All code points that do are such letters, but for these second bytes.
constexpr bool is_plain_letter(unsigned char lead, unsigned char second) {
  if (!is_plain_lead(lead) || second < 0x80 || second > 0xBF) return false;
  switch (lead) {
    case 0xC3:  // U+00D7 and U+00F7, times and divided by
      return second != 0x97 && second != 0xB7;
    case 0xCB:  // U+02C6 to U+02D1; of the others most are symbols
      return second >= 0x86 && second <= 0x91;
    case 0xCE:  // U+0380 to U+0387, accents, a mark that joins, and gaps; three more gaps
      return second >= 0x88 && second != 0x8B && second != 0x8D && second != 0xA2;
    case 0xCF:  // U+03F6, a mathematical symbol
      return second != 0xB6;
    default:
      return true;
  }
}

/// The number of bytes, at most `size`, before the first that is not plain; letters are whole.
std::size_t plain_prefix(const char* text, std::size_t size);

/// Cuts the tokens of [text, text + size) into `batch` by the rules of UAX #29 as far as they
/// concern plain text, which it must be. text[size] is a byte that ends any token (is_hard_break).
/// Returns the bytes consumed: less than `size` when the batch is full, and then what is left
/// begins at a token.
std::size_t cut_plain(char* text, std::size_t size, std::uint32_t max_token_bytes,
                      TokenBatch* batch);

/// The same for runs of A–Z and a–z among any bytes; text[size] is no letter.
std::size_t cut_alpha(char* text, std::size_t size, std::uint32_t max_token_bytes,
                      TokenBatch* batch);

/// How many tokens one call may add at the least; a batch with less room is full.
inline constexpr std::size_t kCutRoom = 40;

/// Names of the instruction sets that can run here, and a way for tests to hold them against each
/// other.
namespace plain_testing {
std::size_t num_targets();
const char* target_name(std::size_t index);
/// All later calls use this target; num_targets() means the best again.
void use_target(std::size_t index);
}  // namespace plain_testing

}  // namespace spimi
