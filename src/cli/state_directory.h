#pragma once

#include <string>

namespace spimi::cli {

// What the program keeps for the user between runs: $XDG_STATE_HOME/spimi, or ~/.local/state/spimi.
// Conveniences only: nothing of it is ever needed.

/// Empty if the user has none.
std::string state_directory();

/// The same, created if it is not there. Throws Error(kIo) if the user has none or it cannot be
/// created.
std::string make_state_directory();

}  // namespace spimi::cli
