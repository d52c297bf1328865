#pragma once

#include <cstdint>
#include <optional>
#include <string>

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

}  // namespace spimi
