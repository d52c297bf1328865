#include "text/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "text/chunks.h"
#include "text/word_break_test_file.h"

namespace spimi::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr TokenizerOptions kUnicode{Tokenizer::kUnicode, 255};
constexpr TokenizerOptions kAlpha{Tokenizer::kAlpha, 255};

ReferenceToken indexed(std::string term) { return {std::move(term), false}; }
const ReferenceToken kOverlong{"", true};

std::string repeat(std::string_view part, std::size_t times) {
  std::string result;
  for (std::size_t i = 0; i < times; ++i) result += part;
  return result;
}

/// The tokens of `text` whole, which must not depend on the size of the chunks.
std::vector<ReferenceToken> tokens_of(std::string_view text,
                                      const TokenizerOptions& options = kUnicode) {
  ChunkedText chunked(options);
  const std::vector<ReferenceToken> whole = chunked.tokens(text);
  for (const std::size_t chunk_bytes : {1, 2, 3, 5, 16, 64, 100}) {
    EXPECT_EQ(chunked.tokens(text, cuts_every(chunk_bytes, text.size())), whole)
        << "chunks of " << chunk_bytes << ", text " << ::testing::PrintToString(text);
  }
  return whole;
}

std::vector<std::string> terms_of(std::string_view text,
                                  const TokenizerOptions& options = kUnicode) {
  std::vector<std::string> terms;
  for (const ReferenceToken& token : tokens_of(text, options)) {
    terms.push_back(token.overlong ? "(overlong)" : token.term);
  }
  return terms;
}

TEST(Tokenizer, GivesTheSegmentsOfTheUnicodeTestFile) {
  for (const WordBreakCase& test : read_word_break_test()) {
    std::vector<ReferenceToken> expected;
    for (std::size_t b = 1; b < test.boundaries.size(); ++b) {
      const std::size_t start = test.boundaries[b - 1];
      const std::string term =
          reference_term(std::u32string_view(test.text).substr(start, test.boundaries[b] - start));
      if (!term.empty()) expected.push_back(indexed(term));
    }
    EXPECT_EQ(tokens_of(reference_encode(test.text)), expected) << test.line;
  }
}

TEST(Tokenizer, WordsNumbersAndTheMarksInsideThem) {
  EXPECT_THAT(
      terms_of("The quick (\"brown\") fox can't jump 32.3 feet, right?"),
      ElementsAre("the", "quick", "brown", "fox", "can't", "jump", "32.3", "feet", "right"));
  EXPECT_THAT(terms_of("a.b a:b a'b a,b a;b a..b .a a. 'a'"),
              ElementsAre("a.b", "a:b", "a'b", "a", "b", "a", "b", "a", "b", "a", "a", "a"));
  EXPECT_THAT(
      terms_of("1.2 1,2 1;2 1'2 1:2 1,,2 ,1 1, a,1 1.a"),
      ElementsAre("1.2", "1,2", "1;2", "1'2", "1", "2", "1", "2", "1", "1", "a", "1", "1", "a"));
  EXPECT_THAT(terms_of("snake_case __init__ _ 3_4 a_.b x86-64"),
              ElementsAre("snake_case", "__init__", "3_4", "a_", "b", "x86", "64"));
}

TEST(Tokenizer, TermsAreCaseFoldedAndCompatibilityNormalised) {
  EXPECT_THAT(terms_of("MiXeD \u00c9t\u00e9 STRASSE Stra\u00dfe o\ufb03ce \u2167 \u00bd x\u00b2"),
              ElementsAre("mixed", "\u00e9t\u00e9", "strasse", "strasse", "office", "viii",
                          "1\u20442", "x", "2"));
  EXPECT_THAT(terms_of("e\u0301 co\u00adop don\u2019t"),
              ElementsAre("\u00e9", "coop", "don\u2019t"));
}

TEST(Tokenizer, ScriptsWithoutSpaces) {
  EXPECT_THAT(terms_of("\u6f22\u5b57\u3068\u30ab\u30bf\u30ab\u30ca"),
              ElementsAre("\u6f22", "\u5b57", "\u3068", "\u30ab\u30bf\u30ab\u30ca"));
  EXPECT_THAT(terms_of("\ud55c\uae00 \u0e44\u0e17\u0e22"),
              ElementsAre("\ud55c\uae00", "\u0e44", "\u0e17", "\u0e22"));
  EXPECT_THAT(terms_of("\uff76\uff9e"), ElementsAre("\u30ac"));
}

TEST(Tokenizer, HebrewQuotes) {
  EXPECT_THAT(terms_of("\u05d0\"\u05d1 \u05d0\" \u05d0' \u05d0\"a \"\u05d0\""),
              ElementsAre("\u05d0\"\u05d1", "\u05d0", "\u05d0'", "\u05d0", "a", "\u05d0"));
}

TEST(Tokenizer, SegmentsWithoutLetterOrNumberAreNoTokens) {
  EXPECT_THAT(terms_of(""), IsEmpty());
  EXPECT_THAT(terms_of(" \t\r\n... --- \"'\" $%& \u3000\u2028\u00a0"), IsEmpty());
  EXPECT_THAT(terms_of("\U0001f469\u200d\U0001f469 \U0001f1e9\U0001f1ea \u2764\ufe0f \u0301"),
              IsEmpty());
  EXPECT_THAT(terms_of(std::string_view("\0\0\x01\x7f", 4)), IsEmpty());
}

TEST(Tokenizer, SegmentsWithoutTermTakeNoPosition) {
  EXPECT_THAT(terms_of("a \u115f b \u3164\u1160 c \uffa0"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(terms_of("a\u115f \u3164b"), ElementsAre("a", "b"));
  // However long: it is the term that makes a token.
  EXPECT_THAT(terms_of("a " + repeat("\u3164", 200) + " b"), ElementsAre("a", "b"));
}

TEST(Tokenizer, IllFormedPartsSeparateWords) {
  EXPECT_THAT(terms_of("a\xff"
                       "b\xc3"
                       "c\xe2\x80"
                       "d\xf0\x9f\x91"
                       "e"),
              ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_THAT(terms_of("\xed\xa0\x80x\xc0\x80y\xf4\x90\x80\x80z"), ElementsAre("x", "y", "z"));
  EXPECT_THAT(terms_of("abc\xe2\x82"), ElementsAre("abc"));
}

TEST(Tokenizer, IllFormedPartsCanStartAToken) {
  // U+FF9E joins to anything before it (it is Extend) and is a letter.
  EXPECT_THAT(terms_of("\xff\uff9e"), ElementsAre("\ufffd\u3099"));
  EXPECT_THAT(terms_of("\xe2\x80\uff9e"), ElementsAre("\ufffd\u3099"));
  EXPECT_THAT(terms_of(std::string("\0", 1) + "\uff9e"),
              ElementsAre(std::string("\0", 1) + "\u3099"));
}

TEST(Tokenizer, ByteOrderMarkInsideATextIsIgnored) {
  EXPECT_THAT(terms_of("a\ufeffb \ufeff c"), ElementsAre("ab", "c"));
}

TEST(Tokenizer, AlphaTakesRunsOfAsciiLetters) {
  EXPECT_THAT(terms_of("Can't x86_64 \u00c9t\u00e9 \xff"
                       "A\xc3Z@[`{",
                       kAlpha),
              ElementsAre("can", "t", "x", "t", "a", "z"));
  EXPECT_THAT(terms_of("", kAlpha), IsEmpty());
  EXPECT_THAT(terms_of("1 2 \u00e9", kAlpha), IsEmpty());
  EXPECT_THAT(terms_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", kAlpha),
              ElementsAre("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"));
}

class EachTokenizer : public ::testing::TestWithParam<Tokenizer> {};
INSTANTIATE_TEST_SUITE_P(Tokenizer, EachTokenizer,
                         ::testing::Values(Tokenizer::kUnicode, Tokenizer::kAlpha),
                         [](const auto& tokenizer) {
                           return std::string(tokenizer.param == Tokenizer::kAlpha ? "alpha"
                                                                                   : "unicode");
                         });

TEST_P(EachTokenizer, LimitIsExactForEveryLimit) {
  for (const std::uint32_t max :
       {1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 255, 256, 1000, 4096}) {
    const std::string fits(max, 'Q');
    const std::string text = fits + " " + fits + "Q b " + fits;
    EXPECT_THAT(tokens_of(text, {GetParam(), max}),
                ElementsAre(indexed(std::string(max, 'q')), kOverlong, indexed("b"),
                            indexed(std::string(max, 'q'))))
        << max;
  }
}

TEST_P(EachTokenizer, TokenAtEveryOffsetOfABlock) {
  for (const std::size_t length : {1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 129, 255, 256}) {
    const std::string token(length, 'T');
    const ReferenceToken expected = length <= 255 ? indexed(std::string(length, 't')) : kOverlong;
    for (std::size_t offset = 0; offset <= 130; ++offset) {
      const std::string spaces(offset, ' ');
      const std::string text = spaces + token;
      ChunkedText chunked({GetParam(), 255});
      ASSERT_THAT(chunked.tokens(text), ElementsAre(expected)) << offset << ", " << length;
      ASSERT_THAT(chunked.tokens(text + " "), ElementsAre(expected)) << offset << ", " << length;
      ASSERT_THAT(chunked.tokens(text + std::string(130, ' ')), ElementsAre(expected))
          << offset << ", " << length;
      ASSERT_THAT(chunked.tokens(text + "\n" + token + spaces + " end of it"),
                  ElementsAre(expected, expected, indexed("end"), indexed("of"), indexed("it")))
          << offset << ", " << length;
    }
  }
}

TEST_P(EachTokenizer, TokenThatEndsWithTheChunk) {
  const TokenizerOptions options{GetParam(), 255};
  ChunkedText chunked(options);
  for (std::size_t length = 1; length <= 257; ++length) {
    const std::string token(length, 'w');
    const ReferenceToken whole = length <= 255 ? indexed(token) : kOverlong;
    const ReferenceToken longer = length + 1 <= 255 ? indexed(token + "x") : kOverlong;
    ASSERT_THAT(chunked.tokens(token, {length}), ElementsAre(whole)) << length;
    ASSERT_THAT(chunked.tokens(token + " ", {length}), ElementsAre(whole)) << length;
    ASSERT_THAT(chunked.tokens(token + "x", {length}), ElementsAre(longer)) << length;
  }
}

TEST_P(EachTokenizer, EmptyChunksChangeNothing) {
  ChunkedText chunked({GetParam(), 255});
  EXPECT_THAT(chunked.tokens("ab cd", {0, 0, 1, 1, 1, 2, 2, 3, 3, 5, 5}),
              ElementsAre(indexed("ab"), indexed("cd")));
  EXPECT_THAT(chunked.tokens("", {0, 0}), IsEmpty());
  chunked.begin();
  EXPECT_THAT(chunked.finish(), IsEmpty());
}

TEST_P(EachTokenizer, DocumentsAreSeparate) {
  ChunkedText chunked({GetParam(), 255});
  EXPECT_THAT(chunked.tokens("ab"), ElementsAre(indexed("ab")));
  EXPECT_THAT(chunked.tokens("cd \xe2\x82"), ElementsAre(indexed("cd")));
  EXPECT_THAT(chunked.tokens("\xac"
                             "ef"),
              ElementsAre(indexed("ef")));
  EXPECT_THAT(chunked.tokens(std::string(300, 'x')), ElementsAre(kOverlong));
  EXPECT_THAT(chunked.tokens("gh"), ElementsAre(indexed("gh")));
}

TEST_P(EachTokenizer, BeginForgetsADocumentThatWasNotFinished) {
  const TokenizerOptions options{GetParam(), 255};
  ChunkedText chunked(options);
  const std::string next = "\uff9e three";  // The mark would join to anything left over.
  for (const std::string& cut_off : {std::string("one two"), std::string("x\xe2\x82"),
                                     std::string("x:"), std::string(300, 'x')}) {
    chunked.begin();
    chunked.add(cut_off);
    chunked.begin();
    chunked.add(next);
    EXPECT_EQ(chunked.finish(), reference_tokenize(next, options)) << cut_off;
  }
}

TEST_P(EachTokenizer, MoreTokensThanABatchHolds) {
  for (const std::size_t num_tokens : {511, 512, 513, 1024, 5000}) {
    for (const char* const gap : {" ", "\n\n", " \u00a0"}) {
      std::string text;
      std::vector<ReferenceToken> expected;
      for (std::size_t i = 0; i < num_tokens; ++i) {
        const std::string token(1 + i % 20, static_cast<char>('a' + i % 26));
        text += token + gap;
        expected.push_back(indexed(token));
      }
      ChunkedText chunked({GetParam(), 255});
      ASSERT_EQ(chunked.tokens(text), expected) << num_tokens;
      ASSERT_EQ(chunked.tokens(text, cuts_every(1000, text.size())), expected) << num_tokens;
    }
  }
}

TEST_P(EachTokenizer, OneTokenOfAMegabyteIsOneOverlongToken) {
  const std::string text(std::size_t{1} << 20, 'h');
  ChunkedText chunked({GetParam(), 255});
  for (const std::size_t chunk_bytes : {7, 64, 4096, 1 << 20}) {
    EXPECT_THAT(chunked.tokens(text, cuts_every(chunk_bytes, text.size())), ElementsAre(kOverlong))
        << chunk_bytes;
  }
  EXPECT_THAT(chunked.tokens("a " + text + " b", cuts_every(4096, text.size())),
              ElementsAre(indexed("a"), kOverlong, indexed("b")));
}

TEST(TokenLimit, CountsBytesOfUtf8BeforeFolding) {
  const std::string e_acute = "\u00c9";  // two bytes
  EXPECT_THAT(terms_of(repeat(e_acute, 4), {Tokenizer::kUnicode, 8}),
              ElementsAre(repeat("\u00e9", 4)));
  EXPECT_THAT(tokens_of(repeat(e_acute, 4) + "a", {Tokenizer::kUnicode, 8}),
              ElementsAre(kOverlong));
  EXPECT_THAT(tokens_of(repeat(e_acute, 4), {Tokenizer::kUnicode, 7}), ElementsAre(kOverlong));
  // Three bytes that fold to thirty-three are within three.
  const std::vector<std::string> folded = terms_of("\ufdfa", {Tokenizer::kUnicode, 3});
  ASSERT_EQ(folded.size(), 1u);
  EXPECT_EQ(folded[0].size(), 33u);
  EXPECT_THAT(tokens_of("\ufdfa", {Tokenizer::kUnicode, 2}), ElementsAre(kOverlong));
}

TEST(TokenLimit, CountsMarksThatJoinTheToken) {
  const std::string letters(255, 'a');
  EXPECT_THAT(tokens_of(letters + "\u0301"), ElementsAre(kOverlong));
  EXPECT_THAT(tokens_of(letters + "\u00ad b"), ElementsAre(kOverlong, indexed("b")));
  EXPECT_THAT(tokens_of(std::string(253, 'a') + "\u0301"),
              ElementsAre(indexed(std::string(252, 'a') + "\u00e1")));
}

TEST(TokenLimit, CountsAnIllFormedPartAsThreeBytes) {
  const std::string mark = "\uff9e";  // three bytes
  const auto term = [](std::size_t marks) { return indexed("\ufffd" + repeat("\u3099", marks)); };
  EXPECT_THAT(tokens_of("\xff" + repeat(mark, 84)), ElementsAre(term(84)));  // 255
  EXPECT_THAT(tokens_of("\xff" + repeat(mark, 85)), ElementsAre(kOverlong));
  for (const std::string part : {"\xff", "\xe2\x80", "\xf0\x9f", "\xf0\x9f\x91"}) {
    EXPECT_THAT(tokens_of(part + mark, {Tokenizer::kUnicode, 6}), ElementsAre(term(1)));
    EXPECT_THAT(tokens_of(part + mark, {Tokenizer::kUnicode, 5}), ElementsAre(kOverlong));
  }
}

TEST(TokenLimit, MarkInsideAWordCountsOnlyIfTheWordGoesOn) {
  for (const std::size_t letters : {252, 253, 254, 255, 256}) {
    const std::string word(letters, 'a');
    const ReferenceToken alone = letters <= 255 ? indexed(word) : kOverlong;
    EXPECT_THAT(tokens_of(word + ":"), ElementsAre(alone)) << letters;
    EXPECT_THAT(tokens_of(word + ": b"), ElementsAre(alone, indexed("b"))) << letters;
    EXPECT_THAT(tokens_of(word + ":\u0301\u0301 b"), ElementsAre(alone, indexed("b"))) << letters;
    EXPECT_THAT(tokens_of(word + "::b"), ElementsAre(alone, indexed("b"))) << letters;
    EXPECT_THAT(tokens_of(word + ":1"), ElementsAre(alone, indexed("1"))) << letters;
    const ReferenceToken joined = letters + 2 <= 255 ? indexed(word + ":b") : kOverlong;
    EXPECT_THAT(tokens_of(word + ":b"), ElementsAre(joined)) << letters;
    EXPECT_THAT(tokens_of(word + ":b:"), ElementsAre(joined)) << letters;
  }
  const std::string digits(255, '7');
  EXPECT_THAT(tokens_of(digits + ", 8"), ElementsAre(indexed(digits), indexed("8")));
  EXPECT_THAT(tokens_of(digits + ",8"), ElementsAre(kOverlong));
  const std::string alefs = repeat("\u05d0", 127);  // 254 bytes
  EXPECT_THAT(tokens_of(alefs + "\""), ElementsAre(indexed(alefs)));
  EXPECT_THAT(tokens_of(alefs + "'"), ElementsAre(indexed(alefs + "'")));
  EXPECT_THAT(tokens_of(alefs + "\"\u05d0"), ElementsAre(kOverlong));
  EXPECT_THAT(tokens_of(alefs + "''"), ElementsAre(indexed(alefs + "'")));
}

// Whether a mark belongs to the word before it can stay open for ever; a word that fits must not be
// lost meanwhile.
TEST(TokenLimit, MarkCanBeFollowedByAMegabyteOfIgnoredCharacters) {
  const std::string ignored = repeat("\u00ad", std::size_t{1} << 19);
  ChunkedText chunked;
  for (const std::size_t chunk_bytes : {61, 4096, 1 << 20}) {
    const std::vector<std::size_t> cuts = cuts_every(chunk_bytes, ignored.size());
    EXPECT_THAT(chunked.tokens("Word:" + ignored, cuts), ElementsAre(indexed("word")));
    EXPECT_THAT(chunked.tokens("Word:" + ignored + " b", cuts),
                ElementsAre(indexed("word"), indexed("b")));
    EXPECT_THAT(chunked.tokens("Word:" + ignored + "b c", cuts),
                ElementsAre(kOverlong, indexed("c")));
    EXPECT_THAT(chunked.tokens("12," + ignored + "x", cuts),
                ElementsAre(indexed("12"), indexed("x")));
    EXPECT_THAT(chunked.tokens("12," + ignored + "3", cuts), ElementsAre(kOverlong));
  }
}

// Each round goes on with a token that is too long by a part that was pending.
TEST(TokenLimit, MarksInsideAWordForEverDoNotFillTheScratchMemory) {
  for (const std::uint32_t limit : {1u, 255u, 4096u}) {
    ChunkedText chunked({Tokenizer::kUnicode, limit});
    for (const std::string round :
         {"a'", "a.", "1,", "1'", "\u05d0\"", "a\u00b7", "ab'\u0301", "a'\u0301\u0301"}) {
      const std::string text = "word " + repeat(round, 100000) + "b word";
      EXPECT_EQ(chunked.tokens(text), reference_tokenize(text, {Tokenizer::kUnicode, limit}))
          << limit << " " << round;
    }
  }
}

// Each round ends a pending segment without beginning a new one: the tokenizer once ran off its
// scratch memory here.
TEST(TokenLimit, BoundariesThatComeLateDoNotFillTheScratchMemory) {
  const std::string round = "1.\u200d\u2139";
  for (const std::uint32_t limit : {1u, 4u, 255u, 4096u}) {
    ChunkedText chunked({Tokenizer::kUnicode, limit});
    const std::string text = repeat(round, 40000);
    const std::vector<ReferenceToken> expected =
        reference_tokenize(text, {Tokenizer::kUnicode, limit});
    EXPECT_EQ(chunked.tokens(text), expected) << limit;
    EXPECT_EQ(chunked.tokens(text, cuts_every(1000, text.size())), expected) << limit;
  }
}

TEST(TokenizeText, GivesTheTermsAndLeavesOverlongTokensOut) {
  EXPECT_THAT(tokenize_text("A " + std::string(256, 'x') + " \u00c9 b", kUnicode),
              ElementsAre("a", "\u00e9", "b"));
  EXPECT_THAT(tokenize_text("A " + std::string(256, 'x') + " \u00c9 b", kAlpha),
              ElementsAre("a", "b"));
  EXPECT_THAT(tokenize_text("", kUnicode), IsEmpty());
}

}  // namespace
}  // namespace spimi::testing
