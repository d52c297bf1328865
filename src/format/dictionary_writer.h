#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "format/segment_file_writer.h"
#include "spimi/index.h"

namespace spimi {

/// Writes `terms` and `terms.index`. add each term in byte order, then finish.
class DictionaryWriter {
 public:
  DictionaryWriter(SegmentFileWriter& terms, SegmentFileWriter& index, bool positions)
      : terms_(terms), index_(index), positions_(positions) {}

  /// The lists of `info` begin where those of the term before end; its offsets are ignored.
  /// Error(kCorrupt) if `term` is not greater than the one before.
  void add(std::string_view term, const TermInfo& info);
  void finish();
  std::uint64_t num_terms() const { return num_terms_; }

 private:
  void write_block();

  SegmentFileWriter& terms_;
  SegmentFileWriter& index_;
  const bool positions_;
  std::uint64_t num_terms_ = 0;
  std::string block_;                    // entries of the current block
  std::uint64_t block_offsets_[3] = {};  // of its first term's postings, skips, positions
  std::uint64_t offsets_[3] = {};        // of the next term's
  std::string last_term_;
};

/// Writes `paths`, `paths.index` and `lengths`. add each document in docid order; then finish.
class DocumentWriter {
 public:
  DocumentWriter(SegmentFileWriter& paths, SegmentFileWriter& index, SegmentFileWriter& lengths)
      : paths_(paths), index_(index), lengths_(lengths) {}

  void add(std::string_view path, std::uint32_t length);
  std::uint64_t num_docs() const { return num_docs_; }
  std::uint64_t num_tokens() const { return num_tokens_; }

 private:
  SegmentFileWriter& paths_;
  SegmentFileWriter& index_;
  SegmentFileWriter& lengths_;
  std::uint64_t num_docs_ = 0;
  std::uint64_t num_tokens_ = 0;
  std::string last_path_;
};

}  // namespace spimi
