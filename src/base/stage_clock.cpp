#include "base/stage_clock.h"

#include <algorithm>
#include <limits>

namespace spimi {
namespace {

constexpr std::uint64_t kTimedRecord = 64;

// What reading the clock adds to the time between two readings, some 20 ns: as much as decoding a
// small record takes.
std::int64_t clock_cost_ns() {
  static const std::int64_t cost = [] {
    std::int64_t least = std::numeric_limits<std::int64_t>::max();
    for (int i = 0; i < 100; ++i) {
      const std::int64_t before = StageClock::now_ns();
      least = std::min(least, StageClock::now_ns() - before);
    }
    return least;
  }();
  return cost;
}

}  // namespace

RecordSampler::RecordSampler() {
  if (clock_ != nullptr) begin_ns_ = clock_->ns(Stage::kEncodeLists);
}

RecordSampler::~RecordSampler() {
  if (clock_ == nullptr) return;
  if (is_timed_) enter(stage_);
  std::int64_t sum = 0;
  for (const std::int64_t ns : sampled_ns_) sum += ns;
  if (sum == 0) return;
  const std::int64_t whole = clock_->ns(Stage::kEncodeLists) - begin_ns_;
  for (std::size_t i = 0; i < kNumStages; ++i) {
    const double part = static_cast<double>(sampled_ns_[i]) / static_cast<double>(sum);
    clock_->move(static_cast<std::int64_t>(part * static_cast<double>(whole)), Stage::kEncodeLists,
                 static_cast<Stage>(i));
  }
}

void RecordSampler::choose() {
  if (is_timed_) enter(stage_);
  is_timed_ = num_records_++ % kTimedRecord == 0;
  if (!is_timed_) return;
  stage_ = Stage::kDecode;
  since_ns_ = clock_->ns(Stage::kEncodeLists);
}

void RecordSampler::enter(Stage stage) {
  const std::int64_t now = clock_->ns(Stage::kEncodeLists);
  sampled_ns_[static_cast<std::size_t>(stage_)] +=
      std::max<std::int64_t>(0, now - since_ns_ - clock_cost_ns());
  stage_ = stage;
  since_ns_ = now;
}

}  // namespace spimi
