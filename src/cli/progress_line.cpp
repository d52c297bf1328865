#include "cli/progress_line.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

#include "cli/human.h"

namespace spimi::cli {
namespace {

constexpr std::chrono::milliseconds kLineInterval{100};
// Plain lines end up in log files; short builds write none.
constexpr std::chrono::seconds kPlainInterval{10};

std::string_view phase_name(Progress::Phase phase) {
  switch (phase) {
    case Progress::Phase::kRead:
      return "reading";
    case Progress::Phase::kMergePass:
      return "merging, first passes";
    case Progress::Phase::kMerge:
      return "merging";
    case Progress::Phase::kCommit:
      break;
  }
  return "committing";
}

/// The resident memory of this process; 0 if /proc does not tell.
std::uint64_t resident_bytes() {
  const int fd = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  char text[128];
  const ssize_t size = ::read(fd, text, sizeof(text));
  ::close(fd);
  if (size <= 0) return 0;
  // The second number, in pages.
  const char* const end = text + size;
  const char* const space = std::find(static_cast<const char*>(text), end, ' ');
  if (space == end) return 0;
  std::uint64_t num_pages = 0;
  std::from_chars(space + 1, end, num_pages);
  return num_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

/// One column less than the terminal has: a full line would wrap on some.
std::size_t line_width() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 2) return 79;
  return size.ws_col - 1u;
}

}  // namespace

std::string progress_text(const Progress& progress, double phase_seconds,
                          std::uint64_t resident_bytes, std::size_t width) {
  const double done = static_cast<double>(progress.bytes_done);
  const double total = static_cast<double>(progress.bytes_total);
  std::string text(phase_name(progress.phase));
  text.resize(std::min(text.size(), width));
  const auto add = [&](const std::string& field) {
    if (!field.empty() && text.size() + 2 + field.size() <= width) text += "  " + field;
  };

  // The total of a corpus that is still being counted may be behind what is done.
  if (progress.bytes_total > 0) {
    add(fmt::format("{:3.0f}%", std::min(100.0, std::floor(100 * done / total))));
  }
  if (progress.bytes_done > 0) add(data_size(progress.bytes_done));
  if (progress.bytes_done > 0) add(data_rate(progress.bytes_done, phase_seconds));
  if (progress.bytes_total > progress.bytes_done && progress.bytes_done > 0 && phase_seconds >= 1) {
    const double seconds_left = phase_seconds * (total - done) / done;
    add(seconds_left < 60 ? fmt::format("{:.0f} s left", seconds_left)
                          : duration(seconds_left) + " left");
  }
  if (progress.phase == Progress::Phase::kRead && progress.num_docs > 0) {
    add(counted(progress.num_docs, "document"));
    if (phase_seconds > 0) {
      const double rate = static_cast<double>(progress.num_docs) / phase_seconds;
      add(grouped(static_cast<std::uint64_t>(rate)) + " documents/s");
    }
  }
  if (resident_bytes > 0) add(memory_size(resident_bytes));
  return text;
}

ProgressLine::ProgressLine(Mode mode) : mode_(mode) {}

ProgressLine::Mode ProgressLine::choose_mode(When when, bool quiet) {
  if (quiet || when == When::kNever) return Mode::kOff;
  if (when == When::kAlways || is_capable_terminal(STDERR_FILENO)) return Mode::kLine;
  return Mode::kPlain;
}

void ProgressLine::update(const Progress& progress) {
  if (mode_ == Mode::kOff) return;
  const auto now = Clock::now();
  const bool new_phase = !started_ || progress.phase != phase_;
  if (new_phase) {
    if (!started_) last_shown_ = now;
    phase_ = progress.phase;
    phase_start_ = now;
  }
  const std::chrono::duration<double> phase_seconds = now - phase_start_;

  if (mode_ == Mode::kPlain) {
    if (started_ && now - last_shown_ >= kPlainInterval) {
      constexpr std::size_t kNoLimit = 1000;
      write_stderr(fmt::format("spimi: {}\n", progress_text(progress, phase_seconds.count(),
                                                            resident_bytes(), kNoLimit)));
      last_shown_ = now;
    }
  } else if (!started_ || now - last_shown_ >= kLineInterval) {
    // In one write, and what is left of a longer line is wiped last: so nothing flickers.
    write_stderr(fmt::format("\r{}\x1b[K", progress_text(progress, phase_seconds.count(),
                                                         resident_bytes(), line_width())));
    drawn_ = true;
    last_shown_ = now;
  }
  started_ = true;
}

void ProgressLine::clear() {
  if (drawn_) write_stderr("\r\x1b[K");
  drawn_ = false;
}

}  // namespace spimi::cli
