#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "cli/console.h"
#include "spimi/build.h"

namespace spimi::cli {

/// Shows how far a build or merge is, on stderr: on a terminal one line that is redrawn in place,
/// else a plain line now and then. One thread at a time.
class ProgressLine {
 public:
  enum class Mode { kOff, kLine, kPlain };

  explicit ProgressLine(Mode mode);

  /// What --progress and -q ask for.
  static Mode choose_mode(When when, bool quiet);

  void update(const Progress& progress);
  /// Wipes the line, so that messages start at the left margin. The next update draws it again.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  Mode mode_;
  bool drawn_ = false;
  bool started_ = false;
  Progress::Phase phase_ = Progress::Phase::kRead;
  Clock::time_point phase_start_;
  Clock::time_point last_shown_;
};

/// The text of the line, at most `width` columns; what matters less is left out first.
/// `resident_bytes` is 0 if not known.
std::string progress_text(const Progress& progress, double phase_seconds,
                          std::uint64_t resident_bytes, std::size_t width);

}  // namespace spimi::cli
