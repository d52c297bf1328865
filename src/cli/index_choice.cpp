#include "cli/index_choice.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "cli/human.h"
#include "cli/last_index.h"
#include "format/layout.h"
#include "spimi/index.h"

namespace spimi::cli {
namespace {

bool has_staging(const std::filesystem::path& directory) {
  std::error_code ignored;
  return std::filesystem::is_directory(directory / kStagingName, ignored);
}

}  // namespace

void index_option(CommandLine& command_line, std::string& directory) {
  command_line.text("-i,--index", "DIR", directory,
                    "The index. Without it: $SPIMI_INDEX, else the\n"
                    "working directory if it is an index, else the\n"
                    "last one built.");
}

std::string choose_index(const std::string& given, const Console& console) {
  if (!given.empty()) return given;
  const char* environment = std::getenv("SPIMI_INDEX");
  if (environment != nullptr && *environment != '\0') return environment;
  if (Index::is_index(".")) return ".";
  std::string last = read_last_index();
  if (!last.empty() && Index::is_index(last)) {
    console.note(fmt::format("using index {} (last built)", escape_bytes(last)));
    return last;
  }
  std::string last_state = "none is known";
  if (!last.empty() && has_staging(last)) {
    last_state =
        fmt::format("'spimi merge {}' must finish it first", escape_bytes(shell_quoted(last)));
  } else if (!last.empty()) {
    last_state = fmt::format("{} is gone", escape_bytes(last));
  }
  throw UsageError(
      fmt::format("no index: give -i DIR, or set $SPIMI_INDEX, or work in the directory of an "
                  "index, or build one; the last one built is used otherwise ({})",
                  last_state));
}

std::string choose_staged(const std::string& given, const Console& console) {
  if (!given.empty()) return given;
  if (has_staging(".")) return ".";
  std::string last = read_last_index();
  if (!last.empty() && has_staging(last)) {
    console.note(fmt::format("merging {} (last built)", escape_bytes(last)));
    return last;
  }
  throw UsageError(
      "nothing to merge: give the OUT_DIR of a build made with --no-merge, or -o OUT_DIR and "
      "the indexes to join");
}

}  // namespace spimi::cli
