#include "cli/state_directory.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "spimi/error.h"

namespace spimi::cli {

std::string state_directory() {
  // A relative $XDG_STATE_HOME is to be ignored: XDG Base Directory Specification.
  const char* state_home = std::getenv("XDG_STATE_HOME");
  if (state_home != nullptr && *state_home == '/') return std::string(state_home) + "/spimi";
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home == '/') return std::string(home) + "/.local/state/spimi";
  return {};
}

std::string make_state_directory() {
  std::string directory = state_directory();
  if (directory.empty()) throw Error(ErrorKind::kIo, {}, "neither XDG_STATE_HOME nor HOME is set");
  std::error_code problem;
  std::filesystem::create_directories(directory, problem);
  if (problem) throw Error(ErrorKind::kIo, directory, "cannot create", problem.message());
  return directory;
}

}  // namespace spimi::cli
