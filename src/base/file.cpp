#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>

#include "base/disk_space.h"
#include "base/os_error.h"
#include "base/stage_clock.h"
#include "base/system_calls.h"
#include "spimi/error.h"

namespace spimi {

namespace {

// Says of what there is too little, by errno.
Error no_space(const std::string& path, std::uint64_t offset, std::size_t size) {
  const std::string cause = std::generic_category().message(errno);
  std::string needed = "; " + std::to_string(size) + " bytes more are needed here";
  if (const std::optional<DiskSpace> space = disk_space(path)) {
    needed += ", and file system " + space->file_system + " has " +
              std::to_string(space->free_bytes) + " free";
  }
  return {ErrorKind::kIo, path, offset, "cannot write", cause + needed};
}

}  // namespace

File::File(File&& other) noexcept : fd_(other.fd_), path_(std::move(other.path_)) {
  other.fd_ = -1;
}

File& File::operator=(File&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) os::close(fd_);
    fd_ = other.fd_;
    path_ = std::move(other.path_);
    other.fd_ = -1;
  }
  return *this;
}

File::~File() {
  if (fd_ >= 0) os::close(fd_);
}

File File::open(const std::string& path, int flags, std::string_view what_failed) {
  // The copy of the path comes first: memory may run out, and the descriptor would be lost.
  File file(-1, path);
  file.fd_ = os::open(path.c_str(), flags | O_CLOEXEC, 0666);
  if (file.fd_ < 0) throw os_error(path, what_failed);
  return file;
}

File File::open_read(const std::string& path) {
  return open(path, O_RDONLY | O_NOFOLLOW, "cannot open for reading");
}

File File::create(const std::string& path) {
  return open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, "cannot create");
}

File File::open_spill(const std::string& path) {
  return open(path, O_RDWR | O_NOFOLLOW, "cannot open a file of runs");
}

File File::open_or_create(const std::string& path) {
  return open(path, O_RDWR | O_CREAT | O_NOFOLLOW, "cannot open or create");
}

File File::open_directory(const std::string& path) {
  return open(path, O_RDONLY | O_DIRECTORY, "cannot open directory");
}

struct stat File::status() const {
  struct stat st;
  if (os::fstat(fd_, &st) != 0) throw os_error(path_, "cannot read its status");
  return st;
}

std::uint64_t File::size() const { return static_cast<std::uint64_t>(status().st_size); }

std::size_t File::pread_some(std::uint64_t offset, void* data, std::size_t size) const {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t n = os::pread(fd_, static_cast<char*>(data) + done, size - done,
                                static_cast<off_t>(offset + done));
    if (n == 0) break;
    if (n < 0) {
      if (errno == EINTR) continue;
      throw os_error(path_, offset + done, "cannot read");
    }
    done += static_cast<std::size_t>(n);
  }
  return done;
}

void File::pread_exact(std::uint64_t offset, void* data, std::size_t size) const {
  const std::size_t n = pread_some(offset, data, size);
  if (n != size) throw Error(ErrorKind::kCorrupt, path_, offset + n, "the file ends early");
}

void File::pwrite_all(std::uint64_t offset, const void* data, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t n = os::pwrite(fd_, static_cast<const char*>(data) + done, size - done,
                                 static_cast<off_t>(offset + done));
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno == ENOSPC || errno == EDQUOT) throw no_space(path_, offset + done, size - done);
      throw os_error(path_, offset + done, "cannot write");
    }
    done += static_cast<std::size_t>(n);
  }
}

void File::sync() {
  // Never retried: after a failed fsync the kernel may have dropped the pages it could not write.
  if (os::fsync(fd_) != 0) throw os_error(path_, "cannot sync to disk");
}

void File::punch_hole(std::uint64_t offset, std::uint64_t size) {
  (void)os::fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                      static_cast<off_t>(size));
}

void File::truncate(std::uint64_t size) {
  while (os::ftruncate(fd_, static_cast<off_t>(size)) != 0) {
    if (errno != EINTR) throw os_error(path_, size, "cannot cut it off");
  }
}

void File::close() {
  const int fd = fd_;
  fd_ = -1;
  // EINTR: Linux has closed the descriptor all the same.
  if (fd >= 0 && os::close(fd) != 0 && errno != EINTR) throw os_error(path_, "cannot close");
}

std::vector<std::string> list_directory(const std::string& path) {
  constexpr std::size_t kListingBytes = std::size_t{32} << 10;
  const File directory = File::open_directory(path);
  std::vector<std::string> names;
  const auto listing = std::make_unique_for_overwrite<std::byte[]>(kListingBytes);
  for (;;) {
    const ssize_t size = os::getdents64(directory.fd(), listing.get(), kListingBytes);
    if (size == 0) return names;
    if (size < 0) {
      if (errno == EINTR) continue;
      throw os_error(path, "cannot list directory");
    }
    for (ssize_t at = 0; at < size;) {
      const auto* entry = reinterpret_cast<const struct dirent64*>(listing.get() + at);
      at += entry->d_reclen;
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
  }
}

std::int64_t modification_ns(const struct stat& status) {
  return std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
}

void sync_directory(const std::string& path) {
  File directory = File::open_directory(path);
  directory.sync();
  directory.close();
}

void remove_if_there(const std::string& path) {
  if (os::unlink(path.c_str()) != 0 && errno != ENOENT) throw os_error(path, "cannot remove");
}

bool begins_with(const std::string& path, std::string_view bytes) {
  struct stat status;
  if (os::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return false;
    throw os_error(path, "cannot read its status");
  }
  if (!S_ISREG(status.st_mode)) return false;
  std::string begin(bytes.size(), '\0');
  const File file = File::open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, "cannot open for reading");
  return file.pread_some(0, begin.data(), begin.size()) == bytes.size() && begin == bytes;
}

void rename_path(const std::string& from, const std::string& to) {
  if (os::rename(from.c_str(), to.c_str()) != 0) {
    throw os_error(to, "cannot rename " + escape_bytes(from) + " to it");
  }
}

std::string read_small_file(const std::string& path, std::size_t max_bytes) {
  const File file = File::open_read(path);
  const std::uint64_t size = file.size();
  if (size > max_bytes) {
    throw Error(ErrorKind::kCorrupt, path, "the file is larger than any valid one");
  }
  std::string contents(static_cast<std::size_t>(size), '\0');
  file.pread_exact(0, contents.data(), contents.size());
  return contents;
}

void write_file_atomically(const std::string& path, std::string_view contents) {
  const std::string temporary = path + ".tmp";
  remove_if_there(temporary);
  File file = File::create(temporary);
  file.pwrite_all(0, contents.data(), contents.size());
  file.sync();
  file.close();
  rename_path(temporary, path);
  const std::string parent = std::filesystem::path(path).parent_path().string();
  sync_directory(parent.empty() ? "." : parent);
}

BufferedWriter::BufferedWriter(File& file, std::size_t buffer_bytes, std::uint64_t offset)
    : file_(file), capacity_(buffer_bytes), buffer_(new char[buffer_bytes]), offset_(offset) {}

BufferedWriter::~BufferedWriter() { delete[] buffer_; }

void BufferedWriter::append(const void* data, std::size_t size) {
  if (size == 0) return;  // `data` may be null then, which memcpy does not allow
  if (size > capacity_ - used_) {
    flush();
    if (size >= capacity_) {
      file_.pwrite_all(offset_, data, size);
      offset_ += size;
      return;
    }
  }
  std::memcpy(buffer_ + used_, data, size);
  used_ += size;
}

char* BufferedWriter::reserve(std::size_t size) {
  if (size > capacity_ - used_) flush();
  return buffer_ + used_;
}

void BufferedWriter::flush() {
  const StageScope stage(Stage::kWriteRun);  // nothing else is written through one of these
  file_.pwrite_all(offset_, buffer_, used_);
  offset_ += used_;
  used_ = 0;
}

}  // namespace spimi
