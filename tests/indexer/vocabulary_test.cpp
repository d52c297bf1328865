// The vocabulary against a map; and its hash is keyed: words that crowd one table do not crowd
// another.

#include "indexer/vocabulary.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/padded_bytes.h"
#include "support/random_text.h"

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
  const Vocabulary flooded(kNumSlots / 2, 1 << 20), other(kNumSlots / 2, 1 << 20);
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
  ASSERT_LT(words.size(), kNumSlots / 2);
  std::vector<std::size_t> most(5);  // words in one slot, for some keys of the hash
  for (std::size_t& of_key : most) {
    const Vocabulary vocabulary(kNumSlots / 2, 1 << 20);
    std::vector<std::size_t> used(kNumSlots);
    for (const std::string& some : words) {
      of_key = std::max(of_key, ++used[slot(vocabulary, some)]);
    }
  }
  std::sort(most.begin(), most.end());
  // Less than one word a slot: with a hash of chance ten of them in one have odds of one to
  // millions. One key in a thousand is worse than chance (28 of 4,065 words, 51 of 8,129): one of
  // five may be, and not by more.
  EXPECT_LT(most[3], 10u);
  EXPECT_LT(most[4], 256u);
}

INSTANTIATE_TEST_SUITE_P(Lengths, VocabularyTest, ::testing::Values(8, 16, 17, 40));

constexpr std::size_t kMaxWordBytes = 40;

// All of one letter but for two bytes, so that many agree in their first sixteen or in all but the
// length. Most have a length where something changes.
std::string random_word(Random& random) {
  constexpr std::size_t kLengths[] = {3, 8, 9, 15, 16, 17, 32, 33, kMaxWordBytes};
  std::string word(kLengths[random_below(random, std::size(kLengths))], 'a');
  for (int i = 0; i < 2; ++i) {
    word[random_below(random, word.size())] = static_cast<char>(1 + random_below(random, 255));
  }
  return word;
}

std::string bytes_of(const TermRef& ref, const char* arena) {
  if (ref.length > Vocabulary::kInlineBytes) return {arena + ref.offset, ref.length};
  const std::uint64_t words[] = {__builtin_bswap64(ref.words[0]), __builtin_bswap64(ref.words[1])};
  return {reinterpret_cast<const char*>(words), ref.length};
}

// As the accumulator asks: a guess, then the count.
std::uint32_t count(Vocabulary& vocabulary, Vocabulary::Key key) {
  vocabulary.guess_entry(&key);
  return vocabulary.count(key);
}

// Terms and aliases, in tables from the smallest to one where tags coincide, over several runs.
TEST(VocabularyMapTest, IsAMap) {
  SCOPED_TRACE("SPIMI_TEST_SEED=" + std::to_string(test_seed()));
  Random random(test_seed());
  // Keys at most, and slots for each.
  constexpr std::pair<std::size_t, std::size_t> kSizes[] = {
      {2, 2}, {5, 2}, {5, 4}, {64, 2}, {3000, 2}, {3000, 4}, {60000, 2}};
  for (const auto& [max_keys, slots_per_key] : kSizes) {
    SCOPED_TRACE(::testing::Message() << max_keys << " keys, " << slots_per_key << " slots each");
    Vocabulary vocabulary(max_keys, max_keys * kMaxWordBytes + kBytePadding, slots_per_key);
    std::map<std::string, std::uint32_t> numbers;   // of this run, aliases among them
    std::map<std::uint32_t, std::uint32_t> counts;  // by term
    const auto number_of = [&](const std::string& word) {
      const auto found = numbers.find(word);
      return found == numbers.end() ? 0 : found->second;
    };
    // A guess may be older than what was added since.
    std::vector<Vocabulary::Key> guessed;
    std::vector<std::string> guessed_words;
    const auto count_guessed = [&] {
      for (std::size_t i = 0; i < guessed.size(); ++i) {
        const std::uint32_t expected = number_of(guessed_words[i]);
        guessed[i].bytes = guessed_words[i].data();
        EXPECT_EQ(vocabulary.count(guessed[i]), expected) << guessed_words[i];
        if (expected != 0) ++counts[expected];
      }
      guessed.clear();
      guessed_words.clear();
    };
    std::vector<std::string> words;  // of all runs
    for (int run = 0; run < 3; ++run) {
      std::map<std::uint32_t, std::string> terms;
      while (numbers.size() < max_keys) {
        ASSERT_TRUE(vocabulary.has_room(1, kMaxWordBytes));
        const bool is_known = !words.empty() && random_below(random, 3) == 0;
        const std::string word =
            is_known ? words[random_below(random, words.size())] : random_word(random);
        Vocabulary::Key key = vocabulary.make_key(word);
        if (random_below(random, 8) == 0) {
          vocabulary.guess_entry(&key);
          guessed.push_back(key);
          guessed_words.push_back(word);
        }
        EXPECT_EQ(vocabulary.find(key), number_of(word)) << word;
        EXPECT_EQ(count(vocabulary, key), number_of(word)) << word;
        if (number_of(word) != 0) {
          ++counts[number_of(word)];
          // A document that is taken back.
          if (random_below(random, 4) == 0) {
            vocabulary.uncount(number_of(word));
            --counts[number_of(word)];
          }
          continue;
        }
        if (!terms.empty() && random_below(random, 4) == 0) {
          const std::uint32_t last = terms.rbegin()->first;
          const std::uint32_t term =
              terms.lower_bound(static_cast<std::uint32_t>(random_below(random, last)))->first;
          vocabulary.add_alias(key, term);
          numbers[word] = term;
          ++counts[term];
        } else {
          const auto occurrences = static_cast<std::uint32_t>(random_below(random, 2));
          const std::uint32_t number = vocabulary.add(key, occurrences);
          EXPECT_TRUE(terms.emplace(number, word).second) << number;
          numbers[word] = number;
          counts[number] += occurrences;
        }
        words.push_back(word);
        EXPECT_EQ(vocabulary.find(key), number_of(word)) << word;
        if (guessed.size() == 40) count_guessed();
      }
      EXPECT_FALSE(vocabulary.has_room(1, 0));
      count_guessed();
      for (const std::string& word : words) {
        EXPECT_EQ(vocabulary.find(vocabulary.make_key(word)), number_of(word)) << word;
      }
      EXPECT_LE(terms.rbegin()->first, max_keys);
      std::map<std::uint32_t, std::string> collected;
      for (const TermRef& ref : vocabulary.collect()) {
        EXPECT_TRUE(collected.emplace(ref.id, bytes_of(ref, vocabulary.arena())).second) << ref.id;
        EXPECT_EQ(ref.count, counts[ref.id]) << ref.id;
      }
      EXPECT_EQ(collected, terms);
      vocabulary.clear();
      numbers.clear();
      counts.clear();
      EXPECT_TRUE(vocabulary.has_room(max_keys, 0));
      EXPECT_EQ(count(vocabulary, Vocabulary::Key{}), 0u);
      for (const std::string& word : words) {
        EXPECT_EQ(count(vocabulary, vocabulary.make_key(word)), 0u) << word;
      }
    }
  }
}

// Long keys differ in what the entries do not hold.
TEST(VocabularyMapTest, KeysThatDifferBehindTheSixteenthByte) {
  Vocabulary vocabulary(1 << 10, 1 << 16);
  const std::string stem(Vocabulary::kInlineBytes, 's');
  std::map<std::string, std::uint32_t> numbers;
  for (int last = 0; last < 256; ++last) {
    for (const std::string& word :
         {stem + static_cast<char>(last), stem + "t" + static_cast<char>(last)}) {
      ASSERT_EQ(count(vocabulary, vocabulary.make_key(word)), 0u);
      numbers[word] = vocabulary.add(vocabulary.make_key(word), 1);
    }
  }
  for (const auto& [word, number] : numbers) {
    ASSERT_EQ(vocabulary.find(vocabulary.make_key(word)), number);
  }
}

TEST(VocabularyMapTest, TheArenaIsFullToTheByte) {
  Vocabulary vocabulary(8, 40 + kBytePadding);
  vocabulary.add(vocabulary.make_key(std::string(16, 's')), 1);
  EXPECT_TRUE(vocabulary.has_room(7, 40));
  EXPECT_FALSE(vocabulary.has_room(1, 41));
  vocabulary.add(vocabulary.make_key(std::string(17, 's')), 1);
  EXPECT_TRUE(vocabulary.has_room(6, 23));
  EXPECT_FALSE(vocabulary.has_room(1, 24));
}

}  // namespace
}  // namespace spimi::testing
