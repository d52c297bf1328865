#pragma once

#include <string>

#include "spimi/build.h"

namespace spimi::cli {

/// What was done, for the summary: the figures of the library and those that only the program
/// knows.
struct Outcome {
  BuildSummary summary;
  std::string directory;  ///< The output, as the user named it.
  double seconds = 0;     ///< Wall time of the whole work.
  std::uint64_t peak_memory_bytes = 0;
  bool report_written = false;  ///< --report was given.
  bool timings = false;         ///< --timings was given.
};

/// The largest resident memory this process has had, in bytes.
std::uint64_t peak_memory_bytes();

/// A page for people; lines end in "\n".
std::string summary_text(const Outcome& outcome);

/// A table of the stages, for people; empty without --timings.
std::string timings_text(const Outcome& outcome);

/// One JSON object with every figure, and a newline.
std::string summary_json(const Outcome& outcome);

}  // namespace spimi::cli
