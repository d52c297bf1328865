#include "cli/skip_report.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <nlohmann/json.hpp>

#include "base/os_error.h"
#include "base/system_calls.h"
#include "cli/human.h"

namespace spimi::cli {
namespace {

constexpr std::size_t kBufferBytes = 64 << 10;
constexpr std::size_t kMaxPrinted = 10;

}  // namespace

SkipReport::SkipReport(const std::string& path) {
  if (path.empty()) return;
  file_ = File::open(path, O_WRONLY | O_CREAT | O_TRUNC, "cannot create");
}

SkipReport::~SkipReport() { flush(); }

void SkipReport::add(std::string_view path, SkipReason reason, std::string_view cause) noexcept
    try {
  if (reason == SkipReason::kUnreadable && num_unreadable_++ < kMaxPrinted) {
    first_unreadable_.push_back(fmt::format("{}: {}", escape_bytes(path), cause));
  }
  if (!file_.is_open() || failure_) return;
  nlohmann::ordered_json line;
  line["path"] = escape_bytes(path);
  line["reason"] = skip_reason_name(reason);
  line["cause"] = escape_bytes(cause);
  buffer_ += line.dump();
  buffer_ += '\n';
  if (buffer_.size() >= kBufferBytes) flush();
} catch (const std::bad_alloc&) {
  failure_.emplace(ErrorKind::kIo, file_.path(), "out of memory");
}

void SkipReport::print_unreadable(const Console& console) const {
  for (const std::string& message : first_unreadable_) console.error(message);
  if (num_unreadable_ > first_unreadable_.size()) {
    console.error(fmt::format("and {} more that could not be read; --report FILE lists all",
                              grouped(num_unreadable_ - first_unreadable_.size())));
  }
}

void SkipReport::flush() noexcept {
  std::string_view left = buffer_;
  while (!left.empty() && !failure_) {
    const ssize_t written = os::write(file_.fd(), left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      failure_ = os_error(file_.path(), "cannot write");
    } else {
      left.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  buffer_.clear();
}

void SkipReport::finish() {
  flush();
  if (!failure_ && file_.is_open()) file_.close();
  if (failure_) throw *failure_;
}

}  // namespace spimi::cli
