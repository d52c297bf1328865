// The vocabulary's hash is keyed: words that crowd one table do not crowd another.

#include "indexer/vocabulary.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace spimi::testing {
namespace {

constexpr std::size_t kNumSlots = std::size_t{1} << 16;

class VocabularyTest : public ::testing::TestWithParam<std::size_t> {
 protected:
  std::string word(std::uint64_t number) const {
    std::string digits = std::to_string(number);
    return digits + std::string(GetParam() - std::min(digits.size(), GetParam()), 'x');
  }
  static std::size_t slot(const Vocabulary& vocabulary, const std::string& word) {
    return vocabulary.make_key(word).hash % kNumSlots;
  }
};

TEST_P(VocabularyTest, WordsThatFloodOneTableAreSpreadInAnother) {
  const Vocabulary flooded(kNumSlots, 1 << 20), other(kNumSlots, 1 << 20);
  std::vector<std::string> flood;
  for (std::uint64_t number = 0; flood.size() < 2000; ++number) {
    ASSERT_LT(number, 100000000u);
    std::string some = word(number);
    if (slot(flooded, some) < 64) flood.push_back(std::move(some));
  }
  std::set<std::size_t> slots;
  for (const std::string& some : flood) slots.insert(slot(other, some));
  // Of 2,000 balls in 65,536 bins some 30 fall on one that is there.
  EXPECT_GT(slots.size(), 1900u);
}

TEST_P(VocabularyTest, WordsThatAreAlikeAreSpread) {
  const Vocabulary vocabulary(kNumSlots, 1 << 20);
  // Which differ in one byte, at every place, or in two.
  const std::string all(GetParam(), 'a');
  std::set<std::string> words;
  for (std::size_t at = 0; at < all.size(); ++at) {
    for (int byte = 1; byte < 256; ++byte) {
      std::string some = all;
      some[at] = static_cast<char>(byte);
      words.insert(some);
      some[(at + 1) % all.size()] = static_cast<char>(byte);
      words.insert(some);
    }
  }
  std::vector<std::size_t> used(kNumSlots);
  std::size_t most = 0;
  for (const std::string& some : words) most = std::max(most, ++used[slot(vocabulary, some)]);
  // Less than one word a slot: with a hash of chance ten of them in one have odds of one to
  // millions.
  ASSERT_LT(words.size(), kNumSlots / 2);
  EXPECT_LT(most, 10u);
}

INSTANTIATE_TEST_SUITE_P(Lengths, VocabularyTest, ::testing::Values(8, 16, 17, 40));

}  // namespace
}  // namespace spimi::testing
