#pragma once

#include <cstddef>
#include <cstdint>

#include "text/tokenizer.h"

namespace spimi {

/// The vector code of the tokenizers, picked for the processor at run time (Highway). All targets
/// give the same result. Each reads up to 64 bytes behind the text it is given.
///
/// *Plain* text is ASCII and letters of two bytes in UTF-8 that UAX #29 treats like those of ASCII:
/// the Latin and Cyrillic ones below, which are all of the texts of some hundred languages.

/// The letters begin with one of these bytes; all code points that do are such letters, but for ×
/// and ÷.
constexpr bool is_plain_lead(unsigned char byte) {
  return (byte >= 0xC3 && byte <= 0xCA) || byte == 0xD0 || byte == 0xD1;
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
