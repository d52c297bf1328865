#include "base/disk_space.h"

#include <sys/sysmacros.h>

#include <sstream>

#include "base/file.h"
#include "base/system_calls.h"

namespace spimi {
namespace {

// The line of the mounted device in /proc/self/mountinfo, of which proc(5) says:
//   36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
// where /mnt2 is the mount point. Spaces in names are written \040, so words are words.
std::string mount_of(dev_t device) {
  const std::string number = std::to_string(major(device)) + ":" + std::to_string(minor(device));
  const File file = File::open("/proc/self/mountinfo", O_RDONLY, "cannot open for reading");
  std::string text;
  constexpr std::size_t kMaxBytes = std::size_t{1} << 20;
  char buffer[4096];
  while (const std::size_t n = file.pread_some(text.size(), buffer, sizeof(buffer))) {
    text.append(buffer, n);
    if (text.size() > kMaxBytes) break;
  }
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string id, parent, its_number, root, mount_point, word, type, source;
    words >> id >> parent >> its_number >> root >> mount_point;
    if (its_number != number) continue;
    while (words >> word && word != "-") {
    }
    words >> type >> source;
    return escape_bytes(source) + " (" + escape_bytes(mount_point) + ")";
  }
  return {};
}

}  // namespace

std::optional<DiskSpace> disk_space(const std::string& path) {
  try {
    const File file = File::open(path, O_RDONLY | O_NONBLOCK, "cannot open for reading");
    struct statvfs status;
    if (os::fstatvfs(file.fd(), &status) != 0) return std::nullopt;
    DiskSpace space;
    space.free_bytes = std::uint64_t{status.f_bavail} * status.f_frsize;
    space.used_bytes = std::uint64_t{status.f_blocks - status.f_bfree} * status.f_frsize;
    space.file_system = mount_of(file.status().st_dev);
    if (space.file_system.empty()) space.file_system = "of " + escape_bytes(path);
    return space;
  } catch (const Error&) {
    return std::nullopt;
  }
}

Error too_little_space(const std::string& directory, const DiskSpace& space,
                       std::string_view of_what, const std::string& because,
                       std::uint64_t needed_bytes) {
  return Error(ErrorKind::kIo, directory,
               "there is too little space for the runs of " + std::string(of_what),
               because + " needs at least " + std::to_string(needed_bytes) + ", and file system " +
                   space.file_system + " has " + std::to_string(space.free_bytes) +
                   " free; make room, or name a --tmp-dir elsewhere");
}

}  // namespace spimi
