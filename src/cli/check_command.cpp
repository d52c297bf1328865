#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/human.h"
#include "cli/index_choice.h"
#include "cli/output.h"
#include "spimi/index.h"

namespace spimi::cli {
namespace {

constexpr HelpText kHelp{
    .name = "check",
    .description = "Reads a whole index, and verifies every checksum and that the parts agree.\n",
    .examples =
        "  spimi check -i notes.index\n"
        "  spimi check --json\n",
    .usage = "  spimi check [OPTIONS]\n",
    .notes =
        "Problems go to standard error, a line each. --json: one object,\n"
        "  {\"ok\":false,\"directory\":\"a.index\",\n"
        "   \"problems\":[{\"path\":\"a.index/manifest\",\"offset\":123,\"what\":\"...\"}]}\n"
        "A damaged index is not repaired: build it again.\n",
};

}  // namespace

int run_check(std::vector<std::string> arguments, Console& console) {
  std::string directory;
  CommandLine command_line(kHelp);
  command_line.group("Options");
  index_option(command_line, directory);
  command_line.console_options(console);

  std::vector<std::string> operands;
  if (!command_line.parse(std::move(arguments), operands)) return kExitDone;
  expect_operands(operands, {});
  directory = choose_index(directory, console);

  nlohmann::ordered_json problems = nlohmann::ordered_json::array();
  std::string rebuild = "CORPUS_DIR";
  std::optional<Index> index;
  try {
    index.emplace(Index::open(directory));
    if (index->info().roots.size() == 1) rebuild = shell_quoted(index->info().roots[0].path);
    index->check([&](const Problem& problem) {
      console.error(fmt::format("{}: offset {}: {}", escape_bytes(problem.path), problem.offset,
                                problem.what));
      problems.push_back({{"path", escape_bytes(problem.path)},
                          {"offset", problem.offset},
                          {"what", problem.what}});
    });
  } catch (const Error& e) {
    // An index too damaged to open is a finding as well.
    if (e.kind() != ErrorKind::kCorrupt) throw;
    console.error(e.what());
    problems.push_back({{"path", escape_bytes(e.path())},
                        {"offset", e.offset() ? nlohmann::ordered_json(*e.offset())
                                              : nlohmann::ordered_json(nullptr)},
                        {"what", e.what()}});
  }

  const bool ok = problems.empty();
  if (console.json) {
    nlohmann::ordered_json object;
    object["ok"] = ok;
    object["directory"] = escape_bytes(directory);
    object["problems"] = std::move(problems);
    print(object.dump() + "\n");
  } else if (ok) {
    print(fmt::format("ok: {}, {}, {}, {}\n", counted(index->info().num_docs, "document"),
                      counted(index->info().num_terms, "term"),
                      counted(index->info().num_postings, "posting"),
                      data_size(index->index_bytes())));
  }
  if (ok) return kExitDone;
  console.note(
      fmt::format("a damaged index is not repaired; build it again: spimi build --force {} {}",
                  escape_bytes(rebuild), escape_bytes(shell_quoted(directory))));
  return kExitCorrupt;
}

}  // namespace spimi::cli
