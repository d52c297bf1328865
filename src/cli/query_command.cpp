#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <system_error>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/index_choice.h"
#include "cli/output.h"
#include "spimi/index.h"

namespace spimi::cli {
namespace {

namespace fs = std::filesystem;

constexpr HelpText kHelp{
    .name = "query",
    .description = "Prints the documents that hold any of the terms, best first.\n",
    .examples =
        "  spimi query -i notes.index inverted index\n"
        "  spimi query -k 3 --json cat\n"
        "  spimi query --all -- -v | cut -f 2\n",
    .usage = "  spimi query [OPTIONS] TERM...\n",
    .notes =
        "A line for each document: its BM25 score with six significant digits, a tab, and\n"
        "a path that opens from the working directory. In paths, control bytes,\n"
        "backslashes and bytes that are not UTF-8 are printed as \\xHH.\n"
        "A line of --json is\n"
        "  {\"rank\":1,\"score\":2.5,\"docid\":0,\"path\":\"a/b.txt\",\"root\":\"/notes\"}\n"
        "and that of --count --json\n"
        "  {\"count\":12}\n",
};

/// Where documents are now.
class Roots {
 public:
  Roots(const Index& index, const std::vector<std::string>& moved_to) : index_(index) {
    const std::vector<CorpusRoot>& roots = index.info().roots;
    if (moved_to.empty()) return;
    if (moved_to.size() != roots.size()) {
      throw UsageError(
          fmt::format("--root is given {} times, and the index has {} roots: name one for each, in "
                      "the order of "
                      "'spimi stats'",
                      moved_to.size(), roots.size()));
    }
    std::uint64_t end = 0;
    for (std::size_t i = 0; i < roots.size(); ++i) {
      end += roots[i].num_docs;
      ends_.push_back(end);
      std::error_code problem;
      const fs::path absolute = fs::weakly_canonical(moved_to[i], problem);
      moved_.push_back(problem ? moved_to[i] : absolute.string());
    }
  }

  const std::string& of(std::uint32_t docid) const {
    for (std::size_t i = 0; i < ends_.size(); ++i) {
      if (docid < ends_[i]) return moved_[i];
    }
    return index_.root(docid);
  }

 private:
  const Index& index_;
  std::vector<std::uint64_t> ends_;  ///< Of root i: the docid behind its last.
  std::vector<std::string> moved_;
};

/// The working directory with a slash at its end; empty if it has no path.
std::string working_directory() {
  std::error_code problem;
  std::string path = fs::current_path(problem).string();
  if (!problem && path.back() != '/') path += '/';
  return path;
}

/// A path that opens: relative if the document is below the working directory, else absolute.
std::string path_to_open(const std::string& root, const std::string& path,
                         const std::string& working_directory) {
  std::string full = root;
  if (full.empty() || full.back() != '/') full += '/';
  full += path;
  if (working_directory.empty() ||
      full.compare(0, working_directory.size(), working_directory) != 0) {
    return full;
  }
  full.erase(0, working_directory.size());
  // "./-x" is a file to every command, "-x" an option.
  return full[0] == '-' ? "./" + full : full;
}

std::vector<std::string> missing_terms(const Index& index, const std::vector<std::string>& terms) {
  std::vector<std::string> missing;
  for (const std::string& term : terms) {
    if (!index.find(term)) missing.push_back(fmt::format("'{}'", escape_bytes(term)));
  }
  return missing;
}

void print_hits(const Index& index, const std::vector<Hit>& hits, const Roots& roots,
                const Console& console, Output& output) {
  const std::string here = working_directory();
  const bool color = console.colors(STDOUT_FILENO);
  std::uint64_t rank = 0;
  for (const Hit& hit : hits) {
    ++rank;
    const std::string path = index.path(hit.docid);
    const std::string& root = roots.of(hit.docid);
    if (console.json) {
      nlohmann::ordered_json line;
      line["rank"] = rank;
      line["score"] = hit.score;
      line["docid"] = hit.docid;
      line["path"] = escape_bytes(path);
      line["root"] = escape_bytes(root);
      output.append(line.dump());
    } else {
      const std::string printed = escape_bytes(path_to_open(root, path, here));
      output.append(fmt::format("{:#.6g}\t{}{}{}", hit.score, color ? "\x1b[35m" : "", printed,
                                color ? "\x1b[0m" : ""));
    }
    output.append('\n');
  }
}

}  // namespace

int run_query(std::vector<std::string> arguments, Console& console) {
  std::string directory;
  constexpr std::uint64_t kDefaultHits = 10;
  std::uint64_t num_hits = kDefaultHits;
  bool all = false;
  bool count = false;
  std::vector<std::string> moved_to;

  CommandLine command_line(kHelp);
  command_line.group("Options");
  index_option(command_line, directory);
  command_line.number("-k,--hits", num_hits, 1, std::numeric_limits<std::uint32_t>::max(),
                      "Print at most N documents.");
  command_line.flag("--all", all, "Print all that match.");
  command_line.flag("--count", count, "Print only how many match.");
  command_line.texts(
      "--root", "DIR", moved_to,
      "Where the corpus is now, if it moved; once for each\nroot of a joined index.");
  command_line.console_options(console);

  std::vector<std::string> operands;
  if (!command_line.parse(std::move(arguments), operands)) return kExitDone;
  if (operands.empty()) throw UsageError("TERM is missing");

  const Index index = Index::open(choose_index(directory, console));
  const Roots roots(index, moved_to);
  const std::string text = fmt::format("{}", fmt::join(operands, " "));
  const std::vector<std::string> terms = index.query_terms(text);
  if (terms.empty()) {
    throw UsageError(fmt::format("no term in '{}': the index's tokenizer finds no word there",
                                 escape_bytes(text)));
  }

  Output output;
  std::uint64_t num_matches = 0;
  if (count) {
    num_matches = index.count(terms);
    output.append(console.json ? fmt::format("{{\"count\":{}}}\n", num_matches)
                               : fmt::format("{}\n", num_matches));
  } else {
    if (all) num_hits = std::max<std::uint64_t>(index.info().num_docs, 1);
    const std::vector<Hit> hits = index.search(terms, num_hits);
    num_matches = hits.size();
    print_hits(index, hits, roots, console, output);
  }
  output.flush();

  if (num_matches == 0 || console.verbose) {
    const std::vector<std::string> missing = missing_terms(index, terms);
    if (!missing.empty()) {
      console.note(fmt::format("not in any document: {}", fmt::join(missing, ", ")));
    }
  }
  return num_matches == 0 ? kExitNoMatch : kExitDone;
}

}  // namespace spimi::cli
