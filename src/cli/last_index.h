#pragma once

#include <string>

namespace spimi::cli {

// The last index built, for the commands that are not told which index to use: a file with its
// absolute path in state_directory().

/// Empty if none is known.
std::string read_last_index();

/// Remembers `directory`, an absolute path. Throws Error(kIo) if it cannot.
void write_last_index(const std::string& directory);

}  // namespace spimi::cli
