#include <fmt/format.h>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/index_choice.h"
#include "cli/output.h"
#include "cli/query_printer.h"
#include "spimi/index.h"

namespace spimi::cli {
namespace {

constexpr HelpText kHelp{
    .name = "dump",
    .description =
        "Prints the whole index: every term with its postings list, or every document.\n",
    .examples =
        "  spimi dump -i notes.index | less\n"
        "  spimi dump --json > terms.jsonl\n"
        "  spimi dump --term cat\n"
        "  spimi dump --prefix ca\n"
        "  spimi dump --doc notes/a.txt\n"
        "  spimi dump --docs\n",
    .usage = "  spimi dump [OPTIONS]\n",
    .notes =
        "For people: a line with term, df and cf, then an indented line with docid, tf\n"
        "and positions for each posting; with --docs, a line with docid, length and path.\n"
        "Tabs stand between them.\n"
        "--json: a line for each term, in the byte order of terms; the positions are left\n"
        "out if the index has none:\n"
        "  {\"term\":\"x\",\"df\":2,\"cf\":3,\"postings\":[[docid,tf,[position,...]],...]}\n"
        "--docs --json: a line for each document, in the order of docids:\n"
        "  {\"docid\":0,\"path\":\"a/b.txt\",\"length\":123}\n"
        "--doc: a line for each term of a document, in their byte order: term, df, cf, tf\n"
        "and positions; it takes a walk over all lists. --doc --json:\n"
        "  {\"term\":\"x\",\"df\":2,\"cf\":3,\"tf\":1,\"positions\":[0]}\n"
        "Paths are relative to their root, which 'spimi stats' names. In them control\n"
        "bytes, backslashes and bytes that are not UTF-8 are printed as \\xHH.\n",
};

void print_term(std::string_view term, const TermInfo& info, Cursor cursor, bool positions,
                Output& output) {
  output.append(term);
  output.append("\tdf ");
  output.append_number(info.df);
  output.append("\tcf ");
  output.append_number(info.cf);
  output.append('\n');
  while (cursor.next() != Cursor::kEnd) {
    output.append("\tdoc ");
    output.append_number(cursor.docid());
    output.append("\ttf ");
    output.append_number(cursor.tf());
    if (positions) {
      output.append("\tat");
      for (const std::uint32_t position : cursor.positions()) {
        output.append(' ');
        output.append_number(position);
      }
    }
    output.append('\n');
  }
}

void print_term_json(std::string_view term, const TermInfo& info, Cursor cursor, bool positions,
                     Output& output) {
  output.append("{\"term\":");
  output.append_json(term);
  output.append(",\"df\":");
  output.append_number(info.df);
  output.append(",\"cf\":");
  output.append_number(info.cf);
  output.append(",\"postings\":[");
  bool first = true;
  while (cursor.next() != Cursor::kEnd) {
    output.append(first ? "[" : ",[");
    first = false;
    output.append_number(cursor.docid());
    output.append(',');
    output.append_number(cursor.tf());
    if (positions) {
      char separator = '[';
      output.append(',');
      for (const std::uint32_t position : cursor.positions()) {
        output.append(separator);
        output.append_number(position);
        separator = ',';
      }
      output.append(']');
    }
    output.append(']');
  }
  output.append("]}\n");
}

void print_docs(const Index& index, bool json, Output& output) {
  for (std::uint32_t docid = 0; docid < index.info().num_docs; ++docid) {
    const std::string path = escape_bytes(index.path(docid));
    if (json) {
      output.append("{\"docid\":");
      output.append_number(docid);
      output.append(",\"path\":");
      output.append_json(path);
      output.append(",\"length\":");
      output.append_number(index.length(docid));
      output.append("}\n");
    } else {
      output.append_number(docid);
      output.append('\t');
      output.append_number(index.length(docid));
      output.append('\t');
      output.append(path);
      output.append('\n');
    }
  }
}

void print_doc(const Index& index, std::uint32_t docid, bool json, Output& output) {
  const bool positions = index.info().positions;
  TermIterator terms = index.terms();
  while (terms.next()) {
    Cursor cursor = index.cursor(terms.info());
    if (cursor.seek(docid) != docid) continue;
    if (json) {
      output.append("{\"term\":");
      output.append_json(terms.term());
      output.append(",\"df\":");
    } else {
      output.append(terms.term());
      output.append("\tdf ");
    }
    output.append_number(terms.info().df);
    output.append(json ? ",\"cf\":" : "\tcf ");
    output.append_number(terms.info().cf);
    output.append(json ? ",\"tf\":" : "\ttf ");
    output.append_number(cursor.tf());
    if (positions) {
      output.append(json ? ",\"positions\":[" : "\tat");
      bool first = true;
      for (const std::uint32_t position : cursor.positions()) {
        if (!json) output.append(' ');
        if (json && !first) output.append(',');
        first = false;
        output.append_number(position);
      }
      if (json) output.append(']');
    }
    output.append(json ? "}\n" : "\n");
  }
}

}  // namespace

int run_dump(std::vector<std::string> arguments, Console& console) {
  std::string directory;
  std::string only_term;
  std::string prefix, document;
  bool docs = false;

  CommandLine command_line(kHelp);
  command_line.group("Options");
  index_option(command_line, directory);
  command_line.flag("--docs", docs, "Print the documents instead of the terms.");
  command_line.text("--term", "TERM", only_term, "Print this term only.");
  command_line.text("--prefix", "P", prefix, "Print the terms that begin with P.");
  command_line.text("--doc", "PATH", document, "Print the terms of this document.");
  command_line.console_options(console);

  std::vector<std::string> operands;
  if (!command_line.parse(std::move(arguments), operands)) return kExitDone;
  expect_operands(operands, {});
  if (docs + !only_term.empty() + !prefix.empty() + !document.empty() > 1) {
    throw UsageError("--docs, --term, --prefix and --doc exclude each other");
  }

  const Index index = Index::open(choose_index(directory, console));
  const bool positions = index.info().positions;
  const auto print_one = console.json ? print_term_json : print_term;
  Output output;
  if (docs) {
    print_docs(index, console.json, output);
  } else if (!document.empty()) {
    for (const std::uint32_t docid : documents_at(index, document)) {
      print_doc(index, docid, console.json, output);
    }
  } else if (!only_term.empty()) {
    const std::vector<std::string> terms = index.query_terms(only_term);
    if (terms.size() != 1) {
      throw UsageError(fmt::format("--term: '{}' is {} terms to the index's tokenizer, not one",
                                   escape_bytes(only_term), terms.size()));
    }
    const std::optional<TermInfo> info = index.find(terms[0]);
    if (!info) {
      console.note(fmt::format("not in any document: '{}'", escape_bytes(terms[0])));
      return kExitNoMatch;
    }
    print_one(terms[0], *info, index.cursor(*info), positions, output);
  } else {
    TermIterator terms = index.terms_from(prefix);
    bool any = false;
    while (terms.next()) {
      any = true;
      print_one(terms.term(), terms.info(), index.cursor(terms.info()), positions, output);
    }
    if (!any && !prefix.empty()) {
      console.note(fmt::format("no term begins with '{}'", escape_bytes(prefix)));
      return kExitNoMatch;
    }
  }
  output.flush();
  return kExitDone;
}

}  // namespace spimi::cli
