#include "search/quick_scores.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "support/random_text.h"

namespace spimi {
namespace {

struct Postings {
  std::vector<std::uint32_t> docids, tfs, lengths;
};

/// Every loop, for every instruction set that can run, against what it is to do.
class QuickScoresTest : public ::testing::Test {
 protected:
  void TearDown() override {
    quick_scores_testing::use_target(quick_scores_testing::num_targets());
  }

  template <typename Check>
  void for_each_target(Check check) {
    for (std::size_t target = 0; target < quick_scores_testing::num_targets(); ++target) {
      SCOPED_TRACE(target);
      quick_scores_testing::use_target(target);
      for (std::size_t size = 0; size <= 130; ++size) check(size);
    }
  }

  std::uint32_t random_number() {
    const auto bits = 1 + testing::random_below(random_, 32);
    return static_cast<std::uint32_t>(
        1 + testing::random_below(random_, (std::uint64_t{1} << bits) - 1));
  }

  Postings random_postings(std::size_t size) {
    Postings postings;
    for (std::size_t i = 0; i < size; ++i) {
      const std::uint32_t a = random_number(), b = random_number();
      postings.docids.push_back(static_cast<std::uint32_t>(i * 7));
      postings.tfs.push_back(std::min(a, b));
      postings.lengths.push_back(std::max(a, b));
    }
    return postings;
  }

  const std::uint64_t seed_ = testing::test_seed();
  ::testing::ScopedTrace trace_{__FILE__, __LINE__, "SPIMI_TEST_SEED=" + std::to_string(seed_)};
  testing::Random random_{seed_};
};

TEST_F(QuickScoresTest, KeepsFrequentPostings) {
  for_each_target([this](std::size_t size) {
    const Postings all = random_postings(size);
    const std::uint32_t least = size % 3 == 0 ? 1 : random_number();
    std::vector<std::uint32_t> docids(size + kQuickSlack), tfs(size + kQuickSlack);
    const std::size_t num_kept =
        keep_frequent(all.docids.data(), all.tfs.data(), size, least, docids.data(), tfs.data());
    Postings expected;
    for (std::size_t i = 0; i < size; ++i) {
      if (all.tfs[i] < least) continue;
      expected.docids.push_back(all.docids[i]);
      expected.tfs.push_back(all.tfs[i]);
    }
    docids.resize(num_kept);
    tfs.resize(num_kept);
    EXPECT_EQ(docids, expected.docids);
    EXPECT_EQ(tfs, expected.tfs);
  });
}

TEST_F(QuickScoresTest, KeepsScores) {
  for_each_target([this](std::size_t size) {
    const QuickScore weight{static_cast<float>(random_number()) / 1e6f, size % 5 == 0 ? 0.0f : 0.3f,
                            1 / static_cast<float>(random_number())};
    const Postings all = random_postings(size);
    std::vector<double> scores;
    for (std::size_t i = 0; i < size; ++i) {
      const double tf = all.tfs[i];
      scores.push_back(weight.most * tf /
                       (tf + weight.base + double{weight.slope} * all.lengths[i]));
    }
    const float least = size % 4 == 0
                            ? std::numeric_limits<float>::min()
                            : static_cast<float>(scores[testing::random_below(random_, size)]);
    Postings read = all;
    for (auto* row : {&read.docids, &read.tfs, &read.lengths}) row->resize(size + kQuickSlack);
    Postings kept = read;
    std::vector<float> kept_scores(size + kQuickSlack);
    // To the same arrays, or to others.
    const Postings& from = size % 2 == 0 ? kept : read;
    const std::size_t num_kept =
        keep_scores(weight, least, from.docids.data(), from.tfs.data(), size, kept.docids.data(),
                    kept.tfs.data(), kept.lengths.data(), kept_scores.data());
    std::size_t at = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const bool is_kept = at < num_kept && kept.docids[at] == all.docids[i];
      EXPECT_TRUE(is_kept || scores[i] < least * (1 + 1e-6)) << i;
      if (!is_kept) continue;
      EXPECT_GE(scores[i], least * (1 - 1e-6));
      EXPECT_NEAR(kept_scores[at], scores[i], scores[i] * 1e-6);
      EXPECT_EQ(kept.tfs[at], all.tfs[i]);
      EXPECT_EQ(kept.lengths[at], all.lengths[i]);
      ++at;
    }
    EXPECT_EQ(at, num_kept);
  });
}

TEST_F(QuickScoresTest, AddsScores) {
  for_each_target([this](std::size_t size) {
    const QuickScore weight{static_cast<float>(random_number()) / 1e6f, size % 5 == 0 ? 0.0f : 0.3f,
                            1 / static_cast<float>(random_number())};
    Postings postings = random_postings(size);
    std::vector<float> sums;
    std::vector<double> expected;
    for (std::size_t i = 0; i < size; ++i) {
      if (testing::random_below(random_, 3) == 0) postings.tfs[i] = 0;
      sums.push_back(static_cast<float>(testing::random_below(random_, 1000)));
      const double tf = postings.tfs[i];
      expected.push_back(sums[i] +
                         weight.most * tf /
                             (tf + weight.base + double{weight.slope} * postings.lengths[i]));
    }
    for (auto* row : {&postings.tfs, &postings.lengths}) row->resize(size + kQuickSlack);
    sums.resize(size + kQuickSlack);
    add_quick_scores(weight, postings.tfs.data(), postings.lengths.data(), sums.data(), size);
    for (std::size_t i = 0; i < size; ++i) {
      EXPECT_NEAR(sums[i], expected[i], expected[i] * 1e-6) << i;
      if (postings.tfs[i] == 0) {
        EXPECT_EQ(sums[i], static_cast<float>(expected[i]));
      }
    }
  });
}

TEST_F(QuickScoresTest, TellsWhatImpactsAreLacking) {
  for_each_target([this](std::size_t size) {
    const auto most = static_cast<float>(1 + testing::random_below(random_, 30));
    const auto least = static_cast<float>(testing::random_below(random_, 60));
    std::vector<float> sums;
    for (std::size_t i = 0; i < size; ++i) {
      sums.push_back(static_cast<float>(testing::random_below(random_, 6000)) / 100);
    }
    sums.resize(size + kQuickSlack);
    std::vector<std::uint16_t> impacts(size + kQuickSlack);
    lacking_impacts(sums.data(), size, least, most, impacts.data());
    for (std::size_t i = 0; i < size; ++i) {
      const double exact = std::clamp((double{least} - sums[i]) / most * 255, 0.0, 255.0);
      EXPECT_GE(impacts[i], exact + 1e-3 >= 1 ? exact - 1e-3 : 1);
      EXPECT_LE(impacts[i], exact + 1 + 1e-3);
    }
  });
}

TEST_F(QuickScoresTest, KeepsValues) {
  for (std::size_t target = 0; target < quick_scores_testing::num_targets(); ++target) {
    SCOPED_TRACE(target);
    quick_scores_testing::use_target(target);
    for (std::size_t size = 0; size <= kMaxKept; ++size) {
      const auto least = static_cast<float>(testing::random_below(random_, 12));
      const bool needs_tf = size % 2 == 0;
      std::vector<float> sums, expected_sums;
      std::vector<std::uint32_t> tfs, values, expected;
      for (std::size_t i = 0; i < size; ++i) {
        sums.push_back(static_cast<float>(testing::random_below(random_, 10)));
        tfs.push_back(static_cast<std::uint32_t>(testing::random_below(random_, 3)));
        values.push_back(random_number());
        if (sums[i] < least || (needs_tf && tfs[i] == 0)) continue;
        expected.push_back(values[i]);
        expected_sums.push_back(sums[i]);
      }
      // What is behind them does not count.
      for (auto* row : {&tfs, &values}) row->resize(size + kQuickSlack, 1);
      sums.resize(size + kQuickSlack, 100);
      KeptSet kept;
      const std::size_t num_kept =
          find_kept(sums.data(), needs_tf ? tfs.data() : nullptr, size, least, kept);
      ASSERT_EQ(num_kept, expected.size());
      keep_values(kept, size, values.data());
      keep_values(kept, size, sums.data());
      values.resize(num_kept);
      sums.resize(num_kept);
      EXPECT_EQ(values, expected);
      EXPECT_EQ(sums, expected_sums);
    }
  }
}

TEST_F(QuickScoresTest, FindsLargeValues) {
  for_each_target([this](std::size_t size) {
    size = size / kQuickSlack * kQuickSlack;
    std::vector<float> values;
    for (std::size_t i = 0; i < size; ++i) {
      values.push_back(static_cast<float>(testing::random_below(random_, 20)));
    }
    const auto least = static_cast<float>(testing::random_below(random_, 22));
    std::vector<std::uint32_t> places(size + kQuickSlack), expected;
    places.resize(find_large(values.data(), size, least, places.data()));
    for (std::size_t i = 0; i < size; ++i) {
      if (values[i] >= least) expected.push_back(static_cast<std::uint32_t>(i));
    }
    EXPECT_EQ(places, expected);
  });
}

}  // namespace
}  // namespace spimi
