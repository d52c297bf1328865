#pragma once

#include <cstddef>
#include <cstdint>

#include "cli/command_line.h"
#include "spimi/query.h"

namespace spimi::cli {

/// The options of what a query means and how it is ranked, for `query` and `explain`.
class QueryOptionGroup {
 public:
  /// Adds --max-terms.
  void add_expansion(CommandLine& command_line);
  /// Adds --rank and its parameters, in a group of their own.
  void add_ranking(CommandLine& command_line);

  /// What was given; after CommandLine::parse.
  QueryOptions options() const;

 private:
  QueryOptions options_;
  std::uint64_t max_terms_ = QueryOptions{}.max_expansion;
  std::size_t ranking_ = 0;
};

}  // namespace spimi::cli
