// The oracle itself, held to the Unicode Character Database.

#include "support/reference_tokenizer.h"

#include <gtest/gtest.h>
#include <unicode/uchar.h>

#include <fstream>
#include <map>
#include <sstream>

#include "support/random_text.h"
#include "text/word_break_test_file.h"

namespace spimi::testing {
namespace {

TEST(ReferenceTokenizer, FindsTheBoundariesOfTheUnicodeTestFile) {
  for (const WordBreakCase& expected : read_word_break_test()) {
    EXPECT_EQ(reference_word_boundaries(expected.text), expected.boundaries) << expected.line;
  }
}

// ICU's property data is what both the oracle and the tokenizer's tables start from.
TEST(ReferenceTokenizer, WordBreakClassesAreThoseOfTheUnicodeDatabase) {
  std::ifstream in(SPIMI_WORD_BREAK_PROPERTY);
  std::map<char32_t, std::string> listed;
  std::string line;
  while (std::getline(in, line)) {
    std::istringstream fields(line.substr(0, line.find('#')));
    std::string range, semicolon, name;
    if (!(fields >> range >> semicolon >> name)) continue;
    const auto first = static_cast<char32_t>(std::stoul(range, nullptr, 16));
    const std::size_t dots = range.find("..");
    const auto last = dots == std::string::npos
                          ? first
                          : static_cast<char32_t>(std::stoul(range.substr(dots + 2), nullptr, 16));
    for (char32_t c = first; c <= last; ++c) listed[c] = name;
  }
  ASSERT_GT(listed.size(), 10000u);
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    const auto found = listed.find(c);
    const std::string expected = found == listed.end() ? "Other" : found->second;
    const int value = u_getIntPropertyValue(static_cast<UChar32>(c), UCHAR_WORD_BREAK);
    ASSERT_EQ(u_getPropertyValueName(UCHAR_WORD_BREAK, value, U_LONG_PROPERTY_NAME), expected)
        << std::hex << static_cast<std::uint32_t>(c);
  }
}

// The examples of the Unicode Standard, section 3.9, tables 3-8 to 3-11.
TEST(ReferenceTokenizer, ReadsEachMaximalIllFormedPartAsOneReplacementCharacter) {
  EXPECT_EQ(reference_decode("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"),
            U"\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\u0041");
  EXPECT_EQ(reference_decode("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"),
            U"\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\u0041");
  EXPECT_EQ(reference_decode("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"),
            U"\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\u0041\uFFFD\uFFFD\u0042");
  EXPECT_EQ(reference_decode("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"),
            U"\uFFFD\uFFFD\uFFFD\uFFFD\u0041");
  EXPECT_EQ(reference_decode("\xF0\x9F\x91"), U"\uFFFD");
}

TEST(ReferenceTokenizer, ALineAtATimeHasTheBoundariesOfTheWhole) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(seed);
  Random random(seed);
  for (int round = 0; round < 300; ++round) {
    const std::string text = random_text(random, 40) + "\n" + random_text(random, 40);
    const std::u32string decoded = reference_decode(text);
    const std::vector<std::size_t> boundaries = reference_word_boundaries(decoded);
    std::vector<ReferenceToken> expected;
    for (std::size_t b = 1; b < boundaries.size(); ++b) {
      const std::u32string segment =
          decoded.substr(boundaries[b - 1], boundaries[b] - boundaries[b - 1]);
      const std::string term = reference_term(segment);
      if (term.empty()) continue;
      const bool overlong = reference_encode(segment).size() > 255;
      expected.push_back({overlong ? "" : term, overlong});
    }
    ASSERT_EQ(reference_tokenize(text), expected);
  }
}

}  // namespace
}  // namespace spimi::testing
