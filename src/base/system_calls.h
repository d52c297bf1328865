#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>

#include <cerrno>
#include <cstddef>

/// The one place where the library asks the system for files and memory: every call goes through
/// here, with the meaning and the errno of the system call of its name. The tests link another
/// definition of these functions, which fails the n-th call, shortens it, interrupts it or records
/// it; so the very objects of the program are tested, and the program pays one direct call.
namespace spimi::os {

int open_once(const char* path, int flags, mode_t mode);
int openat_once(int directory, const char* name, int flags);
int close(int fd);
/// fcntl(F_DUPFD_CLOEXEC): another descriptor of the same file, of that number or above.
int duplicate(int fd, int least);

ssize_t read(int fd, void* data, size_t size);
ssize_t pread(int fd, void* data, size_t size, off_t offset);
ssize_t write(int fd, const void* data, size_t size);
ssize_t pwrite(int fd, const void* data, size_t size, off_t offset);
off_t lseek(int fd, off_t offset, int whence);
ssize_t getdents64(int fd, void* data, size_t size);

int fstat(int fd, struct stat* status);
int stat(const char* path, struct stat* status);
int lstat(const char* path, struct stat* status);
int fstatat(int directory, const char* name, struct stat* status, int flags);
int fstatvfs(int fd, struct statvfs* status);
int flock(int fd, int operation);

int fsync(int fd);
int fallocate(int fd, int mode, off_t offset, off_t size);
int ftruncate(int fd, off_t size);

int mkdir(const char* path, mode_t mode);
int rmdir(const char* path);
int unlink(const char* path);
int rename(const char* from, const char* to);
int symlink(const char* target, const char* path);
ssize_t readlink(const char* path, char* target, size_t size);

/// These may fail with EINTR on file systems of a network or of a program; nothing is done then,
/// and it is tried again.
inline int open(const char* path, int flags, mode_t mode = 0) {
  int fd;
  do {
    fd = open_once(path, flags, mode);
  } while (fd < 0 && errno == EINTR);
  return fd;
}
inline int openat(int directory, const char* name, int flags) {
  int fd;
  do {
    fd = openat_once(directory, name, flags);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

/// mmap of anonymous memory, and of a file for reading. MAP_FAILED on failure.
void* map_memory(size_t size);
void* map_file(int fd, size_t size);
int unmap(void* data, size_t size);
/// mremap, which may move it. MAP_FAILED on failure, and then `data` is as it was.
void* resize_memory(void* data, size_t old_size, size_t size);

}  // namespace spimi::os
