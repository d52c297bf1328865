#pragma once

#include <functional>
#include <string>

#include "cli/console.h"

namespace spimi::cli {

/// Reads lines from a terminal, with editing and a history that is kept in make_state_directory(),
/// and calls `answer` with each that is not blank, until :quit or the end of input. Standard input
/// and output must be terminals.
void run_prompt(const std::function<void(const std::string& line)>& answer, const Console& console);

}  // namespace spimi::cli
