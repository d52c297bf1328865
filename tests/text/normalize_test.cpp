#include "text/normalize.h"

#include <gtest/gtest.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include "support/random_text.h"
#include "support/reference_tokenizer.h"

namespace spimi::testing {
namespace {

std::string casefold(std::string_view utf8) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* const normalizer = icu::Normalizer2::getNFKCCasefoldInstance(status);
  const std::u32string text = reference_decode(utf8);
  std::string result;
  normalizer
      ->normalize(icu::UnicodeString::fromUTF32(reinterpret_cast<const UChar32*>(text.data()),
                                                static_cast<std::int32_t>(text.size())),
                  status)
      .toUTF8String(result);
  EXPECT_TRUE(U_SUCCESS(status)) << u_errorName(status);
  return result;
}

std::string term_of(std::string_view token) {
  std::string term = "left from before";
  make_term(token, &term);
  return term;
}

bool is_surrogate(char32_t c) { return 0xD800 <= c && c <= 0xDFFF; }

/// make_term is NFKC_Casefold, and is_own_term does not call a token its own term that is not.
void check_term(std::string_view token) {
  const std::string expected = casefold(token);
  ASSERT_EQ(term_of(token), expected) << "token " << ::testing::PrintToString(token);
  if (is_own_term(token)) {
    ASSERT_EQ(expected, token);
  }
}

TEST(Normalize, UnicodeVersionIsThatOfTheTables) {
  UVersionInfo version;
  u_getUnicodeVersion(version);
  EXPECT_EQ(std::to_string(version[0]) + "." + std::to_string(version[1]), kUnicodeVersion);
}

TEST(Normalize, LowerCaseAsciiIsItsOwnTerm) {
  // Only for speed may is_own_term say false, so for the commonest tokens it must not.
  EXPECT_TRUE(is_own_term("a"));
  EXPECT_TRUE(is_own_term("index"));
  EXPECT_TRUE(is_own_term("internationalization"));
  EXPECT_TRUE(is_own_term("x86_64"));
}

TEST(Normalize, TokensThatFoldAreNotTheirOwnTerm) {
  for (const char* const token :
       {"A", "indeX", "internationalizatioN", "\u00c9", "e\u0301", "\u00df", "co\u00adop", "\uff41",
        "\u115f", "a\xff", "\xc3", "\xff\uff9e"}) {
    EXPECT_FALSE(is_own_term(token)) << ::testing::PrintToString(token);
  }
}

TEST(Normalize, FoldsCaseWidthCompatibilityAndIgnorables) {
  EXPECT_EQ(term_of("MiXeD"), "mixed");
  EXPECT_EQ(term_of("Stra\u00dfe"), "strasse");
  EXPECT_EQ(term_of("\u0130"), "i\u0307");
  EXPECT_EQ(term_of("o\ufb03ce"), "office");
  EXPECT_EQ(term_of("\u2167"), "viii");
  EXPECT_EQ(term_of("e\u0301"), "\u00e9");
  EXPECT_EQ(term_of("\uff76\uff9e"), "\u30ac");
  EXPECT_EQ(term_of("co\u00adop"), "coop");
  EXPECT_EQ(term_of("\u3164"), "");
  EXPECT_EQ(term_of(""), "");
}

TEST(Normalize, ReadsIllFormedPartsAsReplacementCharacters) {
  EXPECT_EQ(term_of("a\xff"), "a\ufffd");
  EXPECT_EQ(term_of("\xf0\x9f\x91"), "\ufffd");
  EXPECT_EQ(term_of("\xc3\xc3\xa9"), "\ufffd\u00e9");
  EXPECT_EQ(term_of("\xed\xa0\x80"), "\ufffd\ufffd\ufffd");
  EXPECT_EQ(term_of("\xff\uff9e"), "\ufffd\u3099");
}

TEST(Normalize, EveryCodePointAloneAndBetweenLetters) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (is_surrogate(c)) continue;
    ASSERT_NO_FATAL_FAILURE(check_term(reference_encode({&c, 1})));
    // Most of the planes beyond the first three is unassigned and alike.
    if (c < 0x30000 || c >= 0xE0000) {
      const char32_t between[] = {U'e', c, U'\u0301'};
      ASSERT_NO_FATAL_FAILURE(check_term(reference_encode({between, 3})));
    }
  }
}

TEST(Normalize, RandomPairsOfCodePoints) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(seed);
  Random random(seed);
  for (int round = 0; round < 100000; ++round) {
    char32_t pair[2];
    for (char32_t& c : pair) {
      do {
        c = static_cast<char32_t>(random_below(random, round % 2 == 0 ? 0x3400 : 0x30000));
      } while (is_surrogate(c));
    }
    ASSERT_NO_FATAL_FAILURE(check_term(reference_encode({pair, 2})));
  }
}

TEST(Normalize, RandomTextsWithIllFormedParts) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(seed);
  Random random(seed);
  for (int round = 0; round < 5000; ++round) {
    ASSERT_NO_FATAL_FAILURE(check_term(random_text(random, 1 + random_below(random, 6))));
  }
}

}  // namespace
}  // namespace spimi::testing
