#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/output.h"
#include "spimi/index.h"

namespace spimi::cli {

/// Where documents are now: the roots of the index, or where --root says they moved.
class Roots {
 public:
  /// Throws UsageError unless `moved_to` is empty or names each root.
  Roots(const Index& index, const std::vector<std::string>& moved_to);

  const std::string& of(std::uint32_t docid) const;

 private:
  const Index& index_;
  std::vector<std::uint64_t> ends_;  ///< Of root i: the docid behind its last.
  std::vector<std::string> moved_;
};

enum class QueryFormat { kLines, kJson, kTrec };

struct PrintOptions {
  QueryFormat format = QueryFormat::kLines;
  bool only_paths = false;  ///< Raw, each with a NUL behind it.
  bool snippets = false;
  bool explain = false;
  std::string run_id = "spimi";
  std::string here;  ///< The working directory with a slash at its end; empty if it has no path.
  bool color = false;
};

/// Prints the hits of one query after another. Safe to share between threads.
class QueryPrinter {
 public:
  QueryPrinter(const Index& index, const Roots& roots, PrintOptions options)
      : index_(index), roots_(roots), options_(std::move(options)) {}

  const PrintOptions& options() const { return options_; }

  /// How far the hits of a query are printed.
  struct Progress {
    std::uint64_t num_printed = 0;
    float last_score = std::numeric_limits<float>::infinity();
  };

  /// Appends a line or more for `hit` to `out`. `topic` is the number or
  /// name of the query; --json has it if there is one.
  void print(const Query& query, const std::string& topic, const Hit& hit, Progress& progress,
             std::string& out) const;
  /// How many hits to find first, of at most `num_hits`.
  static std::size_t first_part(std::uint64_t num_hits);
  /// Writes `hits`, which are the first part, to stdout, and then more until there are `num_hits`.
  void print_all(const Query& query, const std::string& topic, std::vector<Hit> hits,
                 std::uint64_t num_hits) const;
  void print_count(const std::string& topic, std::uint64_t count, std::string& out) const;

 private:
  std::string passage(const Query& query, const std::string& path) const;

  const Index& index_;
  const Roots& roots_;
  PrintOptions options_;
};

/// A path that opens: relative if it is below `here`, else absolute.
std::string path_to_open(const std::string& root, const std::string& path, const std::string& here);

/// The working directory with a slash at its end; empty if it has no path.
std::string working_directory();

/// An explanation as indented lines.
std::string explanation_text(const Explanation& explanation, std::size_t indent);

/// An explanation as a JSON object on one line.
std::string explanation_json(const Explanation& explanation);

/// The message of a query that cannot be read, with a caret under the place.
std::string query_error_text(const std::string& query, const QueryError& error);

/// Writes that message; returns the exit code.
int report_query_error(const std::string& query, const QueryError& error, const Console& console);

/// The documents that a path given by the user means: one that opens from here, or one relative to
/// the root of the corpus, escaped as paths are printed. Throws UsageError if there is none.
std::vector<std::uint32_t> documents_at(const Index& index, const std::string& given);

}  // namespace spimi::cli
