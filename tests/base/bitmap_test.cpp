#include "base/bitmap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "support/random_text.h"
#include "support/segment_builder.h"

namespace spimi::testing {
namespace {

using Values = std::vector<std::uint32_t>;

/// Bytes on the heap with nothing around them, so that the address sanitizer sees every access
/// outside.
std::unique_ptr<std::uint8_t[]> exact_copy(const std::string& bytes) {
  std::unique_ptr<std::uint8_t[]> copy(new std::uint8_t[bytes.size()]);
  std::memcpy(copy.get(), bytes.data(), bytes.size());
  return copy;
}

/// 128 of the numbers from `first` to `last`, and `last` among them.
Values random_block(Random& random, std::uint32_t first, std::uint32_t last) {
  Values all;
  for (std::uint32_t value = first; value < last; ++value) all.push_back(value);
  std::shuffle(all.begin(), all.end(), random);
  all.resize(127);
  all.push_back(last);
  std::sort(all.begin(), all.end());
  return all;
}

/// With every instruction set that runs here; the first is the best one, which is the default.
class BitmapTest : public ::testing::TestWithParam<std::size_t> {
 protected:
  BitmapTest() { bitmap_testing::use_target(GetParam()); }
  ~BitmapTest() override { bitmap_testing::use_target(0); }

  const std::uint64_t seed_ = test_seed();
  ::testing::ScopedTrace trace_{__FILE__, __LINE__, "SPIMI_TEST_SEED=" + std::to_string(seed_)};
  Random random_{seed_};
};

TEST_P(BitmapTest, BlocksOfEverySpanAreReadBack) {
  for (std::uint32_t span = kBlockValues; span <= kMaxBitmapNumbers; ++span) {
    const auto offset = static_cast<std::uint32_t>(random_below(random_, 100));
    const std::uint32_t first = span % 7 == 0 ? 0xFFFFFFFEu - span : offset;
    const std::uint32_t last = first + span - 1;
    const Values values = random_block(random_, first, last);
    std::uint8_t out[kMaxBitmapBytes];
    const auto size = static_cast<std::size_t>(encode_bitmap(values.data(), first, out) - out);
    ASSERT_EQ(size, bitmap_bytes(first, last));
    ASSERT_GE(size, kMinBitmapBytes);
    const std::string bytes(reinterpret_cast<const char*>(out), size);
    ASSERT_EQ(bytes, encode_bitmap_simply(values, first));
    const auto copy = exact_copy(bytes);
    ASSERT_TRUE(is_block_bitmap(copy.get(), first, last));
    const auto decoded = std::make_unique<std::uint32_t[]>(kBlockValues + kBitmapSlack);
    decode_bitmap(copy.get(), first, last, decoded.get());
    ASSERT_EQ(Values(decoded.get(), decoded.get() + kBlockValues), values);
  }
}

TEST_P(BitmapTest, OnlyABlockOf128ThatEndsWithTheLastIsAccepted) {
  for (const std::uint32_t span : {129u, 135u, 136u, 200u, 1000u, 1023u, 1024u}) {
    for (std::uint32_t first = 40; first < 48; ++first) {
      const std::uint32_t last = first + span - 1;
      const std::string good = encode_bitmap_simply(random_block(random_, first, last), first);
      const auto is_set = [&](std::size_t bit) { return (good[bit / 8] >> bit % 8 & 1) != 0; };
      const auto accepts = [&](std::vector<std::size_t> flipped) {
        std::string bytes = good;
        for (const std::size_t bit : flipped) {
          bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
        }
        const auto to = exact_copy(std::string(bytes.size(), '\0'));
        const bool is_sound = is_block_bitmap(exact_copy(bytes).get(), first, last);
        EXPECT_EQ(lay_block_bitmap(exact_copy(bytes).get(), first, last, to.get()), is_sound);
        return is_sound;
      };
      ASSERT_TRUE(accepts({}));
      const std::size_t first_bit = first % 8, last_bit = last - first / 8 * 8;
      std::size_t one = first_bit, zero = first_bit;
      while (!is_set(one)) ++one;
      while (is_set(zero)) ++zero;
      ASSERT_FALSE(accepts({last_bit, zero})) << "the last is another";
      for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
        ASSERT_FALSE(accepts({bit})) << "127 or 129 numbers";
        if (is_set(bit)) continue;
        // Within bounds it is another block.
        ASSERT_EQ(accepts({one, bit}), bit >= first_bit && bit < last_bit) << bit;
      }
    }
  }
}

TEST_P(BitmapTest, LaysBlocksOverWhatIsThere) {
  for (std::uint32_t span = kBlockValues; span <= kMaxBitmapNumbers; ++span) {
    const auto first = static_cast<std::uint32_t>(random_below(random_, 100));
    const std::uint32_t last = first + span - 1;
    const std::string bitmap = encode_bitmap_simply(random_block(random_, first, last), first);
    std::string below, both;
    for (const char byte : bitmap) {
      below += static_cast<char>(random_());
      both += static_cast<char>(below.back() | byte);
    }
    const auto to = exact_copy(below);
    ASSERT_TRUE(lay_block_bitmap(exact_copy(bitmap).get(), first, last, to.get()));
    ASSERT_EQ(std::string(reinterpret_cast<const char*>(to.get()), bitmap.size()), both);
  }
}

TEST_P(BitmapTest, CountsTheBitsOfAnyNumberOfWords) {
  for (std::size_t num_words = 0; num_words < 300; ++num_words) {
    std::vector<std::uint64_t> words(num_words);
    std::size_t num_bits = 0;
    for (std::uint64_t& word : words) {
      word = num_words % 5 == 0 ? ~std::uint64_t{0} : random_();
      for (std::uint64_t rest = word; rest != 0; rest &= rest - 1) ++num_bits;
    }
    ASSERT_EQ(count_bits(words.data(), num_words), num_bits);
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, BitmapTest,
                         ::testing::Range(std::size_t{0}, bitmap_testing::num_targets()));

}  // namespace
}  // namespace spimi::testing
