#include "cli/query_printer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>
#include <system_error>

#include "base/utf8.h"
#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "input/document_reader.h"

namespace spimi::cli {
namespace {

namespace fs = std::filesystem;

/// Many hits are found part by part: the first part is small, so that `| head` need not wait for
/// all, and none is large, so that their number does not show in the memory.
constexpr std::uint64_t kFirstHits = 1024;
constexpr std::uint64_t kMostHitsAtOnce = std::uint64_t{1} << 18;

constexpr std::size_t kPassageBytes = 160;
/// A passage is looked for in so much of a document: it is read again for that.
constexpr std::size_t kReadBytes = std::size_t{1} << 20;

nlohmann::ordered_json explanation_object(const Explanation& explanation) {
  nlohmann::ordered_json object;
  object["score"] = explanation.score;
  object["matches"] = explanation.matches;
  object["what"] = escape_bytes(explanation.what);
  if (!explanation.parts.empty()) {
    auto& parts = object["parts"] = nlohmann::ordered_json::array();
    for (const Explanation& part : explanation.parts) parts.push_back(explanation_object(part));
  }
  return object;
}

/// Paths and topics stand in columns that blanks end.
std::string trec_word(std::string_view text) {
  std::string word;
  for (const char c : escape_bytes(text)) {
    if (c == ' ') {
      word += "\\x20";
    } else {
      word += c;
    }
  }
  return word;
}

/// Columns that a terminal takes for a character: two for those of East Asia, by and large.
std::size_t width_of(char32_t c) {
  constexpr std::pair<char32_t, char32_t> kWide[] = {
      {0x1100, 0x115F}, {0x2E80, 0xA4CF}, {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},
      {0xFE30, 0xFE6F}, {0xFF00, 0xFF60}, {0x1F300, 0x1F64F}, {0x20000, 0x3FFFD}};
  return std::any_of(std::begin(kWide), std::end(kWide),
                     [c](const auto& range) { return range.first <= c && c <= range.second; })
             ? 2
             : 1;
}

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size();) {
    const Utf8Char c = decode_utf8(text, i);
    width += width_of(c.code_point);
    i += c.num_bytes;
  }
  return width;
}

}  // namespace

Roots::Roots(const Index& index, const std::vector<std::string>& moved_to) : index_(index) {
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

const std::string& Roots::of(std::uint32_t docid) const {
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    if (docid < ends_[i]) return moved_[i];
  }
  return index_.root(docid);
}

std::string working_directory() {
  std::error_code problem;
  std::string path = fs::current_path(problem).string();
  if (!problem && path.back() != '/') path += '/';
  return path;
}

std::string path_to_open(const std::string& root, const std::string& path,
                         const std::string& here) {
  std::string full = root;
  if (full.empty() || full.back() != '/') full += '/';
  full += path;
  if (here.empty() || full.compare(0, here.size(), here) != 0) return full;
  full.erase(0, here.size());
  // "./-x" is a file to every command, "-x" an option.
  return full[0] == '-' ? "./" + full : full;
}

std::vector<std::uint32_t> documents_at(const Index& index, const std::string& given) {
  const std::string path = unescape_bytes(given);
  std::vector<std::uint32_t> found;
  std::error_code problem;
  const std::string absolute = fs::absolute(path, problem).lexically_normal().string();
  for (const CorpusRoot& root : index.info().roots) {
    const std::string below = root.path + (root.path.ends_with('/') ? "" : "/");
    if (problem || !absolute.starts_with(below)) continue;
    for (const std::uint32_t docid : index.find_path(absolute.substr(below.size()))) {
      if (index.root(docid) == root.path) found.push_back(docid);
    }
  }
  if (found.empty()) found = index.find_path(path);
  if (found.empty()) {
    throw UsageError(
        fmt::format("no document of the index has the path '{}'; 'spimi dump --docs' "
                    "prints them all",
                    escape_bytes(path)));
  }
  return found;
}

std::string explanation_text(const Explanation& explanation, std::size_t indent) {
  const std::string value =
      explanation.matches ? fmt::format("{:#.6g}", explanation.score) : std::string("no");
  std::string text =
      fmt::format("{:{}}{}  {}\n", "", indent, value, escape_bytes(explanation.what));
  for (const Explanation& part : explanation.parts) text += explanation_text(part, indent + 2);
  return text;
}

std::string explanation_json(const Explanation& explanation) {
  return explanation_object(explanation).dump();
}

std::string query_error_text(const std::string& query, const QueryError& error) {
  const auto printable = [&](std::size_t begin, std::size_t end) {
    return escape_bytes(std::string_view(query).substr(begin, end - begin));
  };
  const std::size_t begin = std::min(error.begin(), query.size());
  const std::size_t end = std::clamp(error.end(), begin, query.size());
  const std::size_t width = std::max<std::size_t>(1, width_of(printable(begin, end)));
  return fmt::format("query: {}\n  {}{}{}\n  {:{}}{:^<{}}", error.what(), printable(0, begin),
                     printable(begin, end), printable(end, query.size()), "",
                     width_of(printable(0, begin)), "", width);
}

int report_query_error(const std::string& query, const QueryError& error, const Console& console) {
  console.error(query_error_text(query, error));
  write_stderr("see 'spimi query --help-syntax'\n");
  return kExitUsage;
}

std::string QueryPrinter::passage(const Query& query, const std::string& path) const {
  const std::size_t slash = path.rfind('/');
  std::string text;
  try {
    WalkEntry entry;
    entry.directory = std::make_shared<const File>(File::open_directory(path.substr(0, slash + 1)));
    entry.name = path.substr(slash + 1);
    entry.path = path;
    DocumentReader reader(64 << 10, true, true);
    if (reader.open(entry) != DocumentReader::Status::kOpen) return {};
    while (text.size() < kReadBytes) {
      const std::span<char> chunk = reader.next_chunk();
      if (chunk.empty()) break;
      text.append(chunk.data(), chunk.size());
    }
  } catch (const Error&) {
    return {};  // The document is gone or cannot be read any more: the hit stands all the same.
  }
  const Snippet snippet = query.snippet(text, kPassageBytes);
  if (snippet.text.empty()) return {};
  std::string line = snippet.cut_before ? "    … " : "    ";
  std::size_t at = 0;
  for (const Snippet::Mark& mark : snippet.marks) {
    line += snippet.text.substr(at, mark.begin - at);
    if (options_.color) line += "\x1b[1;31m";
    line += snippet.text.substr(mark.begin, mark.end - mark.begin);
    if (options_.color) line += "\x1b[0m";
    at = mark.end;
  }
  line += snippet.text.substr(at);
  if (snippet.cut_after) line += " …";
  return line + "\n";
}

void QueryPrinter::print(const Query& query, const std::string& topic, const Hit& hit,
                         Progress& progress, std::string& out) const {
  ++progress.num_printed;
  const std::string path = index_.path(hit.docid);
  const std::string& root = roots_.of(hit.docid);
  if (options_.only_paths) {
    out += path_to_open(root, path, options_.here);
    out += '\0';
    return;
  }
  switch (options_.format) {
    case QueryFormat::kLines:
      if (!topic.empty()) out += escape_bytes(topic) + "\t";
      out += fmt::format("{:#.6g}\t{}{}{}\n", hit.score, options_.color ? "\x1b[35m" : "",
                         escape_bytes(path_to_open(root, path, options_.here)),
                         options_.color ? "\x1b[0m" : "");
      if (options_.snippets) out += passage(query, path_to_open(root, path, {}));
      if (options_.explain) out += explanation_text(query.explain(hit.docid), 4);
      break;
    case QueryFormat::kJson: {
      nlohmann::ordered_json line;
      if (!topic.empty()) line["query"] = escape_bytes(topic);
      line["rank"] = progress.num_printed;
      line["score"] = hit.score;
      line["docid"] = hit.docid;
      line["path"] = escape_bytes(path);
      line["root"] = escape_bytes(root);
      if (options_.explain) line["explanation"] = explanation_object(query.explain(hit.docid));
      out += line.dump() + "\n";
      break;
    }
    case QueryFormat::kTrec: {
      // trec_eval sorts by the score as a float, then by name: each must be below the one before.
      constexpr float kLowest = -std::numeric_limits<float>::infinity();
      auto score = static_cast<float>(hit.score);
      if (score >= progress.last_score) score = std::nextafter(progress.last_score, kLowest);
      progress.last_score = score;
      out += fmt::format("{} Q0 {} {} {:.9g} {}\n", topic.empty() ? "1" : trec_word(topic),
                         trec_word(path), progress.num_printed, score, trec_word(options_.run_id));
      break;
    }
  }
}

std::size_t QueryPrinter::first_part(std::uint64_t num_hits) {
  return static_cast<std::size_t>(std::min(kFirstHits, num_hits));
}

void QueryPrinter::print_all(const Query& query, const std::string& topic, std::vector<Hit> hits,
                             std::uint64_t num_hits) const {
  Output output;
  std::string lines;
  Progress progress;
  std::size_t part = first_part(num_hits);
  for (;;) {
    for (const Hit& hit : hits) {
      lines.clear();
      print(query, topic, hit, progress, lines);
      output.append(lines);
    }
    output.flush();
    if (hits.size() < part || progress.num_printed == num_hits) return;
    const Hit last = hits.back();
    hits = {};  // Before there are others.
    part = static_cast<std::size_t>(
        std::min({16 * std::uint64_t{part}, kMostHitsAtOnce, num_hits - progress.num_printed}));
    hits = query.search(part, last);
  }
}

void QueryPrinter::print_count(const std::string& topic, std::uint64_t count,
                               std::string& out) const {
  if (options_.format == QueryFormat::kJson) {
    nlohmann::ordered_json line;
    if (!topic.empty()) line["query"] = escape_bytes(topic);
    line["count"] = count;
    out += line.dump() + "\n";
  } else if (topic.empty()) {
    out += fmt::format("{}\n", count);
  } else {
    out += fmt::format("{}\t{}\n", escape_bytes(topic), count);
  }
}

}  // namespace spimi::cli
