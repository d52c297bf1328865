#include <fmt/format.h>

#include <charconv>
#include <iostream>
#include <string>
#include <string_view>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/index_choice.h"
#include "cli/output.h"
#include "spimi/index.h"

namespace spimi::cli {
namespace {

constexpr HelpText kHelp{
    .name = "serve-stdin",
    .description = "Answers queries from standard input, a line each, for benchmarks.\n",
    .examples = "  printf 'COUNT\\tcat dog\\n' | spimi serve-stdin -i notes.index\n",
    .usage = "  spimi serve-stdin [OPTIONS]\n",
    .notes =
        "The protocol is that of the search-benchmark-game: a command, a tab, a query.\n"
        "  COUNT         prints how many documents match\n"
        "  TOP_10        finds the 10 best and prints 1; so any other number\n"
        "  TOP_10_COUNT  finds the 10 best, and prints how many match\n"
        "  DOCS          prints the docids of all that match\n"
        "Anything else, and a query that cannot be read, is answered by UNSUPPORTED.\n",
};

/// The number in "TOP_10" or "TOP_10_COUNT"; 0 if `command` is neither.
std::size_t hits_wanted(std::string_view command, bool& counts) {
  if (!command.starts_with("TOP_")) return 0;
  command.remove_prefix(4);
  counts = command.ends_with("_COUNT");
  if (counts) command.remove_suffix(6);
  std::uint32_t number = 0;
  const char* const end = command.data() + command.size();
  const auto [after, problem] = std::from_chars(command.data(), end, number);
  return problem == std::errc() && after == end ? number : 0;
}

std::string answer(const Index& index, std::string_view line) {
  const std::size_t tab = line.find('\t');
  if (tab == std::string_view::npos) return "UNSUPPORTED";
  const std::string_view command = line.substr(0, tab);
  try {
    QueryOptions options;
    options.matches_only = command == "COUNT" || command == "DOCS";
    const Query query = index.query(line.substr(tab + 1), options);
    if (command == "COUNT") return std::to_string(query.count());
    if (command == "DOCS") {
      std::string docids;
      query.for_each([&](std::uint32_t docid) {
        docids += (docids.empty() ? "" : " ") + std::to_string(docid);
        return true;
      });
      return docids;
    }
    bool counts = false;
    const std::size_t num_hits = hits_wanted(command, counts);
    if (num_hits == 0) return "UNSUPPORTED";
    std::uint64_t count = 1;
    if (counts) {
      (void)query.search_and_count(num_hits, &count);
    } else {
      (void)query.search(num_hits);
    }
    return std::to_string(count);
  } catch (const QueryError&) {
    return "UNSUPPORTED";
  }
}

}  // namespace

int run_serve_stdin(std::vector<std::string> arguments, Console& console) {
  std::string directory;
  CommandLine command_line(kHelp);
  command_line.group("Options");
  index_option(command_line, directory);
  command_line.console_options(console);
  std::vector<std::string> operands;
  if (!command_line.parse(std::move(arguments), operands)) return kExitDone;
  expect_operands(operands, {});

  const Index index = Index::open(choose_index(directory, console));
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);) print(answer(index, line) + "\n");
  return kExitDone;
}

}  // namespace spimi::cli
