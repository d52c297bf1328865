#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

namespace spimi::cli {

/// Thrown when nobody reads stdout any more. The program then ends without a word and with exit
/// code 0. It is rare: by default the system ends the process with SIGPIPE at that write; it takes
/// a caller that ignores SIGPIPE, or a build, which does.
struct ClosedOutput {};

/// Buffered writer to stdout, where every failed write counts: one that is lost would look like an
/// answer.
class Output {
 public:
  Output();

  void append(std::string_view text) {
    if (text.size() > kBufferBytes - used_) {
      append_slowly(text);
      return;
    }
    std::memcpy(buffer_.get() + used_, text.data(), text.size());
    used_ += text.size();
  }
  void append(char c) { append(std::string_view(&c, 1)); }
  void append_number(std::uint64_t value) {
    const fmt::format_int digits(value);
    append(std::string_view(digits.data(), digits.size()));
  }
  /// `text`, which is UTF-8, as a JSON string with its quotes.
  void append_json(std::string_view text);

  /// Writes what is buffered. Call it when all is appended: the destructor writes nothing.
  /// Throws Error(kIo), or ClosedOutput; so do the functions above, for they may write.
  void flush();

 private:
  static constexpr std::size_t kBufferBytes = 64 << 10;

  void append_slowly(std::string_view text);

  std::unique_ptr<char[]> buffer_;
  std::size_t used_ = 0;
};

/// Writes `text` to stdout and flushes it.
void print(std::string_view text);

}  // namespace spimi::cli
