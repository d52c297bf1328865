#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/human.h"
#include "cli/index_choice.h"
#include "cli/output.h"
#include "cli/query_batch.h"
#include "cli/query_options.h"
#include "cli/query_printer.h"
#include "cli/query_prompt.h"
#include "cli/query_syntax.h"
#include "spimi/index.h"

namespace spimi::cli {
namespace {

constexpr HelpText kHelp{
    .name = "query",
    .description = "Prints the documents that match a query, best first.\n",
    .examples =
        "  spimi query -i notes.index inverted index\n"
        "  spimi query -k 3 --json cat\n"
        "  spimi query '+cat \"the dog\"~3 -bird path:docs/**'\n"
        "  spimi query --all --rank none 'colo*r' | cut -f 2\n",
    .usage =
        "  spimi query [OPTIONS] TERM...\n"
        "  spimi query [OPTIONS] --batch FILE\n"
        "  spimi query [OPTIONS]                 on a terminal: a prompt\n",
    .notes =
        "--help-syntax explains the query language. Several TERMs are joined by blanks.\n"
        "A line for each document: its score with six significant digits, a tab, and\n"
        "a path that opens from the working directory. In paths, control bytes,\n"
        "backslashes and bytes that are not UTF-8 are printed as \\xHH.\n"
        "A line of --json is\n"
        "  {\"rank\":1,\"score\":2.5,\"docid\":0,\"path\":\"a/b.txt\",\"root\":\"/notes\"}\n"
        "and that of --count --json\n"
        "  {\"count\":12}\n"
        "A line of a batch begins with its topic: its number, or what is before a tab.\n"
        "A line of --format trec, whose scores strictly fall, is\n"
        "  1 Q0 a/b.txt 1 2.5 spimi\n",
};

constexpr std::string_view kFormats[] = {"lines", "json", "trec"};

struct Arguments {
  std::string directory;
  std::uint64_t num_hits = 10;
  bool all = false;
  bool count = false;
  bool only_paths = false;
  bool explain = false;
  bool help_syntax = false;
  std::size_t format = 0;
  When snippets = When::kAuto;
  std::string run_id = "spimi";
  std::vector<std::string> moved_to;
  std::vector<std::string> operands;
  std::string batch;
  std::uint64_t num_threads = 0;
  QueryOptionGroup query;
};

/// False if help was asked for and printed.
bool parse(std::vector<std::string> given, Console& console, Arguments& arguments) {
  CommandLine command_line(kHelp);
  command_line.group("Options");
  index_option(command_line, arguments.directory);
  command_line.number("-k,--hits", arguments.num_hits, 1, std::numeric_limits<std::uint32_t>::max(),
                      "Print at most N documents.");
  command_line.flag("--all", arguments.all, "Print all that match.");
  command_line.flag("--count", arguments.count, "Print only how many match.");
  arguments.query.add_expansion(command_line);
  command_line.texts(
      "--root", "DIR", arguments.moved_to,
      "Where the corpus is now, if it moved; once for each\nroot of a joined index.");
  command_line.text("--batch", "FILE", arguments.batch,
                    "Answer the queries of a file, one a line or TREC\ntopics; -: standard input.");
  command_line.number("-j,--threads", arguments.num_threads, 0, 1024,
                      "--batch: threads; 0: all processors.");
  command_line.flag("--help-syntax", arguments.help_syntax, "Explain the query language.");
  arguments.query.add_ranking(command_line);
  command_line.flag("--explain", arguments.explain, "Show how each score comes about.");
  command_line.group("Output of documents");
  command_line.choice("--format", kFormats, arguments.format, "What a line looks like.");
  command_line.text("--run-id", "NAME", arguments.run_id, "trec: the last column.");
  command_line.flag("-0,--null", arguments.only_paths,
                    "Only paths, as they are, a NUL behind each.");
  command_line.when("--snippets", arguments.snippets,
                    "Show a passage of each document.\nauto: on a terminal.");
  command_line.console_options(console);
  if (!command_line.parse(std::move(given), arguments.operands)) return false;
  if (arguments.help_syntax) {
    print(kQuerySyntax);
    return false;
  }
  if (console.json) arguments.format = static_cast<std::size_t>(QueryFormat::kJson);
  return true;
}

PrintOptions print_options(const Arguments& arguments, const Console& console) {
  PrintOptions options;
  options.format = static_cast<QueryFormat>(arguments.format);
  options.only_paths = arguments.only_paths;
  options.explain = arguments.explain;
  options.run_id = arguments.run_id;
  options.here = working_directory();
  options.color = console.colors(STDOUT_FILENO);
  options.snippets = options.format == QueryFormat::kLines &&
                     (arguments.snippets == When::kAlways ||
                      (arguments.snippets == When::kAuto && ::isatty(STDOUT_FILENO) == 1));
  return options;
}

void note_expansions(const Query& query, const Console& console) {
  for (const Expansion& expansion : query.expansions()) {
    if (expansion.num_used == expansion.num_terms) continue;
    console.note(
        fmt::format("{} fits {}; the {} of them in the most documents are searched "
                    "(--max-terms)",
                    escape_bytes(expansion.text), counted(expansion.num_terms, "term"),
                    grouped(expansion.num_used)));
  }
}

/// Names the words that no document holds, with words that may have been meant.
void note_missing(const Index& index, const Query& query, const Console& console) {
  if (console.quiet) return;  // Suggestions take a walk over the dictionary.
  std::vector<std::string> missing, meant;
  for (const std::string& term : query.missing()) {
    missing.push_back(fmt::format("'{}'", escape_bytes(term)));
    for (const std::string& near : index.suggest(term, 1)) {
      meant.push_back(fmt::format("'{}'", escape_bytes(near)));
    }
  }
  for (const Expansion& expansion : query.expansions()) {
    if (expansion.num_terms == 0) missing.push_back(escape_bytes(expansion.text));
  }
  if (missing.empty()) return;
  console.note(fmt::format("not in any document: {}{}{}", fmt::join(missing, ", "),
                           meant.empty() ? "" : "; did you mean ", fmt::join(meant, ", ")) +
               (meant.empty() ? "" : "?"));
}

/// One query, from the command line or the prompt. Returns the exit code.
int answer(const Index& index, const QueryPrinter& printer, const Arguments& arguments,
           const std::string& text, bool at_prompt, const Console& console) {
  const auto start = std::chrono::steady_clock::now();
  const Query query = index.query(text, arguments.query.options());
  if (!query.has_terms()) {
    throw UsageError(fmt::format("no term in '{}': the index's tokenizer finds no word there",
                                 escape_bytes(text)));
  }
  note_expansions(query, console);
  const std::uint64_t num_hits = arguments.all ? index.info().num_docs : arguments.num_hits;
  const std::size_t part = QueryPrinter::first_part(num_hits);
  std::vector<Hit> hits;
  std::uint64_t num_matches = 0;
  if (arguments.count) {
    num_matches = query.count();
  } else if (at_prompt) {
    hits = query.search_and_count(part, &num_matches);
  } else {
    hits = query.search(part);
    num_matches = hits.size();  // At least: whether there is one is all that is asked for.
  }
  const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - start;
  if (arguments.count) {
    std::string line;
    printer.print_count({}, num_matches, line);
    print(line);
  } else {
    printer.print_all(query, {}, std::move(hits), num_hits);
  }
  if (at_prompt && !console.quiet) {
    write_stderr(fmt::format("{} in {:.2f} ms\n", counted(num_matches, "document"), taken.count()));
  }
  if (num_matches == 0 || console.verbose) note_missing(index, query, console);
  return num_matches == 0 ? kExitNoMatch : kExitDone;
}

/// Answers what is typed; what is wrong with a line is told, and the next one is read.
int answer_at_prompt(const Index& index, const QueryPrinter& printer, const Arguments& arguments,
                     const Console& console) {
  console.note(fmt::format("{} in {}; :help explains, ^D leaves",
                           counted(index.info().num_docs, "document"),
                           escape_bytes(index.directory().string())));
  const auto answer_line = [&](const std::string& line) {
    try {
      answer(index, printer, arguments, line, true, console);
    } catch (const QueryError& error) {
      console.error(query_error_text(line, error));
    } catch (const UsageError& error) {
      console.error(error.what());
    }
  };
  run_prompt(answer_line, console);
  return kExitDone;
}

}  // namespace

int run_query(std::vector<std::string> given, Console& console) {
  Arguments arguments;
  if (!parse(std::move(given), console, arguments)) return kExitDone;
  const bool is_batch = !arguments.batch.empty();
  const bool at_prompt = arguments.operands.empty() && !is_batch && ::isatty(STDIN_FILENO) == 1 &&
                         ::isatty(STDOUT_FILENO) == 1;
  if (arguments.operands.empty() && !is_batch && !at_prompt) throw UsageError("TERM is missing");
  if (is_batch && !arguments.operands.empty()) throw UsageError("--batch takes no TERM");

  const Index index = Index::open(choose_index(arguments.directory, console));
  const Roots roots(index, arguments.moved_to);
  const QueryPrinter printer(index, roots, print_options(arguments, console));
  if (is_batch) {
    BatchOptions options;
    options.file = arguments.batch;
    options.num_threads = arguments.num_threads != 0
                              ? static_cast<unsigned>(arguments.num_threads)
                              : std::max(1u, std::thread::hardware_concurrency());
    options.num_hits = arguments.all ? index.info().num_docs : arguments.num_hits;
    options.count = arguments.count;
    options.query = arguments.query.options();
    return run_batch(index, printer, options, console);
  }
  if (at_prompt) return answer_at_prompt(index, printer, arguments, console);
  const std::string text = fmt::format("{}", fmt::join(arguments.operands, " "));
  try {
    return answer(index, printer, arguments, text, false, console);
  } catch (const QueryError& error) {
    return report_query_error(text, error, console);
  }
}

}  // namespace spimi::cli
