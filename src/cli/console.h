#pragma once

#include <string_view>

namespace spimi::cli {

/// The value of --color and --progress.
enum class When { kAuto, kAlways, kNever };

/// What the options that all commands share ask for, and the way to stderr. Messages begin with
/// "spimi: ". Failures to write to stderr are ignored: there is nowhere left to report them.
struct Console {
  bool quiet = false;
  bool verbose = false;
  bool json = false;
  When color = When::kAuto;

  void error(std::string_view message) const;
  /// Not with -q.
  void note(std::string_view message) const;
  /// Only with -v.
  void detail(std::string_view message) const;

  /// Whether to color what goes to the descriptor: it is a terminal that can, and $NO_COLOR is not
  /// set.
  bool colors(int fd) const;
};

/// Writes all of `text` to stderr in as few calls as it takes, so that lines of several processes
/// do not mix.
void write_stderr(std::string_view text);

/// Whether the descriptor is a terminal that understands control sequences.
bool is_capable_terminal(int fd);

}  // namespace spimi::cli
