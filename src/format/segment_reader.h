#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "format/dictionary_reader.h"
#include "format/path_reader.h"
#include "format/positions_reader.h"
#include "format/postings_cursor.h"
#include "format/segment_file_reader.h"
#include "spimi/index.h"

namespace spimi {

/// A segment, open for reading. All it hands out refers to it, so it must outlive that. Safe to use
/// from several threads.
class SegmentReader {
 public:
  /// Opens the segment that a manifest names in the index `directory`. Throws Error(kCorrupt) if a
  /// file is not as the manifest says.
  SegmentReader(const std::string& directory, const IndexInfo& info);
  SegmentReader(const SegmentReader&) = delete;
  SegmentReader& operator=(const SegmentReader&) = delete;

  std::uint64_t num_docs() const { return num_docs_; }
  double average_length() const { return average_length_; }
  bool has_positions() const { return files_.back().has_value(); }

  const DictionaryReader& dictionary() const { return *dictionary_; }
  std::optional<TermInfo> find(std::string_view term) const { return dictionary_->find(term); }
  DictionaryIterator terms() const { return DictionaryIterator(*dictionary_); }

  PostingsCursor postings(const TermInfo& info) const { return {list_files_, info}; }
  /// For cursors that are made where they stay: to move one copies some kilobytes.
  const ListFiles& list_files() const { return list_files_; }
  SkipCursor skips(const TermInfo& info) const {
    return {*list_files_.skips, has_positions(), info};
  }
  /// Only in a segment with positions, as the next.
  PositionSums position_sums(const TermInfo& info, std::uint32_t room = 0) const {
    return {*list_files_.positions, info, room};
  }
  PositionsReader positions(const TermInfo& info) const {
    return {file(SegmentFile::kPositions), info};
  }

  const PathReader& paths() const { return *paths_; }
  /// In tokens, by docid.
  U32Array lengths() const { return U32Array(file(SegmentFile::kLengths)); }
  /// `docid` is less than num_docs.
  std::uint32_t length(std::uint32_t docid) const { return lengths()[docid]; }

  /// `which` is one the segment has.
  const SegmentFileReader& file(SegmentFile which) const {
    return *files_[static_cast<std::size_t>(which)];
  }
  /// 7, or 8 with positions.
  std::size_t num_files() const {
    return has_positions() ? kNumSegmentFiles : kNumSegmentFiles - 1;
  }

  /// SegmentFileReader::release of all files.
  void release() const;

 private:
  std::uint64_t num_docs_;
  double average_length_;
  std::array<std::optional<SegmentFileReader>, kNumSegmentFiles> files_;
  ListFiles list_files_;
  std::optional<DictionaryReader> dictionary_;
  std::optional<PathReader> paths_;
};

}  // namespace spimi
