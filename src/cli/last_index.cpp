#include "cli/last_index.h"

#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/file.h"
#include "base/system_calls.h"
#include "spimi/error.h"

namespace spimi::cli {
namespace {

/// The directory of this program's state; empty if the user has none.
std::string state_directory() {
  // A relative $XDG_STATE_HOME is to be ignored: XDG Base Directory Specification.
  const char* state_home = std::getenv("XDG_STATE_HOME");
  if (state_home != nullptr && *state_home == '/') return std::string(state_home) + "/spimi";
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home == '/') return std::string(home) + "/.local/state/spimi";
  return {};
}

constexpr std::string_view kName = "/last-index";

}  // namespace

std::string read_last_index() {
  const std::string directory = state_directory();
  if (directory.empty()) return {};
  try {
    std::string path = read_small_file(directory + std::string(kName), PATH_MAX + 1);
    if (!path.empty() && path.back() == '\n') path.pop_back();
    return !path.empty() && path.front() == '/' ? path : std::string();
  } catch (const Error&) {
    return {};  // Not there, most of the time; no reason is worth a message.
  }
}

void write_last_index(const std::string& directory) {
  const std::string state = state_directory();
  if (state.empty()) throw Error(ErrorKind::kIo, {}, "neither XDG_STATE_HOME nor HOME is set");
  std::error_code problem;
  std::filesystem::create_directories(state, problem);
  if (problem) throw Error(ErrorKind::kIo, state, "cannot create", problem.message());
  // Renamed into place, so that two builds at once leave one path and not a mixture. Not synced:
  // losing it costs nothing.
  const std::string path = state + std::string(kName);
  const std::string temporary = path + "." + std::to_string(::getpid());
  os::unlink(temporary.c_str());
  File file = File::create(temporary);
  try {
    const std::string line = directory + "\n";
    file.pwrite_all(0, line.data(), line.size());
    file.close();
    rename_path(temporary, path);
  } catch (...) {
    os::unlink(temporary.c_str());
    throw;
  }
}

}  // namespace spimi::cli
