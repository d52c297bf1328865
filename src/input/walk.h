#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "spimi/build.h"

namespace spimi {

struct WalkOptions {
  bool hidden = false;
  bool follow_links = false;
  /// Bytes that the walk may hold for names; a directory with more is read again for each window of
  /// it. At least 32 KiB and at most 4 GiB are taken. Pages are touched as they are needed.
  std::size_t memory_bytes = std::size_t{8} << 20;
  /// Directories that the walk itself keeps open; a deeper stack reopens parents through "..". At
  /// least 2; one more while it goes from one to the next.
  std::size_t max_open_directories = 64;
  /// A directory to leave out, by device and inode (the output); 0, 0 for none.
  dev_t excluded_device = 0;
  ino_t excluded_inode = 0;
};

/// A regular file of the corpus, in walk order. A directory says which of its entries are that; a
/// file's own status is not asked for, which would take as long as opening it.
struct WalkEntry {
  std::shared_ptr<const File> directory;  ///< Its path() is of no use, its fd() is for openat.
  std::string name;                       ///< Within `directory`.
  std::string path;                       ///< Relative to the corpus, components joined by '/'.
};

/// Depth-first walk of the regular files below a directory, in the byte order of their relative
/// paths, where a directory compares as if its name ended in '/'. Never blocks on a FIFO or device,
/// for it opens directories only. Memory is bounded by WalkOptions::memory_bytes plus the path of
/// the current directory and some 100 bytes for each of its components, whatever the corpus. Not
/// thread-safe but for `status`: callers serialise.
class Walk {
 public:
  /// Throws Error(kUsage) if `root` is not there or no directory, Error(kIo) if it cannot be read.
  Walk(const std::string& root, const WalkOptions& options, SkipFunction on_skip);
  ~Walk();
  Walk(const Walk&) = delete;
  Walk& operator=(const Walk&) = delete;

  /// Moves to the next file; false at the end. What cannot be read below the root is reported to
  /// on_skip, and the walk goes on; a directory moved or removed while the walk was below it, too.
  /// Throws Error(kIo) when the root cannot be listed, or when descriptors or memory run out. What
  /// on_skip throws passes through.
  bool next(WalkEntry* entry);

  /// Of a file that `next` returned, or of what has taken its place; nothing if it cannot be had.
  std::optional<struct stat> status(const WalkEntry& entry) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace spimi
