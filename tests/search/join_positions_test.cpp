#include "search/join_positions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "support/random_text.h"

namespace spimi::testing {
namespace {

using Values = std::vector<std::uint32_t>;

/// Ascending numbers, as sums in the midst of other ones.
struct RandomRun {
  RandomRun(Random& random, std::size_t size, std::uint64_t below) {
    for (std::size_t i = 0; i < size; ++i) {
      values.push_back(static_cast<std::uint32_t>(random_below(random, below)));
    }
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    shift = static_cast<std::uint32_t>(random());
    for (const std::uint32_t value : values) sums.push_back(value + shift);
    // What is behind it could as well be in it.
    for (std::size_t i = 0; i < PositionSums::kSlack; ++i) {
      sums.push_back(shift + static_cast<std::uint32_t>(random_below(random, below)));
    }
  }
  ShiftedSums shifted() const {
    return {sums.data(), static_cast<std::uint32_t>(values.size()), shift};
  }

  Values values, sums;
  std::uint32_t shift;
};

Values in_both(const RandomRun& a, const RandomRun& b) {
  Values both;
  std::set_intersection(a.values.begin(), a.values.end(), b.values.begin(), b.values.end(),
                        std::back_inserter(both));
  return both;
}

/// For every instruction set that can run, against what it is to do.
class JoinPositionsTest : public ::testing::Test {
 protected:
  void TearDown() override {
    join_positions_testing::use_target(join_positions_testing::num_targets());
  }

  template <typename Check>
  void for_each_target(Check check) {
    for (std::size_t target = 0; target < join_positions_testing::num_targets(); ++target) {
      SCOPED_TRACE(target);
      join_positions_testing::use_target(target);
      for (int round = 0; round < 400; ++round) check();
    }
  }

  RandomRun random_run() {
    constexpr std::uint64_t kSizes[] = {4, 16, 20, 256};
    const std::uint64_t size = 1 + random_below(random_, kSizes[random_below(random_, 4)]);
    // Near each other, or anywhere up to the last number there is.
    const std::uint64_t below = random_below(random_, 4) == 0 ? std::uint64_t{1} << 32 : 4 * size;
    return {random_, size, below};
  }

  const std::uint64_t seed_ = test_seed();
  ::testing::ScopedTrace trace_{__FILE__, __LINE__, "SPIMI_TEST_SEED=" + std::to_string(seed_)};
  Random random_{seed_};
};

TEST_F(JoinPositionsTest, FindsWhatTwoRunsHave) {
  for_each_target([this] {
    const RandomRun a = random_run(), b = random_run();
    const auto least = static_cast<std::uint32_t>(1 + random_below(random_, 40));
    PositionRun left{a.shifted(), 0}, right{b.shifted(), 0};
    Values found;
    while (!left.is_done() && !right.is_done()) {
      Values some(std::min(a.values.size(), b.values.size()) + PositionSums::kSlack);
      some.resize(join_positions(left, right, least, some.data()));
      EXPECT_TRUE(some.size() >= least || left.is_done() || right.is_done());
      found.insert(found.end(), some.begin(), some.end());
    }
    EXPECT_EQ(found, in_both(a, b));
  });
}

TEST_F(JoinPositionsTest, CountsAndFindsWhatManyPairsOfRunsHave) {
  for_each_target([this] {
    std::vector<RandomRun> a, b;
    std::vector<ShiftedSums> left, right;
    Values expected;
    std::size_t room = PositionSums::kSlack;
    const std::size_t size = random_below(random_, 12);
    for (std::size_t i = 0; i < size; ++i) {
      a.push_back(random_run());
      b.push_back(random_run());
      room += std::min(a[i].values.size(), b[i].values.size());
    }
    for (std::size_t i = 0; i < size; ++i) {
      left.push_back(a[i].shifted());
      right.push_back(b[i].shifted());
      const Values both = in_both(a[i], b[i]);
      expected.insert(expected.end(), both.begin(), both.end());
    }
    Values counts(size), found(room), some(size);
    join_position_runs(left, right.data(), ~0u, counts.data(), found.data());
    const auto most = static_cast<std::uint32_t>(1 + random_below(random_, 4));
    join_position_runs(left, right.data(), most, some.data(), nullptr);
    std::size_t total = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const auto count = static_cast<std::uint32_t>(in_both(a[i], b[i]).size());
      EXPECT_EQ(counts[i], count);
      EXPECT_GE(some[i], std::min(count, most));
      EXPECT_LE(some[i], count);
      total += count;
    }
    found.resize(total);
    EXPECT_EQ(found, expected);
  });
}

}  // namespace
}  // namespace spimi::testing
