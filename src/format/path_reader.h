#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "format/segment_file_reader.h"

namespace spimi {

/// The paths of a segment's documents.
class PathReader {
 public:
  PathReader(const SegmentFileReader& paths, const SegmentFileReader& index,
             std::uint64_t num_docs);

  /// Reads part of one block. `docid` is less than the number of documents.
  std::string path(std::uint32_t docid) const;

 private:
  friend class PathIterator;
  BlockIndex blocks_;
  std::uint64_t num_docs_;
};

/// Iterates paths in docid order. Throws Error(kCorrupt) on what the grammar does not allow.
class PathIterator {
 public:
  /// Begins before the first document of a block; `block` is at most the number of blocks.
  explicit PathIterator(const PathReader& paths, std::uint64_t block = 0);

  /// Moves to the next path, first to the first; false at the end.
  bool next();
  /// Valid until the next call of next.
  std::string_view path() const { return path_; }

 private:
  [[noreturn]] void fail(std::string_view what) const;

  const PathReader* paths_;
  std::uint64_t next_docid_;
  BlockIndex::Block block_{0, nullptr, nullptr};
  const std::uint8_t* in_ = nullptr;
  std::string path_;
};

/// The first docid in [begin, end) whose path `holds` is true of, or `end`. It is false up to some
/// docid and true from there on: the documents of a root are in the byte order of their paths.
template <typename Holds>
std::uint64_t first_path_where(const PathReader& paths, std::uint64_t begin, std::uint64_t end,
                               Holds holds) {
  while (begin < end) {
    const std::uint64_t middle = begin + (end - begin) / 2;
    if (holds(paths.path(static_cast<std::uint32_t>(middle)))) {
      end = middle;
    } else {
      begin = middle + 1;
    }
  }
  return begin;
}

}  // namespace spimi
