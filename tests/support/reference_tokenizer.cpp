#include "support/reference_tokenizer.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <ostream>
#include <stdexcept>

namespace spimi::testing {
namespace {

/// A word break class; U_WB_OTHER also stands for "nothing there".
using WordBreak = int;

WordBreak word_break(char32_t c) {
  return u_getIntPropertyValue(static_cast<UChar32>(c), UCHAR_WORD_BREAK);
}

bool is_newline(WordBreak wb) { return wb == U_WB_CR || wb == U_WB_LF || wb == U_WB_NEWLINE; }

bool is_ignored(WordBreak wb) { return wb == U_WB_EXTEND || wb == U_WB_FORMAT || wb == U_WB_ZWJ; }

bool is_ahletter(WordBreak wb) { return wb == U_WB_ALETTER || wb == U_WB_HEBREW_LETTER; }

bool is_mid_num_let_q(WordBreak wb) { return wb == U_WB_MIDNUMLET || wb == U_WB_SINGLE_QUOTE; }

/// WB5 to WB16 without a break between `prev` and `cur`. WB4 has been applied: the classes are
/// those of the neighbours that are not ignored. `num_regional` counts the regional indicators that
/// end in `prev`.
bool joins(WordBreak prev2, WordBreak prev, WordBreak cur, WordBreak next,
           std::size_t num_regional) {
  const auto mid_letter = [](WordBreak wb) { return wb == U_WB_MIDLETTER || is_mid_num_let_q(wb); };
  const auto mid_num = [](WordBreak wb) { return wb == U_WB_MIDNUM || is_mid_num_let_q(wb); };
  const auto word_part = [](WordBreak wb) {
    return is_ahletter(wb) || wb == U_WB_NUMERIC || wb == U_WB_KATAKANA;
  };
  constexpr WordBreak kHebrew = U_WB_HEBREW_LETTER;

  if (is_ahletter(prev) && is_ahletter(cur)) return true;                            // WB5
  if (is_ahletter(prev) && mid_letter(cur) && is_ahletter(next)) return true;        // WB6
  if (is_ahletter(prev2) && mid_letter(prev) && is_ahletter(cur)) return true;       // WB7
  if (prev == kHebrew && cur == U_WB_SINGLE_QUOTE) return true;                      // WB7a
  if (prev == kHebrew && cur == U_WB_DOUBLE_QUOTE && next == kHebrew) return true;   // WB7b
  if (prev2 == kHebrew && prev == U_WB_DOUBLE_QUOTE && cur == kHebrew) return true;  // WB7c
  if (prev == U_WB_NUMERIC && cur == U_WB_NUMERIC) return true;                      // WB8
  if (is_ahletter(prev) && cur == U_WB_NUMERIC) return true;                         // WB9
  if (prev == U_WB_NUMERIC && is_ahletter(cur)) return true;                         // WB10
  if (prev2 == U_WB_NUMERIC && mid_num(prev) && cur == U_WB_NUMERIC) return true;    // WB11
  if (prev == U_WB_NUMERIC && mid_num(cur) && next == U_WB_NUMERIC) return true;     // WB12
  if (prev == U_WB_KATAKANA && cur == U_WB_KATAKANA) return true;                    // WB13
  if ((word_part(prev) || prev == U_WB_EXTENDNUMLET) && cur == U_WB_EXTENDNUMLET)
    return true;                                                   // WB13a
  if (prev == U_WB_EXTENDNUMLET && word_part(cur)) return true;    // WB13b
  return cur == U_WB_REGIONAL_INDICATOR && num_regional % 2 == 1;  // WB15, WB16
}

void tokenize_line(std::string_view line, const TokenizerOptions& options,
                   std::vector<ReferenceToken>* tokens) {
  const std::u32string text = reference_decode(line);
  const std::vector<std::size_t> boundaries = reference_word_boundaries(text);
  for (std::size_t b = 1; b < boundaries.size(); ++b) {
    const auto segment =
        std::u32string_view(text).substr(boundaries[b - 1], boundaries[b] - boundaries[b - 1]);
    std::string term = reference_term(segment);
    if (term.empty()) continue;
    if (reference_encode(segment).size() > options.max_token_bytes) {
      tokens->push_back({"", true});
    } else {
      tokens->push_back({std::move(term), false});
    }
  }
}

std::vector<ReferenceToken> tokenize_alpha(std::string_view text, std::size_t max_token_bytes) {
  std::vector<ReferenceToken> tokens;
  std::string run;
  const auto end_run = [&] {
    if (run.size() > max_token_bytes) {
      tokens.push_back({"", true});
    } else if (!run.empty()) {
      tokens.push_back({run, false});
    }
    run.clear();
  };
  for (const char c : text) {
    if ('a' <= c && c <= 'z') {
      run += c;
    } else if ('A' <= c && c <= 'Z') {
      run += static_cast<char>(c - 'A' + 'a');
    } else {
      end_run();
    }
  }
  end_run();
  return tokens;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const ReferenceToken& token) {
  if (token.overlong) return out << "(overlong)";
  return out << '"' << token.term << '"';
}

std::u32string reference_decode(std::string_view bytes) {
  std::u32string text;
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const auto size = static_cast<std::int64_t>(bytes.size());
  for (std::int64_t i = 0; i < size;) {
    UChar32 c = 0;
    U8_NEXT_OR_FFFD(data, i, size, c);  // NOLINT: the macro moves i
    text += static_cast<char32_t>(c);
  }
  return text;
}

std::string reference_encode(std::u32string_view text) {
  std::string bytes;
  for (const char32_t c : text) {
    char buffer[U8_MAX_LENGTH];
    int size = 0;
    U8_APPEND_UNSAFE(buffer, size, static_cast<UChar32>(c));
    bytes.append(buffer, static_cast<std::size_t>(size));
  }
  return bytes;
}

std::vector<std::size_t> reference_word_boundaries(std::u32string_view text) {
  if (text.empty()) return {};
  std::vector<WordBreak> wb;
  for (const char32_t c : text) wb.push_back(word_break(c));

  // joined[i]: no break before code point i. base: the code points that WB4 does not make part of
  // the one before.
  std::vector<bool> joined(text.size(), false);
  std::vector<std::size_t> base{0};
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (wb[i - 1] == U_WB_CR && wb[i] == U_WB_LF) {  // WB3
      joined[i] = true;
    } else if (is_newline(wb[i - 1]) || is_newline(wb[i])) {  // WB3a, WB3b
    } else if (wb[i - 1] == U_WB_ZWJ && u_hasBinaryProperty(static_cast<UChar32>(text[i]),
                                                            UCHAR_EXTENDED_PICTOGRAPHIC)) {  // WB3c
      joined[i] = true;
    } else if (wb[i - 1] == U_WB_WSEGSPACE && wb[i] == U_WB_WSEGSPACE) {  // WB3d
      joined[i] = true;
    } else if (is_ignored(wb[i])) {  // WB4
      joined[i] = true;
      continue;
    }
    base.push_back(i);
  }

  const auto class_at = [&](std::size_t k) -> WordBreak {
    return k < base.size() ? wb[base[k]] : U_WB_OTHER;
  };
  std::size_t num_regional = 0;
  for (std::size_t k = 1; k < base.size(); ++k) {
    num_regional = class_at(k - 1) == U_WB_REGIONAL_INDICATOR ? num_regional + 1 : 0;
    const WordBreak prev2 = k >= 2 ? class_at(k - 2) : U_WB_OTHER;
    if (joins(prev2, class_at(k - 1), class_at(k), class_at(k + 1), num_regional)) {
      joined[base[k]] = true;
    }
  }

  std::vector<std::size_t> boundaries{0};  // WB1
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (!joined[i]) boundaries.push_back(i);  // WB999
  }
  boundaries.push_back(text.size());  // WB2
  return boundaries;
}

std::string reference_term(std::u32string_view segment) {
  const bool is_token = std::any_of(segment.begin(), segment.end(), [](char32_t c) {
    return (U_GET_GC_MASK(static_cast<UChar32>(c)) & (U_GC_L_MASK | U_GC_N_MASK)) != 0;
  });
  if (!is_token) return {};
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* const casefold = icu::Normalizer2::getNFKCCasefoldInstance(status);
  if (U_FAILURE(status)) throw std::runtime_error(u_errorName(status));
  const icu::UnicodeString folded = casefold->normalize(
      icu::UnicodeString::fromUTF32(reinterpret_cast<const UChar32*>(segment.data()),
                                    static_cast<std::int32_t>(segment.size())),
      status);
  if (U_FAILURE(status)) throw std::runtime_error(u_errorName(status));
  std::string term;
  folded.toUTF8String(term);
  return term;
}

std::vector<ReferenceToken> reference_tokenize(std::string_view text,
                                               const TokenizerOptions& options) {
  if (options.kind == Tokenizer::kAlpha) return tokenize_alpha(text, options.max_token_bytes);
  std::vector<ReferenceToken> tokens;
  // A line at a time, for memory: there is always a break behind LF, and no rule looks across it.
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t newline = text.find('\n', begin);
    const std::size_t end = newline == std::string_view::npos ? text.size() : newline + 1;
    tokenize_line(text.substr(begin, end - begin), options, &tokens);
    begin = end;
  }
  return tokens;
}

}  // namespace spimi::testing
