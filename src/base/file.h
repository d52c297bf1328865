#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spimi {

/// An open file descriptor and the name to call it by in messages. Closing is explicit where its
/// failure matters (written files); the destructor closes silently. Every failure is an Error(kIo)
/// with path and offset.
class File {
 public:
  File() = default;
  File(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  /// For reading, not through a link.
  static File open_read(const std::string& path);
  /// Creates `path` for reading and writing; fails if it exists.
  static File create(const std::string& path);
  /// For reading, and for giving space back with punch_hole.
  static File open_spill(const std::string& path);
  static File open_or_create(const std::string& path);
  static File open_directory(const std::string& path);
  /// With any flags of open(2).
  static File open(const std::string& path, int flags, std::string_view what_failed);

  bool is_open() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  const std::string& path() const { return path_; }

  struct stat status() const;
  std::uint64_t size() const;

  /// Up to `size` bytes at `offset`; fewer only at the end of the file. Returns the number read.
  std::size_t pread_some(std::uint64_t offset, void* data, std::size_t size) const;
  /// Exactly `size` bytes, or Error(kCorrupt) "ends early".
  void pread_exact(std::uint64_t offset, void* data, std::size_t size) const;
  void pwrite_all(std::uint64_t offset, const void* data, std::size_t size);
  void sync();
  /// Gives the disk space of a range back, which then reads as zeros; does nothing where the file
  /// system cannot.
  void punch_hole(std::uint64_t offset, std::uint64_t size);
  void truncate(std::uint64_t size);
  void close();

 private:
  int fd_ = -1;
  std::string path_;
};

/// The names in a directory, but for "." and "..", in no order.
std::vector<std::string> list_directory(const std::string& path);

/// The time of a file's last change, since the epoch.
std::int64_t modification_ns(const struct stat& status);

/// fsync of a directory, which makes the names in it durable.
void sync_directory(const std::string& path);

/// Removes a file, if there is one.
void remove_if_there(const std::string& path);

/// True if `path` is a regular file that begins with these bytes. Neither follows a link nor waits.
bool begins_with(const std::string& path, std::string_view bytes);

/// Renames, replacing what is there; Error(kIo) on failure.
void rename_path(const std::string& from, const std::string& to);

/// The whole of a small file; Error(kCorrupt) if it has more than `max_bytes`.
std::string read_small_file(const std::string& path, std::size_t max_bytes);

/// Writes `path` so that it is either absent, old or whole: temporary name, fsync, rename, fsync of
/// the parent.
void write_file_atomically(const std::string& path, std::string_view contents);

/// Append-only writer through a fixed buffer. Call `flush` and then let the file be synced by its
/// owner.
class BufferedWriter {
 public:
  /// Appends to `file` from `offset` on; `buffer_bytes` is all the memory it takes.
  BufferedWriter(File& file, std::size_t buffer_bytes, std::uint64_t offset = 0);
  ~BufferedWriter();
  BufferedWriter(const BufferedWriter&) = delete;
  BufferedWriter& operator=(const BufferedWriter&) = delete;

  void append(const void* data, std::size_t size);
  void append(std::string_view bytes) { append(bytes.data(), bytes.size()); }
  /// Room for `size` bytes, no more than the buffer has, to be filled in place; valid until the
  /// next call of any of these.
  char* reserve(std::size_t size);
  /// Appends the first `size` of the bytes reserved.
  void commit(std::size_t size) { used_ += size; }
  /// The file offset that the next byte appended will have.
  std::uint64_t offset() const { return offset_ + used_; }
  void flush();

 private:
  File& file_;
  std::size_t capacity_;
  char* buffer_;
  std::size_t used_ = 0;
  std::uint64_t offset_;
};

}  // namespace spimi
