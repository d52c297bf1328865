#pragma once

#include <string>
#include <vector>

#include "cli/console.h"

namespace spimi::cli {

// The commands: the arguments behind the command's name in, the exit code out. Each throws what
// main.cpp prints.

int run_build(std::vector<std::string> arguments, Console& console);
int run_merge(std::vector<std::string> arguments, Console& console);
int run_query(std::vector<std::string> arguments, Console& console);
int run_explain(std::vector<std::string> arguments, Console& console);
int run_dump(std::vector<std::string> arguments, Console& console);
int run_stats(std::vector<std::string> arguments, Console& console);
int run_serve_stdin(std::vector<std::string> arguments, Console& console);
int run_check(std::vector<std::string> arguments, Console& console);

}  // namespace spimi::cli
