// The program: finds the command, runs it, and turns what it throws into a message and an exit
// code.

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/suggest.h"
#include "format/layout.h"
#include "spimi/error.h"
#include "text/normalize.h"

namespace spimi::cli {
namespace {

struct Command {
  std::string_view name;
  int (*run)(std::vector<std::string>, Console&);
};

constexpr Command kCommands[] = {
    {"build", run_build},     {"merge", run_merge},
    {"query", run_query},     {"dump", run_dump},
    {"stats", run_stats},     {"check", run_check},
    {"explain", run_explain}, {"serve-stdin", run_serve_stdin},
};

constexpr std::string_view kHelp =
    "spimi builds an inverted index of a directory of text, in a memory budget that\n"
    "you set, and answers queries from it.\n"
    "\n"
    "Examples:\n"
    "  spimi build ~/notes notes.index\n"
    "  spimi query -i notes.index inverted index\n"
    "\n"
    "Usage:\n"
    "  spimi build [OPTIONS] CORPUS_DIR OUT_DIR    index every text file\n"
    "  spimi merge [OPTIONS] [OUT_DIR]             finish a build made with --no-merge\n"
    "  spimi merge [OPTIONS] -o OUT_DIR INDEX...   join indexes\n"
    "  spimi query [OPTIONS] TERM...               find documents, best first\n"
    "  spimi explain [OPTIONS] QUERY PATH          why a document matches, and its score\n"
    "  spimi dump  [OPTIONS]                       every term, list and document\n"
    "  spimi stats [OPTIONS]                       what the index holds, and its size\n"
    "  spimi check [OPTIONS]                       verify every checksum and invariant\n"
    "  spimi serve-stdin [OPTIONS]                 answer queries from standard input\n"
    "\n"
    "  spimi COMMAND --help                        the options of a command\n"
    "  spimi --version\n"
    "\n"
    "The index of query, dump, stats and check is -i DIR, else $SPIMI_INDEX, else the\n"
    "working directory if it is an index, else the last one built.\n"
    "\n";

constexpr std::string_view kShortHelp =
    "spimi: no command given\n"
    "  spimi build CORPUS_DIR OUT_DIR   index a directory of text\n"
    "  spimi query TERM...              search it\n"
    "  spimi --help                     all commands\n";

const Command* find_command(std::string_view name) {
  for (const Command& command : kCommands) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

void print_version() {
  print(fmt::format("spimi {} (index format {}, Unicode {})\n", SPIMI_VERSION, kFormatVersion,
                    kUnicodeVersion));
}

int fail_unknown_command(std::string_view name, const Console& console) {
  static constexpr std::string_view kWords[] = {"build",     "merge",  "query",   "dump",
                                                "stats",     "check",  "explain", "serve-stdin",
                                                "--version", "--help", "help"};
  std::string message = fmt::format(
      "unknown {} '{}'", name.substr(0, 1) == "-" ? "option" : "command", escape_bytes(name));
  const std::string_view meant = suggest(name, kWords);
  if (!meant.empty()) message += fmt::format("; did you mean '{}'?", meant);
  console.error(message);
  write_stderr("see 'spimi --help'\n");
  return kExitUsage;
}

int run(std::vector<std::string> arguments, Console& console) {
  if (arguments.empty()) {
    write_stderr(kShortHelp);
    return kExitUsage;
  }
  if (arguments[0] == "help" && arguments.size() > 1) {
    arguments = {arguments[1], "--help"};
  }
  const std::string name = arguments[0];
  if (name == "-h" || name == "--help" || name == "help") {
    print(fmt::format("{}{}", kHelp, kExitCodesHelp));
    return kExitDone;
  }
  if (name == "--version" || name == "-V") {
    print_version();
    return kExitDone;
  }
  const Command* command = find_command(name);
  if (command == nullptr) return fail_unknown_command(name, console);
  arguments.erase(arguments.begin());
  try {
    return command->run(std::move(arguments), console);
  } catch (const UsageError& e) {
    console.error(e.what());
    write_stderr(fmt::format("see 'spimi {} --help'\n", name));
    return kExitUsage;
  }
}

/// A descriptor 0, 1 or 2 that is closed would be given to the next file opened, and messages would
/// be written into an index. Reading or writing fails on what is put there, as it would on a closed
/// one.
void occupy_standard_descriptors() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    ::open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);  // Takes the lowest free one: this.
  }
}

int guarded_main(int argc, char** argv) {
  occupy_standard_descriptors();
  Console console;
  try {
    return run(std::vector<std::string>(argv + std::min(argc, 1), argv + argc), console);
  } catch (const ClosedOutput&) {
    return kExitDone;
  } catch (const Error& e) {
    console.error(e.what());
    return exit_code(e.kind());
  } catch (const std::bad_alloc&) {
    console.error("out of memory");
  } catch (const std::exception& e) {
    console.error(e.what());
  }
  return kExitFailed;
}

}  // namespace
}  // namespace spimi::cli

int main(int argc, char** argv) { return spimi::cli::guarded_main(argc, argv); }
