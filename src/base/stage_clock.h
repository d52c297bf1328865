#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "spimi/build.h"

namespace spimi {

/// Counts the time of a thread by stage: every moment belongs to exactly one. A thread without a
/// clock pays a test of a pointer for each StageScope, so scopes stand around files, batches and
/// frames, never around a token.
class StageClock {
 public:
  explicit StageClock(Stage stage = Stage::kOther) : stage_(stage) {}

  /// While it lives, `clock` (may be null) is this thread's. Outside of it a clock's time is spent
  /// waiting.
  class Use {
   public:
    explicit Use(StageClock* clock) : clock_(clock), before_(current_) {
      if (clock != nullptr) clock->enter(Stage::kOther);
      current_ = clock;
    }
    ~Use() {
      if (clock_ != nullptr) clock_->enter(Stage::kWait);
      current_ = before_;
    }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

   private:
    StageClock* const clock_;
    StageClock* const before_;
  };
  static StageClock* of_this_thread() { return current_; }

  static std::int64_t now_ns() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  }

  Stage stage() const { return stage_; }
  void enter(Stage stage) {
    const std::int64_t now = now_ns();
    ns_[index(stage_)] += now - since_ns_;
    since_ns_ = now;
    stage_ = stage;
  }
  /// The time in a stage so far.
  std::int64_t ns(Stage stage) const {
    return ns_[index(stage)] + (stage == stage_ ? now_ns() - since_ns_ : 0);
  }
  /// Counts time of one stage for another.
  void move(std::int64_t ns, Stage from, Stage to) {
    ns_[index(from)] -= ns;
    ns_[index(to)] += ns;
  }
  /// Adds what the clock of a thread that has ended counted.
  void add(const StageClock& other) {
    for (std::size_t i = 0; i < kNumStages; ++i) ns_[i] += other.ns(static_cast<Stage>(i));
  }

 private:
  static std::size_t index(Stage stage) { return static_cast<std::size_t>(stage); }

  static inline thread_local constinit StageClock* current_ = nullptr;

  Stage stage_;
  std::int64_t since_ns_ = now_ns();
  std::int64_t ns_[kNumStages] = {};
};

/// The thread is in a stage while this lives, then in the one before again.
class StageScope {
 public:
  explicit StageScope(Stage stage) : clock_(StageClock::of_this_thread()) {
    if (clock_ == nullptr) return;
    before_ = clock_->stage();
    clock_->enter(stage);
  }
  ~StageScope() { to(before_); }
  StageScope(const StageScope&) = delete;
  StageScope& operator=(const StageScope&) = delete;

  void to(Stage stage) {
    if (clock_ != nullptr) clock_->enter(stage);
  }

 private:
  StageClock* const clock_;
  Stage before_ = Stage::kOther;
};

/// Tells apart what the merge does with a record, which takes no longer than a few readings of the
/// clock: all of it counts as kEncodeLists at first, every 64th record is timed, and in the end the
/// whole is divided in the proportions found. Scopes that begin meanwhile are left out of both.
class RecordSampler {
 public:
  RecordSampler();
  ~RecordSampler();
  RecordSampler(const RecordSampler&) = delete;
  RecordSampler& operator=(const RecordSampler&) = delete;

  /// Another record, which is now decoded.
  void next_record() {
    if (clock_ != nullptr) [[unlikely]]
      choose();
  }
  /// kQueue or kEncodeLists, until the next record.
  void to(Stage stage) {
    if (is_timed_) [[unlikely]]
      enter(stage);
  }

 private:
  void choose();
  void enter(Stage stage);

  const StageScope scope_{Stage::kEncodeLists};
  StageClock* const clock_ = StageClock::of_this_thread();
  std::int64_t begin_ns_ = 0;
  std::uint64_t num_records_ = 0;
  bool is_timed_ = false;
  Stage stage_ = Stage::kDecode;  // of a record that is timed, since the clock was at since_ns_
  std::int64_t since_ns_ = 0;
  std::int64_t sampled_ns_[kNumStages] = {};
};

}  // namespace spimi
