#include "base/stage_clock.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>

namespace spimi::testing {
namespace {

constexpr std::int64_t kMs = 1'000'000;

void spend(std::int64_t ns) {
  const std::int64_t end = StageClock::now_ns() + ns;
  while (StageClock::now_ns() < end) {
  }
}

// Does `work` under a clock, and returns that. The machine may stop a thread at any moment, so
// tests bound a stage from below; here all of them together are bounded by the time that passed.
template <class Work>
StageClock timed(const Work& work) {
  StageClock clock;
  const std::int64_t begin = StageClock::now_ns();
  std::int64_t end = 0;
  {
    const StageClock::Use use(&clock);
    work();
    end = StageClock::now_ns();
  }
  EXPECT_EQ(StageClock::of_this_thread(), nullptr);
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < kNumStages; ++i) {
    EXPECT_GE(clock.ns(static_cast<Stage>(i)), 0) << stage_name(static_cast<Stage>(i));
    sum += clock.ns(static_cast<Stage>(i));
  }
  EXPECT_GE(sum, end - begin);
  EXPECT_LE(sum, StageClock::now_ns() - begin + kMs);
  return clock;
}

TEST(StageClockTest, InnerScopeInterruptsTheOuterOne) {
  const StageClock clock = timed([] {
    spend(1 * kMs);
    StageScope outer(Stage::kTokenize);
    spend(2 * kMs);
    {
      const StageScope inner(Stage::kAccumulate);
      spend(3 * kMs);
    }
    spend(4 * kMs);
    outer.to(Stage::kRead);
    spend(5 * kMs);
  });
  EXPECT_GE(clock.ns(Stage::kOther), 1 * kMs);
  EXPECT_GE(clock.ns(Stage::kTokenize), 6 * kMs);
  EXPECT_GE(clock.ns(Stage::kAccumulate), 3 * kMs);
  EXPECT_GE(clock.ns(Stage::kRead), 5 * kMs);
  EXPECT_EQ(clock.ns(Stage::kSort), 0);
}

TEST(StageClockTest, ExceptionLeadsBackToTheStageBefore) {
  const StageClock clock = timed([] {
    const StageScope outer(Stage::kRead);
    try {
      StageScope inner(Stage::kFiles);
      inner.to(Stage::kWalk);
      throw std::runtime_error("");
    } catch (const std::runtime_error&) {
      EXPECT_EQ(StageClock::of_this_thread()->stage(), Stage::kRead);
    }
  });
  EXPECT_EQ(clock.stage(), Stage::kWait);
}

TEST(StageClockTest, ThreadWithoutClockCountsNothing) {
  const StageClock clock = timed([] {
    const StageClock::Use none(nullptr);
    EXPECT_EQ(StageClock::of_this_thread(), nullptr);
    const StageScope scope(Stage::kSort);
    RecordSampler sampler;
    sampler.next_record();
    sampler.to(Stage::kQueue);
  });
  EXPECT_EQ(clock.ns(Stage::kSort), 0);
  EXPECT_EQ(clock.ns(Stage::kDecode), 0);
}

TEST(RecordSamplerTest, DividesTheWholeAsTheTimedRecordsAre) {
  const StageClock clock = timed([] {
    const StageScope outer(Stage::kQueue);
    RecordSampler sampler;
    // One record in 64 is timed; it stands for the others, which take as long.
    for (int i = 0; i < 640; ++i) {
      sampler.next_record();
      spend(kMs / 100);
      sampler.to(Stage::kQueue);
      spend(kMs / 50);
      sampler.to(Stage::kEncodeLists);
      spend(kMs / 25);
      const StageScope inner(Stage::kDictionary);
      spend(kMs / 100);
    }
  });
  // 6.4, 12.8, 25.6 and 6.4 ms if nothing came between; the samples are few.
  const auto decode = static_cast<double>(clock.ns(Stage::kDecode));
  const auto queue = static_cast<double>(clock.ns(Stage::kQueue));
  const auto encode = static_cast<double>(clock.ns(Stage::kEncodeLists));
  EXPECT_GE(decode + queue + encode, 640 * 0.07 * kMs);
  EXPECT_GE(clock.ns(Stage::kDictionary), 640 * kMs / 100);
  EXPECT_GT(decode, 0);
  EXPECT_GT(queue, 0);
  EXPECT_GT(encode, 0);
}

TEST(RecordSamplerTest, SingleRecordIsTimed) {
  const StageClock clock = timed([] {
    RecordSampler sampler;
    sampler.next_record();
    spend(2 * kMs);
    sampler.to(Stage::kQueue);
    spend(3 * kMs);
  });
  EXPECT_GE(clock.ns(Stage::kDecode), 1 * kMs);
  EXPECT_GE(clock.ns(Stage::kQueue), 1 * kMs);
}

}  // namespace
}  // namespace spimi::testing
