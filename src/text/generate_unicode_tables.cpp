// Writes unicode_tables.inc: a two-stage table of code point properties, from ICU's. Run by the
// build.

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uversion.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <vector>

#include "text/word_break.h"

namespace {

using spimi::WordBreak;

WordBreak word_break(UChar32 c) {
  const bool pictographic = u_hasBinaryProperty(c, UCHAR_EXTENDED_PICTOGRAPHIC);
  switch (u_getIntPropertyValue(c, UCHAR_WORD_BREAK)) {
    case U_WB_OTHER:
      return pictographic ? spimi::kOtherPictographic : spimi::kOther;
    case U_WB_ALETTER:
      return pictographic ? spimi::kALetterPictographic : spimi::kALetter;
    case U_WB_CR:
      return spimi::kCr;
    case U_WB_LF:
      return spimi::kLf;
    case U_WB_NEWLINE:
      return spimi::kNewline;
    case U_WB_EXTEND:
      return spimi::kExtend;
    case U_WB_ZWJ:
      return spimi::kZwj;
    case U_WB_FORMAT:
      return spimi::kFormat;
    case U_WB_KATAKANA:
      return spimi::kKatakana;
    case U_WB_HEBREW_LETTER:
      return spimi::kHebrewLetter;
    case U_WB_MIDLETTER:
      return spimi::kMidLetter;
    case U_WB_MIDNUM:
      return spimi::kMidNum;
    case U_WB_MIDNUMLET:
      return spimi::kMidNumLet;
    case U_WB_SINGLE_QUOTE:
      return spimi::kSingleQuote;
    case U_WB_DOUBLE_QUOTE:
      return spimi::kDoubleQuote;
    case U_WB_NUMERIC:
      return spimi::kNumeric;
    case U_WB_EXTENDNUMLET:
      return spimi::kExtendNumLet;
    case U_WB_REGIONAL_INDICATOR:
      return spimi::kRegionalIndicator;
    case U_WB_WSEGSPACE:
      return spimi::kWSegSpace;
    default:
      std::fprintf(stderr, "U+%04X has a Word_Break value that Unicode 15.0 does not know\n",
                   static_cast<unsigned>(c));
      std::exit(1);
  }
}

std::uint8_t properties(UChar32 c, const icu::Normalizer2& nfkc_casefold) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::UnicodeString text(c);
  const bool normalized = nfkc_casefold.quickCheck(text, status) == UNORM_YES;
  const bool has_term = !nfkc_casefold.normalize(text, status).isEmpty();
  if (U_FAILURE(status)) {
    std::fprintf(stderr, "U+%04X: %s\n", static_cast<unsigned>(c), u_errorName(status));
    std::exit(1);
  }
  unsigned bits = word_break(c);
  if ((U_GET_GC_MASK(c) & (U_GC_L_MASK | U_GC_N_MASK)) != 0) bits |= spimi::kLetterOrNumber;
  if (has_term) bits |= spimi::kHasTerm;
  if (normalized && u_getCombiningClass(c) == 0) bits |= spimi::kOwnTerm;
  return static_cast<std::uint8_t>(bits);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: generate_unicode_tables OUTPUT\n");
    return 2;
  }
  UVersionInfo version;
  u_getUnicodeVersion(version);
  if (version[0] != 15 || version[1] != 0) {
    std::fprintf(stderr,
                 "this ICU has Unicode %d.%d, but indexes are defined by Unicode 15.0 (ICU 72)\n",
                 version[0], version[1]);
    return 1;
  }
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfkc_casefold = icu::Normalizer2::getNFKCCasefoldInstance(status);
  if (U_FAILURE(status)) return 1;

  using Block = std::array<std::uint8_t, spimi::kPropertyBlockSize>;
  std::vector<Block> blocks;
  std::map<Block, std::size_t> index_of;
  std::vector<std::size_t> stage1;
  for (UChar32 first = 0; first <= 0x10FFFF; first += spimi::kPropertyBlockSize) {
    Block block;
    for (UChar32 i = 0; i < static_cast<UChar32>(spimi::kPropertyBlockSize); ++i) {
      block[static_cast<std::size_t>(i)] = properties(first + i, *nfkc_casefold);
    }
    const auto [where, is_new] = index_of.try_emplace(block, blocks.size());
    if (is_new) blocks.push_back(block);
    stage1.push_back(where->second);
  }

  std::FILE* out = std::fopen(argv[1], "w");
  if (out == nullptr) return 1;
  std::fprintf(out, "// Made by generate_unicode_tables from Unicode %d.%d.\n", version[0],
               version[1]);
  std::fprintf(out, "constexpr std::uint16_t kPropertyBlockOf[%zu] = {", stage1.size());
  for (std::size_t i = 0; i < stage1.size(); ++i) {
    std::fprintf(out, "%s%zu,", i % 20 == 0 ? "\n" : "", stage1[i]);
  }
  std::fprintf(out, "};\nconstexpr std::uint8_t kProperties[%zu][%u] = {", blocks.size(),
               spimi::kPropertyBlockSize);
  for (const Block& block : blocks) {
    std::fprintf(out, "\n{");
    for (const std::uint8_t bits : block) std::fprintf(out, "%u,", bits);
    std::fprintf(out, "},");
  }
  std::fprintf(out, "};\n");
  return std::fclose(out) == 0 ? 0 : 1;
}
