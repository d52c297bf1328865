#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/human.h"
#include "cli/index_choice.h"
#include "cli/output.h"
#include "format/layout.h"
#include "spimi/index.h"

namespace spimi::cli {
namespace {

constexpr HelpText kHelp{
    .name = "stats",
    .description = "Prints what an index holds and how large it is.\n",
    .examples =
        "  spimi stats -i notes.index\n"
        "  spimi stats --top 20\n"
        "  spimi stats --json\n",
    .usage = "  spimi stats [OPTIONS]\n",
    .notes = {},
};

double ratio(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

struct TopTerm {
  std::string term;
  std::uint64_t df, cf;
};

/// The `num_terms` with the largest `key`, then in byte order.
template <typename Key>
std::vector<TopTerm> top_terms(const Index& index, std::size_t num_terms, Key key) {
  const auto comes_first = [&](const TopTerm& a, const TopTerm& b) {
    return key(a) != key(b) ? key(a) > key(b) : a.term < b.term;
  };
  std::vector<TopTerm> heap;
  TermIterator terms = index.terms();
  while (num_terms > 0 && terms.next()) {
    if (heap.size() == num_terms) {
      const TopTerm candidate{{}, terms.info().df, terms.info().cf};
      if (key(candidate) <= key(heap.front())) continue;
      std::pop_heap(heap.begin(), heap.end(), comes_first);
      heap.pop_back();
    }
    heap.push_back({std::string(terms.term()), terms.info().df, terms.info().cf});
    std::push_heap(heap.begin(), heap.end(), comes_first);
  }
  std::sort_heap(heap.begin(), heap.end(), comes_first);
  return heap;
}

std::uint64_t df_of(const TopTerm& term) { return term.df; }
std::uint64_t cf_of(const TopTerm& term) { return term.cf; }

nlohmann::ordered_json terms_json(const std::vector<TopTerm>& terms) {
  auto list = nlohmann::ordered_json::array();
  for (const TopTerm& term : terms) {
    list.push_back({{"term", term.term}, {"df", term.df}, {"cf", term.cf}});
  }
  return list;
}

std::string terms_text(std::string_view title, const std::vector<TopTerm>& terms) {
  std::string text = fmt::format("{}\n", title);
  for (const TopTerm& term : terms) {
    text += fmt::format("  {:>17} {:>17}  {}\n", grouped(term.df), grouped(term.cf), term.term);
  }
  return text;
}

std::string stats_json(const Index& index, std::size_t num_top) {
  const IndexInfo& info = index.info();
  nlohmann::ordered_json object;
  object["directory"] = escape_bytes(index.directory().string());
  object["format_version"] = kFormatVersion;
  object["build_id"] = info.build_id;
  object["tokenizer"] = tokenizer_name(info.tokenizer);
  object["unicode_version"] = info.unicode_version;
  object["max_token_bytes"] = info.max_token_bytes;
  object["positions"] = info.positions;
  object["num_docs"] = info.num_docs;
  object["num_terms"] = info.num_terms;
  object["num_postings"] = info.num_postings;
  object["num_tokens"] = info.num_tokens;
  object["index_bytes"] = index.index_bytes();
  object["bytes_per_posting"] = ratio(index.index_bytes(), info.num_postings);
  object["bytes_per_token"] = ratio(index.index_bytes(), info.num_tokens);
  auto& files = object["files"] = nlohmann::ordered_json::object();
  for (const auto& [name, size] : index.files()) files[name] = size;
  auto& roots = object["roots"] = nlohmann::ordered_json::array();
  for (const CorpusRoot& root : info.roots) {
    roots.push_back({{"root", escape_bytes(root.path)}, {"num_docs", root.num_docs}});
  }
  if (num_top > 0) {
    object["top_df"] = terms_json(top_terms(index, num_top, df_of));
    object["top_cf"] = terms_json(top_terms(index, num_top, cf_of));
  }
  return object.dump() + "\n";
}

std::string stats_text(const Index& index, std::size_t num_top) {
  const IndexInfo& info = index.info();
  std::string text = fmt::format("index {}\n", escape_bytes(index.directory().string()));
  const auto add = [&](std::string_view label, std::string_view value) {
    text += fmt::format("  {:<19}{}\n", label, value);
  };
  add("format", std::to_string(kFormatVersion));
  add("build id", info.build_id);
  add("tokenizer", info.tokenizer == Tokenizer::kUnicode
                       ? fmt::format("unicode, Unicode {}", info.unicode_version)
                       : std::string(tokenizer_name(info.tokenizer)));
  add("longest token", counted(info.max_token_bytes, "byte"));
  add("positions", info.positions ? "yes" : "no");
  add("documents", grouped(info.num_docs));
  add("distinct terms", grouped(info.num_terms));
  add("postings", grouped(info.num_postings));
  add("tokens", grouped(info.num_tokens));
  add("size",
      fmt::format("{} ({:.2f} bytes a posting, {:.2f} a token)", data_size(index.index_bytes()),
                  ratio(index.index_bytes(), info.num_postings),
                  ratio(index.index_bytes(), info.num_tokens)));
  for (const CorpusRoot& root : info.roots) {
    add("root",
        fmt::format("{} ({})", escape_bytes(root.path), counted(root.num_docs, "document")));
  }
  text += "files, in bytes\n";
  for (const auto& [name, size] : index.files()) {
    text += fmt::format("  {:>17}  {}\n", grouped(size), escape_bytes(name));
  }
  if (num_top > 0) {
    text += terms_text("terms in the most documents: documents, occurrences",
                       top_terms(index, num_top, df_of));
    text += terms_text("terms that occur most: documents, occurrences",
                       top_terms(index, num_top, cf_of));
  }
  return text;
}

}  // namespace

int run_stats(std::vector<std::string> arguments, Console& console) {
  std::string directory;
  std::uint64_t num_top = 0;
  CommandLine command_line(kHelp);
  command_line.group("Options");
  index_option(command_line, directory);
  command_line.number("--top", num_top, 0, 1 << 20, "Also the N terms with the highest df and cf.");
  command_line.console_options(console);

  std::vector<std::string> operands;
  if (!command_line.parse(std::move(arguments), operands)) return kExitDone;
  expect_operands(operands, {});
  const Index index = Index::open(choose_index(directory, console));
  print(console.json ? stats_json(index, num_top) : stats_text(index, num_top));
  return kExitDone;
}

}  // namespace spimi::cli
