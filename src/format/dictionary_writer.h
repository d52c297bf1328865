#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/byte_buffer.h"
#include "format/layout.h"
#include "format/segment_file_writer.h"
#include "spimi/index.h"

namespace spimi {

/// Writes `terms` and `terms.index`. add each term in byte order, then finish.
class DictionaryWriter {
 public:
  DictionaryWriter(SegmentFileWriter& terms, SegmentFileWriter& index, bool positions)
      : terms_(terms), index_(index), positions_(positions) {}

  /// Adds the term that has the first `lcp` bytes of the term before, then `suffix`, which is
  /// padded (padded_bytes.h). 0 says that nothing is known of what they have in common. The lists
  /// of `info` begin where those of the term before end; its offsets are ignored. Error(kCorrupt)
  /// if the term is not greater than the one before.
  void add(std::size_t lcp, std::string_view suffix, const TermInfo& info);
  void finish();
  std::uint64_t num_terms() const { return num_terms_; }

 private:
  std::string_view last_term() const { return {last_term_.data(), last_term_bytes_}; }
  void write_block(std::size_t num_terms);

  SegmentFileWriter& terms_;
  SegmentFileWriter& index_;
  const bool positions_;
  std::uint64_t num_terms_ = 0;
  ByteBuffer block_;                       // entries of the current block
  std::uint8_t block_key_[kTermKeyBytes];  // of its first term
  std::uint64_t block_offsets_[3] = {};    // of its first term's postings, skips, positions
  std::uint64_t offsets_[3] = {};          // of the next term's
  std::string last_term_;                  // and room for padding
  std::size_t last_term_bytes_ = 0;
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
