#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/byte_buffer.h"
#include "base/packed_block.h"
#include "format/skip_writer.h"
#include "spimi/index.h"

namespace spimi {

/// Where a ListWriter puts its bytes: to be appended to `postings`, `skips` and `positions`, and
/// may be taken away at any time.
struct ListBytes {
  ByteBuffer postings, skips, positions;
  std::size_t size() const { return postings.size() + skips.size() + positions.size(); }
  std::size_t capacity() const {
    return postings.capacity() + skips.capacity() + positions.capacity();
  }
};

/// The lengths of documents, for the impacts in skip entries.
class DocumentLengths {
 public:
  virtual ~DocumentLengths() = default;
  /// Fills lengths[i] for docids[i], which ascend.
  virtual void get(const std::uint32_t* docids, std::size_t size, std::uint32_t* lengths) = 0;
};

/// Encodes the lists of one term after another. Memory: one block of postings, one of positions and
/// one group of skip entries, besides its output.
///
///   writer.begin(); for each stretch of postings: writer.add(…); info = writer.finish();
class ListWriter {
 public:
  ListWriter(ListBytes& out, DocumentLengths& lengths, double average_length, bool positions)
      : out_(out),
        lengths_(lengths),
        average_length_(average_length),
        has_positions_(positions),
        skips_(out.skips, positions) {}

  void begin();

  /// Appends `size` postings with ascending docids, and the gaps of their positions (sum of tfs of
  /// them, none without positions). The first docid may be the last one again: then its posting is
  /// continued, and its first gap is that position itself, not a gap. Error(kCorrupt) if docids or
  /// positions do not ascend.
  void add(const std::uint32_t* docids, const std::uint32_t* tfs, std::size_t size,
           const std::uint32_t* position_gaps);

  /// Ends the list. Offsets in the result are 0.
  TermInfo finish();

  /// A list of fewer than kBlockValues postings and positions (none without positions), which is
  /// all there is of a term; docids ascend. What begin, add and finish would do, for most terms are
  /// of this kind.
  TermInfo write_short(const std::uint32_t* docids, const std::uint32_t* tfs, std::size_t size,
                       const std::uint32_t* position_gaps, std::size_t num_positions);

 private:
  void add_positions(const std::uint32_t* gaps, std::size_t size);
  void write_positions_block(const std::uint32_t* gaps);
  void write_posting_block();
  void write_tail();
  void get_impacts();

  ListBytes& out_;
  DocumentLengths& lengths_;
  const double average_length_;
  const bool has_positions_;
  SkipWriter skips_;

  // A block is written when the posting after it comes, for until then its last posting may be
  // continued.
  std::size_t num_buffered_ = 0;
  std::uint32_t docids_[kBlockValues], gaps_[kBlockValues], tfs_[kBlockValues];
  std::array<std::uint8_t, kBlockValues> impacts_;  // quantized
  std::size_t num_buffered_positions_ = 0;
  std::uint32_t position_gaps_[kBlockValues];

  std::int64_t last_docid_ = -1;
  std::int64_t last_block_docid_ = -1;
  std::uint32_t last_position_ = 0;  // of last_docid_
  std::uint64_t df_ = 0, cf_ = 0;
  std::uint64_t postings_bytes_ = 0, positions_bytes_ = 0;
  std::uint64_t skipped_positions_bytes_ = 0;  // positions_bytes_ at the last skip entry
};

}  // namespace spimi
