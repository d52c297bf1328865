#pragma once

#include <string>

#include "cli/command_line.h"
#include "cli/console.h"

namespace spimi::cli {

/// Adds `-i, --index DIR`.
void index_option(CommandLine& command_line, std::string& directory);

/// The index to read: the one given, else $SPIMI_INDEX, else the working directory if it is an
/// index, else the last one built, which a note names. Throws UsageError, which explains the four,
/// if there is none.
std::string choose_index(const std::string& given, const Console& console);

/// The directory with runs to merge: the one given, else the working directory if it holds some,
/// else the last one built.
std::string choose_staged(const std::string& given, const Console& console);

}  // namespace spimi::cli
