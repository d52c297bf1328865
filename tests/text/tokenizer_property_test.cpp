// The tokenizer against the oracle: every short sequence of word break classes, and random texts in
// chunks of all sizes.

#include <gtest/gtest.h>

#include <algorithm>

#include "support/random_text.h"
#include "support/sanitized.h"
#include "text/chunks.h"
#include "text/tokenizer.h"

namespace spimi::testing {
namespace {

using namespace std::string_literals;

/// At least one of each word break class, of those with a second property that matters, and of each
/// way to be ill-formed.
const std::vector<std::string>& alphabet() {
  static const std::vector<std::string> characters = {
      "a",
      "B",
      "1",
      "_",
      " ",
      ":",
      ".",
      "'",
      ",",
      "\"",
      "-",
      "\r",
      "\0"s,
      "\u00e9",        // ALetter
      "\u0800",        // ALetter, the first one of three bytes
      "\u2139",        // ALetter, pictographic
      "\u05d0",        // Hebrew_Letter
      "\u0663",        // Numeric
      "\u30ab",        // Katakana
      "\u6f22",        // Other, a letter
      "\u00b7",        // MidLetter
      "\u2019",        // MidNumLet
      "\u203f",        // ExtendNumLet
      "\u0301",        // Extend
      "\uff9e",        // Extend, a letter
      "\u00ad",        // Format
      "\u200d",        // ZWJ
      "\u3000",        // WSegSpace
      "\u2028",        // Newline
      "\u3164",        // ALetter that folds to nothing
      "\u2764",        // Other, pictographic
      "\U0001f1e9",    // Regional_Indicator
      "\xff",          // ill-formed at once
      "\xe2\x80",      // cut short by what follows
      "\xe0\x9f\xbf",  // overlong
      "\xed\xa0\x80",  // a surrogate
  };
  return characters;
}

class TokenizerProperty : public ::testing::TestWithParam<Tokenizer> {};
INSTANTIATE_TEST_SUITE_P(Tokenizer, TokenizerProperty,
                         ::testing::Values(Tokenizer::kUnicode, Tokenizer::kAlpha),
                         [](const auto& tokenizer) {
                           return std::string(tokenizer.param == Tokenizer::kAlpha ? "alpha"
                                                                                   : "unicode");
                         });

TEST_P(TokenizerProperty, EverySequenceOfThreeCharactersCutEverywhere) {
  const TokenizerOptions options{GetParam(), 255};
  ChunkedText chunked(options);
  // Long enough around it that the path for stretches of ASCII takes part.
  const std::string before = "plain words before it ";
  const std::string behind = " and more of them behind it";
  for (const std::string& a : alphabet()) {
    for (const std::string& b : alphabet()) {
      for (const std::string& c : alphabet()) {
        const std::string text = a + b + c;
        const std::vector<ReferenceToken> expected = reference_tokenize(text, options);
        ASSERT_EQ(chunked.tokens(text), expected) << ::testing::PrintToString(text);
        ASSERT_EQ(chunked.tokens(text, cuts_every(1, text.size())), expected)
            << ::testing::PrintToString(text);
        const std::string within = before + text + behind;
        ASSERT_EQ(chunked.tokens(within), reference_tokenize(within, options))
            << ::testing::PrintToString(within);
      }
    }
  }
}

// What joins two letters asks for the byte behind it, which may be the first of the next block.
TEST(TokenizerSequences, LettersJoinedAtTheEndOfABlock) {
  ChunkedText chunked;
  for (std::size_t before = 0; before < 130; ++before) {
    for (const char* const joined :
         {"a.\u00e9", "a:\u0101", "a'\u03b1", "a.\u044f", "a.b", "a:B"}) {
      const std::string text =
          std::string(before, ' ') + joined + " and words behind it, to the end";
      ASSERT_EQ(chunked.tokens(text), reference_tokenize(text, TokenizerOptions{}))
          << before << " blanks before " << joined;
    }
  }
}

TEST(TokenizerSequences, EverySequenceOfFourCharacters) {
  ChunkedText chunked;
  Random random(test_seed());
  const std::size_t step = kSanitized ? 6 : 1;
  for (std::size_t first = random_below(random, step); first < alphabet().size(); first += step) {
    const std::string& a = alphabet()[first];
    for (const std::string& b : alphabet()) {
      std::string text;  // Many lines in one text, for speed.
      for (const std::string& c : alphabet()) {
        for (const std::string& d : alphabet()) text += a + b + c + d + "\n";
      }
      const std::vector<ReferenceToken> expected = reference_tokenize(text);
      const std::vector<ReferenceToken> actual = chunked.tokens(text);
      const auto [difference, other] =
          std::mismatch(actual.begin(), actual.end(), expected.begin(), expected.end());
      ASSERT_TRUE(difference == actual.end() && other == expected.end())
          << "after " << ::testing::PrintToString(a + b) << ", token " << other - expected.begin()
          << ": expected " << (other == expected.end() ? "no more" : other->term);
    }
  }
}

TEST_P(TokenizerProperty, RandomTextsInChunksOfEverySize) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(seed);
  Random random(seed);
  for (int round = 0; round < 60; ++round) {
    TokenizerOptions options{GetParam(), 255};
    if (round % 3 == 0)
      options.max_token_bytes = 1 + static_cast<std::uint32_t>(random_below(random, 20));
    const std::string text = random_text(random, random_below(random, 60));
    const std::vector<ReferenceToken> expected = reference_tokenize(text, options);
    ChunkedText chunked(options);
    const std::size_t largest = std::min<std::size_t>(text.size(), 200);
    for (std::size_t chunk_bytes = 1; chunk_bytes <= largest; ++chunk_bytes) {
      ASSERT_EQ(chunked.tokens(text, cuts_every(chunk_bytes, text.size())), expected)
          << "chunks of " << chunk_bytes << ", limit " << options.max_token_bytes << ", text "
          << ::testing::PrintToString(text);
    }
    ASSERT_EQ(chunked.tokens(text), expected) << ::testing::PrintToString(text);
  }
}

TEST_P(TokenizerProperty, RandomTextsCutAtRandom) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(seed);
  Random random(seed);
  ChunkedText with_usual_limit({GetParam(), 255});
  for (int round = 0; round < 2000; ++round) {
    const std::string text = random_text(random, 1 + random_below(random, 80));
    const std::vector<std::size_t> cuts = random_cuts(random, text.size());
    ASSERT_EQ(with_usual_limit.tokens(text, cuts), reference_tokenize(text, {GetParam(), 255}))
        << "cuts " << ::testing::PrintToString(cuts) << ", text " << ::testing::PrintToString(text);
  }
}

// Mostly plain text with something rare in it, as in real corpora: each change between the paths,
// at every alignment.
TEST_P(TokenizerProperty, RareCharactersInLongAsciiText) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(seed);
  Random random(seed);
  constexpr std::string_view kAscii = "aaabcdeABC019_.:',;\"-  \n";
  for (int round = 0; round < 400; ++round) {
    std::string text;
    const std::size_t num_bytes = round % 20 == 0 ? 20000 : random_below(random, 1000);
    const std::size_t rarity = 10 + random_below(random, 300);
    while (text.size() < num_bytes) {
      if (random_below(random, rarity) == 0) {
        text += text_fragments()[random_below(random, text_fragments().size())];
      } else {
        text += kAscii[random_below(random, kAscii.size())];
      }
    }
    const TokenizerOptions options{GetParam(), round % 2 == 0 ? 255u : 12u};
    const std::vector<std::size_t> cuts = random_cuts(random, text.size());
    const std::vector<ReferenceToken> expected = reference_tokenize(text, options);
    ChunkedText chunked(options);
    ASSERT_EQ(chunked.tokens(text), expected) << ::testing::PrintToString(text);
    ASSERT_EQ(chunked.tokens(text, cuts), expected)
        << "cuts " << ::testing::PrintToString(cuts) << ", text " << ::testing::PrintToString(text);
  }
}

}  // namespace
}  // namespace spimi::testing
