#include "cli/console.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

namespace spimi::cli {
namespace {

void write_message(std::string_view message, bool color) {
  std::string line = color ? "\x1b[1;31mspimi:\x1b[0m " : "spimi: ";
  line += message;
  line += '\n';
  write_stderr(line);
}

}  // namespace

void write_stderr(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

bool is_capable_terminal(int fd) {
  const char* term = std::getenv("TERM");
  return ::isatty(fd) == 1 && term != nullptr && std::string_view(term) != "dumb";
}

void Console::error(std::string_view message) const {
  write_message(message, colors(STDERR_FILENO));
}

void Console::note(std::string_view message) const {
  if (!quiet) write_message(message, false);
}

void Console::detail(std::string_view message) const {
  if (verbose) write_message(message, false);
}

bool Console::colors(int fd) const {
  if (color != When::kAuto) return color == When::kAlways;
  const char* no_color = std::getenv("NO_COLOR");
  return (no_color == nullptr || *no_color == '\0') && is_capable_terminal(fd);
}

}  // namespace spimi::cli
