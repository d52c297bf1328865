#include "cli/output.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <string>

#include "base/os_error.h"
#include "base/system_calls.h"

namespace spimi::cli {
namespace {

void write_stdout(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = os::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      if (errno == EPIPE) throw ClosedOutput{};
      if (errno == EAGAIN) {  // A caller may have made its end, and with it ours, non-blocking.
        pollfd writable{STDOUT_FILENO, POLLOUT, 0};
        ::poll(&writable, 1, -1);
        continue;
      }
      throw os_error("standard output", "cannot write");
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

// Not make_unique, which would zero it.
Output::Output() : buffer_(new char[kBufferBytes]) {}

void Output::append_slowly(std::string_view text) {
  flush();
  if (text.size() > kBufferBytes) {
    write_stdout(text);
    return;
  }
  std::memcpy(buffer_.get(), text.data(), text.size());
  used_ = text.size();
}

void Output::append_json(std::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
  });
  if (plain) {
    append('"');
    append(text);
    append('"');
    return;
  }
  using nlohmann::json;
  append(json(text).dump(-1, ' ', false, json::error_handler_t::replace));
}

void Output::flush() {
  write_stdout(std::string_view(buffer_.get(), used_));
  used_ = 0;
}

void print(std::string_view text) { write_stdout(text); }

}  // namespace spimi::cli
