#include "base/system_calls.h"

#include <dirent.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace spimi::os {

int open_once(const char* path, int flags, mode_t mode) { return ::open(path, flags, mode); }
int openat_once(int directory, const char* name, int flags) {
  return ::openat(directory, name, flags);
}
int close(int fd) { return ::close(fd); }
int duplicate(int fd, int least) { return ::fcntl(fd, F_DUPFD_CLOEXEC, least); }

ssize_t read(int fd, void* data, size_t size) { return ::read(fd, data, size); }
ssize_t pread(int fd, void* data, size_t size, off_t offset) {
  return ::pread(fd, data, size, offset);
}
ssize_t write(int fd, const void* data, size_t size) { return ::write(fd, data, size); }
ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  return ::pwrite(fd, data, size, offset);
}
off_t lseek(int fd, off_t offset, int whence) { return ::lseek(fd, offset, whence); }
ssize_t getdents64(int fd, void* data, size_t size) { return ::getdents64(fd, data, size); }

int fstat(int fd, struct stat* status) {
#if defined(__x86_64__) && defined(__linux__)
  // glibc 2.33 to 2.38 asks for the file of an empty path instead, a third slower. (struct stat is
  // the kernel's here.)
  return static_cast<int>(::syscall(SYS_fstat, fd, status));
#else
  return ::fstat(fd, status);
#endif
}
int stat(const char* path, struct stat* status) { return ::stat(path, status); }
int lstat(const char* path, struct stat* status) { return ::lstat(path, status); }
int fstatat(int directory, const char* name, struct stat* status, int flags) {
  return ::fstatat(directory, name, status, flags);
}
int fstatvfs(int fd, struct statvfs* status) { return ::fstatvfs(fd, status); }
int flock(int fd, int operation) { return ::flock(fd, operation); }

int fsync(int fd) { return ::fsync(fd); }
int fallocate(int fd, int mode, off_t offset, off_t size) {
  return ::fallocate(fd, mode, offset, size);
}
int ftruncate(int fd, off_t size) { return ::ftruncate(fd, size); }

int mkdir(const char* path, mode_t mode) { return ::mkdir(path, mode); }
int rmdir(const char* path) { return ::rmdir(path); }
int unlink(const char* path) { return ::unlink(path); }
int rename(const char* from, const char* to) { return ::rename(from, to); }
int symlink(const char* target, const char* path) { return ::symlink(target, path); }
ssize_t readlink(const char* path, char* target, size_t size) {
  return ::readlink(path, target, size);
}

void* map_memory(size_t size) {
  return ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
void* map_file(int fd, size_t size) { return ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0); }
int unmap(void* data, size_t size) { return ::munmap(data, size); }
void* resize_memory(void* data, size_t old_size, size_t size) {
#if defined(__SANITIZE_THREAD__)
  // Which does not see that mremap moves memory, and takes what is mapped there next for the same.
  void* const moved = map_memory(size);
  if (moved == MAP_FAILED) return moved;
  std::memcpy(moved, data, std::min(old_size, size));
  (void)::munmap(data, old_size);
  return moved;
#else
  return ::mremap(data, old_size, size, MREMAP_MAYMOVE);
#endif
}

}  // namespace spimi::os
