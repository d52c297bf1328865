#include "base/gap_sums.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/random_text.h"

namespace spimi::testing {
namespace {

/// Every instruction set that can run here against what it is to do.
TEST(GapSums, AreTheNumbersWithTheseGaps) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE("SPIMI_TEST_SEED=" + std::to_string(seed));
  Random random(seed);
  for (std::size_t target = 0; target < gap_sums_testing::num_targets(); ++target) {
    SCOPED_TRACE(target);
    gap_sums_testing::use_target(target);
    for (std::size_t size = 0; size <= 130; ++size) {
      const auto bits = random_below(random, 33);
      const auto base = static_cast<std::uint32_t>(random());
      std::vector<std::uint32_t> gaps, expected;
      std::uint32_t next = base, all = 0;
      for (std::size_t i = 0; i < size; ++i) {
        const auto gap = static_cast<std::uint32_t>(random_below(random, std::uint64_t{1} << bits));
        gaps.push_back(gap);
        expected.push_back(next + gap);
        next += gap + 1;
        all |= gap;
      }
      gaps.resize(size + kGapSlack);
      std::vector<std::uint32_t> values(size + kGapSlack);
      const std::uint32_t most = add_up_gaps(base, gaps.data(), size, values.data());
      values.resize(size);
      EXPECT_EQ(values, expected);
      for (unsigned n = 0; n < 32; ++n) EXPECT_EQ(most >> n == 0, all >> n == 0) << n;
    }
  }
  gap_sums_testing::use_target(gap_sums_testing::num_targets());
}

}  // namespace
}  // namespace spimi::testing
