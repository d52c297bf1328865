// Every instruction set that can run here gives the tokens of the one without vectors.

#include "text/plain_tokens.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/utf8.h"
#include "support/random_text.h"
#include "text/unicode_data.h"
#include "text/word_break.h"

namespace spimi {
namespace {

using Cut = std::size_t (*)(char*, std::size_t, std::uint32_t, TokenBatch*);

struct Result {
  std::vector<std::pair<std::ptrdiff_t, std::uint32_t>> tokens;  // offset, or -1, and length
  std::vector<std::size_t> consumed;
  std::string text;  // afterwards
  bool operator==(const Result&) const = default;
};

std::string in_small_letters(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

Result cut_all(Cut cut, std::string text, std::size_t size, std::uint32_t max_token_bytes) {
  Result result;
  const std::string before = text;
  auto batch = std::make_unique<TokenBatch>();
  for (std::size_t at = 0; at < size;) {
    batch->size = 0;
    const std::size_t n = cut(text.data() + at, size - at, max_token_bytes, batch.get());
    result.consumed.push_back(n);
    for (std::size_t i = 0; i < batch->size; ++i) {
      const Token& token = batch->tokens[i];
      result.tokens.emplace_back(token.data == nullptr ? -1 : token.data - text.data(),
                                 token.length);
    }
    if (n == 0) {
      ADD_FAILURE() << "no progress at " << at;
      break;
    }
    at += n;
  }
  result.text = text.substr(0, size);
  EXPECT_EQ(result.text, in_small_letters(before.substr(0, size)));
  // What is behind may be made small, too, but only so far.
  EXPECT_EQ(in_small_letters(text), in_small_letters(before));
  EXPECT_EQ(text.substr(size + 64), before.substr(size + 64));
  return result;
}

// `alphabet` may have letters of two bytes, which are not parted.
std::string random_plain(testing::Random& random, std::size_t size, std::string_view alphabet) {
  std::string text;
  while (text.size() < size) {
    const std::size_t at = testing::random_below(random, alphabet.size());
    if ((alphabet[at] & '\xC0') == '\x80') continue;
    const std::size_t num_bytes = is_plain_lead(static_cast<unsigned char>(alphabet[at])) ? 2 : 1;
    if (text.size() + num_bytes <= size) text += alphabet.substr(at, num_bytes);
  }
  return text;
}

class PlainTargets : public ::testing::Test {
 protected:
  void TearDown() override { plain_testing::use_target(plain_testing::num_targets()); }

  // Compares all targets with the last, which has no vectors.
  template <class Run>
  void expect_same(Run run) {
    const std::size_t last = plain_testing::num_targets() - 1;
    plain_testing::use_target(last);
    const auto expected = run();
    for (std::size_t i = 0; i < last; ++i) {
      SCOPED_TRACE(plain_testing::target_name(i));
      plain_testing::use_target(i);
      EXPECT_EQ(run(), expected);
    }
  }
};

TEST_F(PlainTargets, SameTokens) {
  testing::Random random(testing::test_seed());
  SCOPED_TRACE(testing::test_seed());
  constexpr std::string_view kAlphabets[] = {
      "aZ09_:.',; \n", "ab ",    "a_. ", "0,;'9 x", "abcdefghijklmnopqrstuvwxyz",
      "@[`{/:Zz",      "_ a",    "_",    "é.я'_ 0", "жбщ :x",
      "ˈaː. ",         "Σί ση'",
  };
  for (int round = 0; round < 300; ++round) {
    const std::string_view alphabet =
        kAlphabets[static_cast<std::size_t>(round) % std::size(kAlphabets)];
    const std::size_t size = 1 + testing::random_below(random, 3000);
    // text[size] ends any token.
    const std::string text =
        random_plain(random, size, alphabet) + "\n" + random_plain(random, 128, alphabet);
    const auto limit = static_cast<std::uint32_t>(1 + testing::random_below(random, 300));
    expect_same([&] { return cut_all(cut_plain, text, size, limit); });
    expect_same([&] { return cut_all(cut_alpha, text, size, limit); });
  }
}

// At every place in a block, and across the end of one or two; alone, and before a letter.
TEST_F(PlainTargets, UnderscoresAloneAreNoToken) {
  for (std::size_t before = 0; before < 70; ++before) {
    for (const std::size_t size : {1, 2, 3, 63, 64, 65, 130}) {
      for (const bool has_letter : {false, true}) {
        SCOPED_TRACE(std::to_string(before) + " " + std::to_string(size));
        std::string text(before, ' ');
        text.append(size, '_').append(has_letter ? "a" : "").append(" b");
        const std::size_t all = text.size();
        text.append(128, ' ');
        Result expected;
        expected.consumed = {all};
        expected.text = text.substr(0, all);
        if (has_letter) expected.tokens.emplace_back(before, size + 1);
        expected.tokens.emplace_back(all - 1, 1);
        const auto run = [&] { return cut_all(cut_plain, text, all, 255); };
        expect_same(run);
        EXPECT_EQ(run(), expected);
      }
    }
  }
}

TEST_F(PlainTargets, SamePrefixForAByteThatIsNotPlainAtEveryOffset) {
  for (std::size_t at = 0; at <= 200; ++at) {
    std::string text(400, 'a');
    // All that begin no letter of two bytes that is plain; and one of those, without its second.
    if (at < 200) text[at] = static_cast<char>(at % 2 == 0 ? 0xE0 + at % 32 : 0xC3);
    expect_same([&] { return plain_prefix(text.data(), 200); });
    EXPECT_EQ(plain_prefix(text.data(), 200), at);
  }
}

// A letter of two bytes, at every place in a block and across the end of one.
TEST_F(PlainTargets, LettersArePlainThatTheRulesTreatLikeThoseOfAscii) {
  for (char32_t c = 0x80; c < 0x800; ++c) {
    SCOPED_TRACE(static_cast<std::uint32_t>(c));
    char letter[4];
    ASSERT_EQ(encode_utf8(c, letter), 2u);
    const std::uint8_t properties = unicode_properties(c);
    const bool is_letter = (properties & kWordBreakMask) == kALetter &&
                           (properties & kLetterOrNumber) != 0 && (properties & kHasTerm) != 0;
    const bool is_plain = is_plain_letter(static_cast<unsigned char>(letter[0]),
                                          static_cast<unsigned char>(letter[1]));
    EXPECT_LE(is_plain, is_letter);
    // Of the blocks that are plain no letter is left out.
    const bool is_in_blocks =
        (c >= 0xC0 && c <= 0x2AF) || (c >= 0x2C6 && c <= 0x2D1) || (c >= 0x388 && c <= 0x47F);
    if (is_in_blocks) {
      EXPECT_EQ(is_plain, is_letter);
    }
    for (const std::size_t before : {0, 1, 61, 62, 63, 64, 127}) {
      for (const std::size_t behind : {0, 1, 64}) {
        std::string text(before, 'a');
        text.append(letter, 2).append(behind, 'b');
        const std::size_t size = text.size();
        text.append(128, '\x80');  // is only read
        expect_same([&] { return plain_prefix(text.data(), size); });
        ASSERT_EQ(plain_prefix(text.data(), size), is_plain ? size : before);
        ASSERT_EQ(plain_prefix(text.data(), before + 1), before) << "its second byte is not there";
      }
    }
  }
}

TEST_F(PlainTargets, SamePrefixOfAnyBytes) {
  testing::Random random(testing::test_seed());
  SCOPED_TRACE(testing::test_seed());
  constexpr std::string_view kPieces[] = {
      "a",        "\xC3\xA9", "\xD0\xB6", "\xCF\x84", "\xCA\x80", "\x97",
      "\xC3\x97", "\xC3",     "\xB7",     " ",        "\xD1\x8F", "\xE2\x80\x99",
      "\xCB\x88", "\xCB\x86", "\xCB\x91", "\xCB\x92", "\xCB\x85", "\xCE",
      "\xCE\x87", "\xCE\x88", "\xCE\x8B", "\xCF\xB6", "\xCB",     "\xCF"};
  for (int round = 0; round < 5000; ++round) {
    std::string text;
    const std::size_t size = testing::random_below(random, 300);
    // Most are plain, so that there are prefixes of all lengths.
    const std::size_t rare = 1 + testing::random_below(random, 100);
    while (text.size() < size) {
      const bool is_any = testing::random_below(random, rare) == 0;
      text += kPieces[testing::random_below(random, is_any ? std::size(kPieces) : 4)];
    }
    text.resize(size);
    std::size_t expected = 0;
    while (expected < size) {
      const auto byte = static_cast<unsigned char>(text[expected]);
      const std::string_view next = std::string_view(text).substr(expected, 2);
      if (byte < 0x80) {
        ++expected;
      } else if (next.size() == 2 && is_plain_letter(byte, static_cast<unsigned char>(next[1]))) {
        expected += 2;
      } else {
        break;
      }
    }
    for (int i = 0; i < 64; ++i) text += static_cast<char>(random());
    expect_same([&] { return plain_prefix(text.data(), size); });
    ASSERT_EQ(plain_prefix(text.data(), size), expected);
  }
}

TEST_F(PlainTargets, AlphaSeparatesAtEveryByteThatIsNoLetter) {
  std::string text;
  for (int byte = 0; byte < 256; ++byte) {
    text += 'x';
    text += static_cast<char>(byte);
  }
  const std::size_t size = text.size();
  text.append(128, ' ');
  expect_same([&] { return cut_all(cut_alpha, text, size, 255); });
}

}  // namespace
}  // namespace spimi
