#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/index_choice.h"
#include "cli/output.h"
#include "cli/query_options.h"
#include "cli/query_printer.h"
#include "spimi/index.h"

namespace spimi::cli {
namespace {

constexpr HelpText kHelp{
    .name = "explain",
    .description = "Shows why a document matches a query or not, and how its score comes about.\n",
    .examples = "  spimi explain -i notes.index 'cat \"the dog\"' notes/a.txt\n",
    .usage = "  spimi explain [OPTIONS] QUERY PATH\n",
    .notes =
        "PATH is as 'spimi query' prints it, or relative to the root of the corpus.\n"
        "A line for each part of the query: its score, or 'no' if it does not match.\n",
};

}  // namespace

int run_explain(std::vector<std::string> arguments, Console& console) {
  std::string directory;
  QueryOptionGroup query_options;
  CommandLine command_line(kHelp);
  command_line.group("Options");
  index_option(command_line, directory);
  query_options.add_expansion(command_line);
  query_options.add_ranking(command_line);
  command_line.console_options(console);
  std::vector<std::string> operands;
  if (!command_line.parse(std::move(arguments), operands)) return kExitDone;
  static constexpr std::string_view kOperands[] = {"QUERY", "PATH"};
  expect_operands(operands, kOperands);

  const Index index = Index::open(choose_index(directory, console));
  const std::string& text = operands[0];
  try {
    const Query query = index.query(text, query_options.options());
    bool matches = false;
    for (const std::uint32_t docid : documents_at(index, operands[1])) {
      const Explanation explanation = query.explain(docid);
      matches |= explanation.matches;
      print(console.json ? explanation_json(explanation) + "\n" : explanation_text(explanation, 0));
    }
    return matches ? kExitDone : kExitNoMatch;
  } catch (const QueryError& error) {
    return report_query_error(text, error, console);
  }
}

}  // namespace spimi::cli
