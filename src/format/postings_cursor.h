#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/packed_block.h"
#include "format/positions_reader.h"
#include "format/segment_file_reader.h"
#include "spimi/index.h"

namespace spimi {

/// The files that hold the lists of a segment. `positions` is null in a segment without.
struct ListFiles {
  const SegmentFileReader* postings;
  const SegmentFileReader* skips;
  const SegmentFileReader* positions;
  std::uint64_t num_docs;
};

/// A skip entry with its deltas added up.
struct SkipEntry {
  std::uint32_t last_docid = 0;  ///< Of the block.
  std::uint32_t block_bytes = 0;
  PositionsPlace positions_after;  ///< The place of the first position after the block.
  std::uint8_t max_impact = 0;
};

/// Iterates one postings list, posting by posting or block by block; the two mix. Reads the files
/// as it goes. Throws Error(kCorrupt) on what the grammar does not allow, on docids out of range or
/// a skip entry that disagrees with its block.
class PostingsCursor {
 public:
  static constexpr std::uint32_t kEnd = Cursor::kEnd;

  PostingsCursor(const ListFiles& files, const TermInfo& info);

  /// kEnd before the first posting and after the last.
  std::uint32_t docid() const { return docid_; }
  /// Of the current posting.
  std::uint32_t tf() const { return tfs_[at_]; }

  std::uint32_t next() {
    if (++at_ < size_) return docid_ = docids_[at_];
    next_block();
    return docid_;
  }
  /// Moves to the first posting with a docid of at least `target`, never backwards; returns it, or
  /// kEnd.
  std::uint32_t seek(std::uint32_t target);
  /// The positions of the current posting, ascending; valid until the cursor moves. Empty without
  /// positions.
  std::span<const std::uint32_t> positions();

  /// Moves to the first posting of the next block: 128 postings or the tail. Passes over blocks
  /// whose max_impact is below `min_impact`, without reading them; the tail is never passed over.
  /// False at the end.
  bool next_block(unsigned min_impact = 0);
  std::span<const std::uint32_t> block_docids() const { return {docids_, size_}; }
  std::span<const std::uint32_t> block_tfs() const { return {tfs_, size_}; }
  /// The current block's entry; null when it is the tail.
  const SkipEntry* skip_entry() const { return size_ == kBlockValues ? &skip_ : nullptr; }

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFFu;

  template <typename Wanted>
  bool find_block(Wanted wanted);
  void read_skip_entry();
  void read_block();
  void read_tail();
  void start_block(std::uint32_t size);
  void end();

  const SegmentFileReader* postings_;
  const SegmentFileReader* skips_;
  const SegmentFileReader* positions_;
  std::uint64_t num_docs_;

  // What is not read yet. Offsets in the files.
  std::uint64_t next_postings_, postings_end_;
  std::uint64_t next_skip_, skips_end_;
  std::uint64_t positions_bytes_;
  std::uint32_t blocks_left_, tail_left_;

  /// The docid before the current block, plus one; the least that the block can begin with.
  std::uint64_t base_ = 0;
  SkipEntry skip_;  ///< Of the last block read or passed over.
  /// Where the positions of the current block begin.
  PositionsPlace block_positions_;

  std::uint32_t docid_ = kEnd;
  std::uint32_t at_ = 0,
                size_ = 0;  ///< In the current block; size_ is 0 before the list and after it.
  std::uint32_t docids_[kBlockValues];
  std::uint32_t tfs_[kBlockValues] = {};

  PositionsReader positions_reader_;
  std::uint32_t reader_at_ =
      kNone;  ///< The posting of the block whose positions the reader has next.
  std::uint32_t decoded_at_ = kNone;  ///< The posting whose positions are in decoded_.
  std::vector<std::uint32_t> decoded_;
};

}  // namespace spimi
