#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "spimi/error.h"

namespace spimi {

/// How full a file system is.
struct DiskSpace {
  std::string file_system;       ///< What is mounted, and where: "/dev/sda1 (/home)".
  std::uint64_t free_bytes = 0;  ///< For this user.
  std::uint64_t used_bytes = 0;
};

/// Of the file system that a path is on; nothing where it does not say. Never throws but for want
/// of memory.
std::optional<DiskSpace> disk_space(const std::string& path);

/// What to throw when `needed_bytes` of runs do not fit there. `of_what`: "this corpus"; `because`
/// says what needs them: "its text of 5 bytes".
Error too_little_space(const std::string& directory, const DiskSpace& space,
                       std::string_view of_what, const std::string& because,
                       std::uint64_t needed_bytes);

}  // namespace spimi
