#pragma once

#include <string>

#include "cli/console.h"
#include "cli/query_printer.h"
#include "spimi/index.h"

namespace spimi::cli {

struct BatchOptions {
  std::string file;  ///< "-": standard input.
  unsigned num_threads = 1;
  std::uint64_t num_hits = 10;
  bool count = false;
  QueryOptions query;
};

/// Answers the queries of a file, a line each, with threads over the queries; prints in the order
/// of the file. Returns the exit code: kExitUsage if a query could not be read, which is told, and
/// the others are answered all the same.
///
/// A line is a query, whose topic is the number of the line, or a topic, a tab and a query. A file
/// that begins with <top> holds topics of TREC, whose titles are the queries.
int run_batch(const Index& index, const QueryPrinter& printer, const BatchOptions& options,
              const Console& console);

}  // namespace spimi::cli
