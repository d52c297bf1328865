// Every instruction set that can run here gives the tokens of the plain one.

#include "text/ascii_tokens.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "support/random_text.h"

namespace spimi {
namespace {

using Cut = std::size_t (*)(const char*, std::size_t, std::uint32_t, TokenBatch*);

struct Result {
  std::vector<std::pair<std::ptrdiff_t, std::uint32_t>> tokens;  // offset, or -1, and length
  std::vector<std::size_t> consumed;
  bool operator==(const Result&) const = default;
};

Result cut_all(Cut cut, const std::string& text, std::size_t size, std::uint32_t max_token_bytes) {
  Result result;
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
  return result;
}

std::string random_ascii(testing::Random& random, std::size_t size, std::string_view alphabet) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    text += alphabet[testing::random_below(random, alphabet.size())];
  }
  return text;
}

class AsciiTargets : public ::testing::Test {
 protected:
  void TearDown() override { ascii_testing::use_target(ascii_testing::num_targets()); }

  // Compares all targets with the last, which has no vectors.
  template <class Run>
  void expect_same(Run run) {
    const std::size_t plain = ascii_testing::num_targets() - 1;
    ascii_testing::use_target(plain);
    const auto expected = run();
    for (std::size_t i = 0; i < plain; ++i) {
      SCOPED_TRACE(ascii_testing::target_name(i));
      ascii_testing::use_target(i);
      EXPECT_EQ(run(), expected);
    }
  }
};

TEST_F(AsciiTargets, SameTokens) {
  testing::Random random(testing::test_seed());
  SCOPED_TRACE(testing::test_seed());
  constexpr std::string_view kAlphabets[] = {
      "aZ09_:.',; \n", "ab ", "a_. ", "0,;'9 x", "abcdefghijklmnopqrstuvwxyz", "@[`{/:Zz",
  };
  for (int round = 0; round < 300; ++round) {
    const std::string_view alphabet =
        kAlphabets[static_cast<std::size_t>(round) % std::size(kAlphabets)];
    const std::size_t size = 1 + testing::random_below(random, 3000);
    // text[size] ends any token; what is behind it is only read.
    const std::string text =
        random_ascii(random, size, alphabet) + "\n" + random_ascii(random, 128, alphabet);
    const auto limit = static_cast<std::uint32_t>(1 + testing::random_below(random, 300));
    expect_same([&] { return cut_all(cut_unicode_ascii, text, size, limit); });
    expect_same([&] { return cut_all(cut_alpha, text, size, limit); });
  }
}

TEST_F(AsciiTargets, SameAsciiPrefixForAHighByteAtEveryOffset) {
  for (std::size_t at = 0; at <= 200; ++at) {
    std::string text(400, 'a');
    if (at < 200) text[at] = static_cast<char>(0x80 + at % 128);
    expect_same([&] { return ascii_prefix(text.data(), 200); });
    EXPECT_EQ(ascii_prefix(text.data(), 200), at);
  }
}

TEST_F(AsciiTargets, AlphaSeparatesAtEveryByteThatIsNoLetter) {
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
