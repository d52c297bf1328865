#include "cli/last_index.h"

#include <unistd.h>

#include <climits>
#include <string_view>

#include "base/file.h"
#include "base/system_calls.h"
#include "cli/state_directory.h"
#include "spimi/error.h"

namespace spimi::cli {
namespace {

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
  // Renamed into place, so that two builds at once leave one path and not a mixture. Not synced:
  // losing it costs nothing.
  const std::string path = make_state_directory() + std::string(kName);
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
