#include "base/block_places.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "support/random_text.h"

namespace spimi::testing {
namespace {

using Values = std::vector<std::uint32_t>;

/// With every instruction set that runs here; the first is the best one, which is the default.
class BlockPlacesTest : public ::testing::TestWithParam<std::size_t> {
 protected:
  BlockPlacesTest() { block_places_testing::use_target(GetParam()); }
  ~BlockPlacesTest() override { block_places_testing::use_target(0); }

  std::uint32_t random_number(std::uint32_t below) {
    return static_cast<std::uint32_t>(random_below(random_, below));
  }

  /// Ascending numbers from `first` on.
  Values random_numbers(std::size_t size, std::uint32_t first, std::uint32_t span) {
    Values numbers;
    while (numbers.size() < size) {
      numbers.push_back(first + random_number(span));
      std::sort(numbers.begin(), numbers.end());
      numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    }
    return numbers;
  }

  /// Some of the block and some that are not, some of them behind it.
  Values numbers_to_look_up(const Values& block, std::uint32_t first) {
    const std::uint32_t span = block.back() - first + 1;
    Values numbers = random_numbers(random_below(random_, 60), first, span + span / 8);
    for (std::size_t i = random_below(random_, 60); i > 0; --i) {
      numbers.push_back(block[random_below(random_, block.size())]);
    }
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    return numbers;
  }

  /// `find` looks numbers of arrays up that have no room behind them.
  template <typename Find>
  void expect_places(const Values& block, const Values& numbers, Find find) {
    Values expected;
    std::size_t num_found = 0;
    for (const std::uint32_t number : numbers) {
      if (number > block.back()) break;
      const auto at = std::lower_bound(block.begin(), block.end(), number);
      const bool is_found = *at == number;
      expected.push_back(is_found ? static_cast<std::uint32_t>(at - block.begin() + 1) : 0);
      num_found += is_found ? 1 : 0;
    }
    const std::unique_ptr<std::uint32_t[]> exact(new std::uint32_t[numbers.size()]);
    const std::unique_ptr<std::uint32_t[]> places(new std::uint32_t[numbers.size()]);
    std::copy(numbers.begin(), numbers.end(), exact.get());
    const FoundPlaces found = find(exact.get(), numbers.size(), places.get());
    ASSERT_EQ(found.num_numbers, expected.size());
    ASSERT_EQ(found.num_found, num_found);
    ASSERT_EQ(Values(places.get(), places.get() + expected.size()), expected);
  }

  const std::uint64_t seed_ = test_seed();
  ::testing::ScopedTrace trace_{__FILE__, __LINE__, "SPIMI_TEST_SEED=" + std::to_string(seed_)};
  Random random_{seed_};
};

TEST_P(BlockPlacesTest, OfNumbersInABlock) {
  for (std::uint32_t round = 0; round < 600; ++round) {
    const std::uint32_t span = kBlockValues + random_number(1u << (1 + round % 31));
    const std::uint32_t first = random_number(0xFFFFFFF0u - span - span / 8);
    const Values block = random_numbers(kBlockValues, first, span);
    expect_places(block, numbers_to_look_up(block, first),
                  [&](const std::uint32_t* numbers, std::size_t size, std::uint32_t* places) {
                    return find_places(block.data(), block.back(), numbers, size, places);
                  });
  }
}

TEST_P(BlockPlacesTest, OfNumbersInATail) {
  for (std::size_t size = 1; size < kBlockValues; ++size) {
    const std::uint32_t first = random_number(1000);
    const Values tail = random_numbers(size, first, 3000);
    Values filled = tail;
    filled.resize(kBlockValues, ~0u);
    expect_places(tail, numbers_to_look_up(tail, first),
                  [&](const std::uint32_t* numbers, std::size_t num, std::uint32_t* places) {
                    return find_places(filled.data(), tail.back(), numbers, num, places);
                  });
  }
}

TEST_P(BlockPlacesTest, OfNumbersInABitmap) {
  for (std::uint32_t span = kBlockValues; span <= kMaxBitmapNumbers; ++span) {
    const std::uint32_t first = span % 7 == 0 ? 0xFFFFFF00u - span : random_number(100);
    Values block = random_numbers(kBlockValues - 1, first, span - 1);
    block.push_back(first + span - 1);
    std::uint8_t bitmap[kMaxBitmapBytes];
    encode_bitmap(block.data(), first, bitmap);
    RankedBitmap ranked;
    ASSERT_TRUE(rank_bitmap(bitmap, first, block.back(), ranked));
    expect_places(block, numbers_to_look_up(block, first),
                  [&](const std::uint32_t* numbers, std::size_t size, std::uint32_t* places) {
                    return find_places(ranked, numbers, size, places);
                  });
  }
}

TEST_P(BlockPlacesTest, OnlyTheBitmapsOfBlocksAreAccepted) {
  for (std::uint32_t round = 0; round < 3000; ++round) {
    const std::uint32_t first = random_number(100);
    const std::uint32_t span = kBlockValues + random_number(kMaxBitmapNumbers - kBlockValues + 1);
    const std::uint32_t last = first + span - 1;
    Values block = random_numbers(kBlockValues - 1, first, span - 1);
    block.push_back(last);
    std::uint8_t encoded[kMaxBitmapBytes];
    encode_bitmap(block.data(), first, encoded);
    const std::size_t size = bitmap_bytes(first, last);
    const std::unique_ptr<std::uint8_t[]> bitmap(new std::uint8_t[size]);
    std::copy(encoded, encoded + size, bitmap.get());
    for (std::size_t flips = random_below(random_, 4); flips > 0; --flips) {
      const std::size_t bit = random_below(random_, 8 * size);
      bitmap[bit / 8] = static_cast<std::uint8_t>(bitmap[bit / 8] ^ 1u << bit % 8);
    }
    RankedBitmap ranked;
    ASSERT_EQ(rank_bitmap(bitmap.get(), first, last, ranked),
              is_block_bitmap(bitmap.get(), first, last));
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, BlockPlacesTest,
                         ::testing::Range(std::size_t{0}, block_places_testing::num_targets()));

}  // namespace
}  // namespace spimi::testing
