#include "indexer/monitor.h"

#include <utility>

#include "spimi/error.h"

namespace spimi {
namespace {

constexpr std::int64_t kReportIntervalNs = 50'000'000;

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Monitor::Monitor(ProgressFunction on_progress, const std::atomic<bool>* stop)
    : on_progress_(std::move(on_progress)), stop_(stop) {}

bool Monitor::should_stop() const {
  return failed_.load(std::memory_order_relaxed) ||
         (stop_ != nullptr && stop_->load(std::memory_order_relaxed));
}

void Monitor::check() const {
  if (should_stop()) throw Error(ErrorKind::kInterrupted, {}, "interrupted");
}

void Monitor::fail(std::exception_ptr error) {
  const std::lock_guard lock(mutex_);
  // The threads that are stopped by a failure fail too, after it.
  if (!error_) error_ = std::move(error);
  failed_ = true;
}

void Monitor::rethrow() const {
  {
    const std::lock_guard lock(mutex_);
    if (error_) std::rethrow_exception(error_);
  }
  check();
}

void Monitor::begin_phase(Progress::Phase phase, std::uint64_t bytes_total) {
  phase_ = phase;
  bytes_done_ = 0;
  bytes_total_ = bytes_total;
  report(true);
}

void Monitor::add(std::uint64_t bytes, std::uint64_t docs) {
  bytes_done_ += bytes;
  num_docs_ += docs;
  if (on_progress_) report(false);
}

void Monitor::report(bool now) {
  if (!on_progress_) return;
  const std::int64_t time = now_ns();
  std::int64_t next = next_report_ns_.load(std::memory_order_relaxed);
  if (!now &&
      (time < next || !next_report_ns_.compare_exchange_strong(next, time + kReportIntervalNs))) {
    return;
  }
  Progress progress;
  progress.phase = phase_;
  progress.bytes_done = bytes_done_;
  progress.bytes_total = bytes_total_;
  progress.num_docs = num_docs_;
  progress.num_runs = num_runs_;
  const std::lock_guard lock(mutex_);
  on_progress_(progress);
}

}  // namespace spimi
