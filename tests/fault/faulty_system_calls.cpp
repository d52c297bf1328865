// The other definition of base/system_calls.h.

#include "fault/faulty_system_calls.h"

#include <dirent.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <mutex>
#include <string_view>
#include <utility>

#include "base/system_calls.h"
#include "fault/allocations.h"

namespace spimi::testing {
namespace {

SystemCallRule* g_rule = nullptr;
std::map<int, std::string> g_paths;  // of open descriptors
std::recursive_mutex& mutex() {
  static std::recursive_mutex instance;
  return instance;
}

std::string path_of(int fd) {
  const auto found = g_paths.find(fd);
  return found == g_paths.end() ? "?" : found->second;
}

// Makes a call under the rule. `make` returns what the system call does.
template <class Make>
auto apply(const SystemCall& call, Make make) -> decltype(make(call.size)) {
  using Result = decltype(make(call.size));
  const AllocationsSucceed exempt;
  const std::lock_guard lock(mutex());
  if (g_rule == nullptr) return make(call.size);
  if (const int error = g_rule->fail(call); error != 0) {
    if (call.kind == CallKind::kClose) make(0);  // Closed all the same.
    errno = error;
    return static_cast<Result>(-1);
  }
  const Result result = make(call.size > 0 ? g_rule->shorten(call) : 0);
  const int error = errno;
  if (result >= 0) g_rule->made(call, static_cast<std::size_t>(result));
  errno = error;
  return result;
}

int remember(int fd, std::string path) {
  if (fd >= 0) g_paths[fd] = std::move(path);
  return fd;
}

// Descriptors go where their files go.
void move_paths(const std::string& from, const std::string& to) {
  for (auto& [fd, path] : g_paths) {
    if (path == from || path.starts_with(from + "/")) path.replace(0, from.size(), to);
  }
}

}  // namespace

UseRule::UseRule(SystemCallRule& rule) {
  const std::lock_guard lock(mutex());
  g_rule = &rule;
}
UseRule::~UseRule() {
  const std::lock_guard lock(mutex());
  g_rule = nullptr;
}

std::size_t num_open_descriptors() {
  const std::lock_guard lock(mutex());
  return g_paths.size();
}

bool FailNth::counts(const SystemCall& call) const { return call.kind != CallKind::kMemory; }

int FailNth::fail(const SystemCall& call) {
  if (!counts(call)) return 0;
  ++num_calls_;
  if (nth_ == 0 || (for_ever_ ? num_calls_ < nth_ : num_calls_ != nth_)) return 0;
  if (num_failed_++ == 0) failed_ = call;
  return error_;
}

}  // namespace spimi::testing

namespace spimi::os {

using spimi::testing::apply;
using spimi::testing::CallKind;
using spimi::testing::g_paths;
using spimi::testing::path_of;
using spimi::testing::remember;
using spimi::testing::SystemCall;

namespace {

SystemCall about(CallKind kind, std::string_view path, int flags = 0) {
  const spimi::testing::AllocationsSucceed exempt;
  SystemCall call{};
  call.kind = kind;
  call.path = path;
  call.flags = flags;
  return call;
}

std::string path_at(int directory, const char* name) {
  const spimi::testing::AllocationsSucceed exempt;
  const std::lock_guard lock(spimi::testing::mutex());
  return path_of(directory) + "/" + name;
}
std::string path_at(int fd) {
  const spimi::testing::AllocationsSucceed exempt;
  const std::lock_guard lock(spimi::testing::mutex());
  return path_of(fd);
}

}  // namespace

int open_once(const char* path, int flags, mode_t mode) {
  return apply(about(CallKind::kOpen, path, flags),
               [&](size_t) { return remember(::open(path, flags, mode), path); });
}
int openat_once(int directory, const char* name, int flags) {
  const std::string path = path_at(directory, name);
  return apply(about(CallKind::kOpen, path, flags),
               [&](size_t) { return remember(::openat(directory, name, flags), path); });
}
int close(int fd) {
  return apply(about(CallKind::kClose, path_at(fd)), [&](size_t) {
    g_paths.erase(fd);
    return ::close(fd);
  });
}
int duplicate(int fd, int least) {
  const std::string path = path_at(fd);
  return apply(about(CallKind::kAdvice, path),
               [&](size_t) { return remember(::fcntl(fd, F_DUPFD_CLOEXEC, least), path); });
}

ssize_t read(int fd, void* data, size_t size) {
  SystemCall call = about(CallKind::kRead, path_at(fd));
  call.size = size;
  return apply(call, [&](size_t n) { return ::read(fd, data, n); });
}
ssize_t pread(int fd, void* data, size_t size, off_t offset) {
  SystemCall call = about(CallKind::kRead, path_at(fd));
  call.offset = static_cast<std::uint64_t>(offset);
  call.size = size;
  return apply(call, [&](size_t n) { return ::pread(fd, data, n, offset); });
}
ssize_t write(int fd, const void* data, size_t size) {
  SystemCall call = about(CallKind::kWrite, path_at(fd));
  call.data = data;
  call.size = size;
  return apply(call, [&](size_t n) { return ::write(fd, data, n); });
}
ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  SystemCall call = about(CallKind::kWrite, path_at(fd));
  call.offset = static_cast<std::uint64_t>(offset);
  call.data = data;
  call.size = size;
  return apply(call, [&](size_t n) { return ::pwrite(fd, data, n, offset); });
}
off_t lseek(int fd, off_t offset, int whence) {
  return apply(about(CallKind::kList, path_at(fd)),
               [&](size_t) { return ::lseek(fd, offset, whence); });
}
ssize_t getdents64(int fd, void* data, size_t size) {
  return apply(about(CallKind::kList, path_at(fd)), [&](size_t) {
    const ssize_t result = ::getdents64(fd, data, size);
    if (spimi::testing::g_rule != nullptr && result > 0) {
      spimi::testing::g_rule->listed(data, static_cast<std::size_t>(result));
    }
    return result;
  });
}

int fstat(int fd, struct stat* status) {
  return apply(about(CallKind::kStatus, path_at(fd)), [&](size_t) { return ::fstat(fd, status); });
}
int stat(const char* path, struct stat* status) {
  return apply(about(CallKind::kStatus, path), [&](size_t) { return ::stat(path, status); });
}
int lstat(const char* path, struct stat* status) {
  return apply(about(CallKind::kStatus, path), [&](size_t) { return ::lstat(path, status); });
}
int fstatat(int directory, const char* name, struct stat* status, int flags) {
  return apply(about(CallKind::kStatus, path_at(directory, name)),
               [&](size_t) { return ::fstatat(directory, name, status, flags); });
}
int fstatvfs(int fd, struct statvfs* status) {
  return apply(about(CallKind::kStatus, path_at(fd)),
               [&](size_t) { return ::fstatvfs(fd, status); });
}
int flock(int fd, int operation) {
  return apply(about(CallKind::kLock, path_at(fd)), [&](size_t) { return ::flock(fd, operation); });
}

int fsync(int fd) {
  return apply(about(CallKind::kSync, path_at(fd)), [&](size_t) { return ::fsync(fd); });
}
int fallocate(int fd, int mode, off_t offset, off_t size) {
  SystemCall call = about(CallKind::kAdvice, path_at(fd));
  call.offset = static_cast<std::uint64_t>(offset);
  return apply(call, [&](size_t) { return ::fallocate(fd, mode, offset, size); });
}
int ftruncate(int fd, off_t size) {
  SystemCall call = about(CallKind::kTruncate, path_at(fd));
  call.offset = static_cast<std::uint64_t>(size);
  return apply(call, [&](size_t) { return ::ftruncate(fd, size); });
}

int mkdir(const char* path, mode_t mode) {
  return apply(about(CallKind::kMakeDirectory, path), [&](size_t) { return ::mkdir(path, mode); });
}
int rmdir(const char* path) {
  return apply(about(CallKind::kRemove, path), [&](size_t) { return ::rmdir(path); });
}
int unlink(const char* path) {
  return apply(about(CallKind::kRemove, path), [&](size_t) { return ::unlink(path); });
}
int rename(const char* from, const char* to) {
  SystemCall call = about(CallKind::kRename, from);
  {
    const spimi::testing::AllocationsSucceed exempt;
    call.to = to;
  }
  return apply(call, [&](size_t) {
    const int result = ::rename(from, to);
    if (result == 0) spimi::testing::move_paths(from, to);
    return result;
  });
}

int symlink(const char* target, const char* path) {
  return apply(about(CallKind::kMakeDirectory, path),
               [&](size_t) { return ::symlink(target, path); });
}
ssize_t readlink(const char* path, char* target, size_t size) {
  return apply(about(CallKind::kStatus, path),
               [&](size_t) { return ::readlink(path, target, size); });
}

void* map_memory(size_t size) {
  void* data = MAP_FAILED;
  apply(about(CallKind::kMemory, {}), [&](size_t) {
    data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return data == MAP_FAILED ? -1 : 0;
  });
  return data;
}
void* resize_memory(void* data, size_t old_size, size_t size) {
  void* resized = MAP_FAILED;
  apply(about(CallKind::kMemory, {}), [&](size_t) {
    resized = ::mremap(data, old_size, size, MREMAP_MAYMOVE);
    return resized == MAP_FAILED ? -1 : 0;
  });
  return resized;
}
void* map_file(int fd, size_t size) {
  void* data = MAP_FAILED;
  apply(about(CallKind::kMap, path_at(fd)), [&](size_t) {
    data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
    return data == MAP_FAILED ? -1 : 0;
  });
  return data;
}
int unmap(void* data, size_t size) { return ::munmap(data, size); }

}  // namespace spimi::os
