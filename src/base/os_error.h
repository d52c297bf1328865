#pragma once

#include <cstdint>
#include <string_view>

#include "spimi/error.h"

namespace spimi {

/// An Error(kIo) whose cause is the text of `errno` as it is at the call.
Error os_error(std::string_view path, std::string_view what_happened);
Error os_error(std::string_view path, std::uint64_t offset, std::string_view what_happened);

}  // namespace spimi
