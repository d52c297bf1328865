#pragma once

#include <string_view>

namespace spimi::cli {

/// `spimi query --help-syntax`.
extern const std::string_view kQuerySyntax;

}  // namespace spimi::cli
