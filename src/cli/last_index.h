#pragma once

#include <string>

namespace spimi::cli {

// The last index built, for the commands that are not told which index to use: a file with its
// absolute path in $XDG_STATE_HOME/spimi, or ~/.local/state/spimi. A convenience: it is never
// needed.

/// Empty if none is known.
std::string read_last_index();

/// Remembers `directory`, an absolute path. Throws Error(kIo) if it cannot.
void write_last_index(const std::string& directory);

}  // namespace spimi::cli
