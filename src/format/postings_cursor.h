#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/bitmap.h"
#include "base/block_places.h"
#include "base/packed_block.h"
#include "format/position_sums.h"
#include "format/segment_file_reader.h"
#include "format/skip_cursor.h"
#include "spimi/index.h"

namespace spimi {

/// The files that hold the lists of a segment. `positions` is null in a segment without.
struct ListFiles {
  const SegmentFileReader* postings;
  const SegmentFileReader* skips;
  const SegmentFileReader* positions;
  std::uint64_t num_docs;
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
  std::uint32_t tf() {
    if (!tfs_decoded_) decode_tfs();
    return tfs_[at_];
  }

  std::uint32_t next() {
    if (++at_ < size_) return docid_ = docids_[at_];
    next_block();
    return docid_;
  }
  /// Moves to the first posting with a docid of at least `target`, never backwards; returns it, or
  /// kEnd. May pass over blocks whose max_impact is below `min_impact` and that end before `end`,
  /// without reading them.
  std::uint32_t seek(std::uint32_t target, unsigned min_impact = 0, std::uint32_t end = 0);
  /// Writes the tf of each of `docids` to `tfs`, 0 for those that the list does not have. They
  /// ascend, and none is behind the current posting. A block is not read if the max_impact of its
  /// skip entry is below `min_impacts` for all documents it may have; then they get 0 as well.
  /// After it, only this may follow, with a docid of at least the last.
  void look_up(std::span<const std::uint32_t> docids, const std::uint16_t* min_impacts,
               std::uint32_t* tfs);
  /// The positions of the current posting, ascending; valid until the cursor moves. Empty without
  /// positions.
  std::span<const std::uint32_t> positions();
  /// Writes where the positions are of some postings of the current block: those of docids_below
  /// with these indices. Only with positions.
  void positions_ranges(std::span<const std::uint8_t> indices, PositionsRange* ranges);
  /// The same of those of `docids`, at most kBlockValues, with a tf of 0 for those that the list
  /// does not have. They ascend, and none is behind the current posting. After it, only this may
  /// follow, with docids from the last on.
  void find_positions(std::span<const std::uint32_t> docids, PositionsRange* ranges);

  /// Moves to the first posting of the next block: 128 postings or the tail. Passes over those
  /// whose impact is below `min_impact`, without reading them. False at the end.
  bool next_block(unsigned min_impact = 0);
  std::span<const std::uint32_t> block_docids() const { return {docids_, size_}; }
  std::span<const std::uint32_t> block_tfs() {
    if (!tfs_decoded_) decode_tfs();
    return {tfs_, size_};
  }
  /// The current block is what follows the full blocks.
  bool is_tail() const { return size_ != 0 && size_ != kBlockValues; }
  /// No posting of the current block has a larger quantized impact (format/README.md).
  std::uint8_t block_impact() const { return block_impact_; }
  /// Where the positions behind the current full block begin, by its skip entry.
  PositionsPlace positions_behind_block() { return skips_.positions(entry_ + 1); }

  /// What is known, without reading a block, of the postings from `target` on, which is not below
  /// that of an earlier call, nor below the current docid. When it is beyond the current block,
  /// nothing but docid may be asked of the current posting any more.
  SkipCursor::Bound bound(std::uint32_t target);

  /// The docids of the current block from the current posting on, as far as they are below `end`.
  /// Behind these, and all spans of docids and tfs, kBitmapSlack more can be read.
  std::span<const std::uint32_t> docids_below(std::uint32_t end) const;
  /// The tfs of the current block from the current posting on.
  std::span<const std::uint32_t> tfs_from_here() { return block_tfs().subspan(at_); }

  /// Sets bit `docid - begin` for each posting in [begin, end) that is not behind it, and moves to
  /// the first posting from `end` on. Fastest where `begin` is a multiple of 8.
  void fill(std::uint32_t begin, std::uint32_t end, std::uint64_t* bits) {
    fill_wanted(begin, end, nullptr, bits);
  }
  /// The same, but may leave out postings whose bit in `wanted` is not set. Only this may follow,
  /// and nothing be asked of the current posting.
  void fill_wanted(std::uint32_t begin, std::uint32_t end, const std::uint64_t* wanted,
                   std::uint64_t* bits);

  /// The list's skip entries from the first on, before the first posting.
  const SkipCursor& skips() const { return skips_; }

 private:
  bool read_block_or_tail(bool is_block);
  const std::uint8_t* block_bitmap() const;
  [[noreturn]] void fail_block(std::uint64_t offset) const;
  void lay_bitmap(std::uint32_t begin, std::uint8_t* bits) const;
  bool is_bitmap_ahead() const;
  void check_ahead() const;
  void begin_bitmap();
  void begin_block();
  /// Whether a docid that is not behind the current posting is before the end of the block.
  bool is_in_block(std::uint32_t docid) const { return size_ != 0 && docids_[size_ - 1] >= docid; }
  bool find_block_of(std::uint32_t target);
  std::size_t find_in_block(std::span<const std::uint32_t> docids, std::size_t& i,
                            std::uint32_t* places) const;
  void read_block();
  void fill_from_block(std::uint32_t begin, std::uint32_t end, std::uint64_t* bits);
  void decode_tfs();
  void add_up_tfs();
  PositionsRange range_at(std::uint32_t at) const;
  void read_tail();
  void start_block(std::uint32_t size, std::uint8_t impact);
  void start_full_block();
  void end();

  const SegmentFileReader* postings_;
  const SegmentFileReader* positions_;
  std::uint64_t num_docs_;
  std::uint64_t postings_end_;  ///< Offset in the file.
  std::uint32_t tail_left_;     ///< Postings of the tail, until it is read or passed over.
  bool has_tail_;

  SkipCursor skips_;         ///< Of the blocks that are neither read nor passed over.
  std::uint32_t entry_ = 0;  ///< The current block's, in its group.
  std::uint8_t block_impact_ = 0;

  std::uint32_t docid_ = kEnd;
  std::uint32_t at_ = 0,
                size_ = 0;  ///< In the current block; size_ is 0 before the list and after it.
  std::uint32_t docids_[kBlockValues + kBitmapSlack];  ///< Behind a tail kEnd.
  /// In look_up the docids of the current block may be left as a bitmap: then only the last of
  /// docids_ is one.
  bool is_bitmap_ = false;
  RankedBitmap bitmap_;
  /// The tfs of the current block are decoded when they are first asked for: counting and lookups
  /// do without most of them.
  std::uint32_t tfs_[kBlockValues + kBitmapSlack] = {};
  bool tfs_decoded_ = true;
  std::uint64_t tfs_offset_ = 0;
  const std::uint8_t *tfs_begin_ = nullptr, *tfs_end_ = nullptr;

  /// The sums of the block's tfs, for the place of a posting's positions.
  std::uint32_t tf_sums_[kBlockValues];
  bool tfs_added_ = false, tf_sums_fit_ = false;
  PositionsPlace block_positions_;  ///< Where those of the block begin, if tfs_added_.

  // For `positions`.
  TermInfo info_;
  std::optional<PositionSums> position_sums_;
  std::vector<std::uint32_t> decoded_;  ///< What `positions` returns.
};

}  // namespace spimi
