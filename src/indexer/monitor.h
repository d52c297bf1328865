#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <mutex>

#include "spimi/build.h"

namespace spimi {

/// What the threads of a build or merge share to end together and to tell how far they are. All of
/// it is thread-safe.
class Monitor {
 public:
  Monitor(ProgressFunction on_progress, const std::atomic<bool>* stop);

  /// Throws Error(kInterrupted) if the caller asked to stop or another thread failed. Cheap enough
  /// for each document and chunk.
  void check() const;
  bool should_stop() const;

  /// Call in a thread's catch block: all others stop at their next check. The first failure is the
  /// one that counts.
  void fail(std::exception_ptr error);
  /// Rethrows the first failure, or throws Error(kInterrupted) if the caller asked to stop.
  void rethrow() const;

  void begin_phase(Progress::Phase phase, std::uint64_t bytes_total);
  void set_bytes_total(std::uint64_t bytes) { bytes_total_ = bytes; }
  void add(std::uint64_t bytes, std::uint64_t docs);
  void add_run() { ++num_runs_; }

 private:
  void report(bool now);

  const ProgressFunction on_progress_;
  const std::atomic<bool>* const stop_;
  std::atomic<bool> failed_ = false;
  std::atomic<Progress::Phase> phase_ = Progress::Phase::kRead;
  std::atomic<std::uint64_t> bytes_done_ = 0, bytes_total_ = 0, num_docs_ = 0, num_runs_ = 0;
  std::atomic<std::int64_t> next_report_ns_ = 0;
  mutable std::mutex mutex_;
  std::exception_ptr error_;
};

}  // namespace spimi
