#pragma once

#include <cstdint>
#include <span>

#include "format/layout.h"
#include "format/positions_reader.h"
#include "format/segment_file_reader.h"
#include "spimi/index.h"

namespace spimi {

/// Goes through the skip entries of a list, which are those of its full blocks, and behind them
/// adds up where their blocks are. What it says of an entry is what is written there: whether that
/// can be is for the reader of the block to see.
class SkipCursor {
 public:
  SkipCursor(const SegmentFileReader& skips, bool positions, const TermInfo& info);

  /// Whether there is an entry ahead; only then may be asked of it.
  bool has_entry() { return at_ < size_ || next_group(); }
  std::uint32_t last_docid() const { return last_docid(at_); }
  std::uint8_t max_impact() const { return max_impacts_[at_]; }
  std::uint32_t block_bytes() const { return block_bytes(at_); }
  /// The docid before its block, plus one: the least that the block can begin with. Without an
  /// entry ahead, of the tail.
  std::uint64_t first_docid() const { return first_docid_; }
  /// Where its block begins, or the tail.
  std::uint64_t postings_offset() const { return postings_offset_; }

  /// Passes over the entry ahead.
  void pass() { pass_to(at_ + 1); }
  /// Passes over entries to the first whose last docid is not below `target`; false if there is
  /// none.
  bool find(std::uint32_t target);
  /// The same to the first whose max_impact is not below `min_impact`.
  bool find_impact(unsigned min_impact);

  /// What is known of the postings from a docid on.
  struct Bound {
    std::uint32_t last_docid;  ///< The bound holds up to this docid.
    std::uint8_t max_impact;   ///< Quantized; 0 if there are none.
  };
  /// Passes over entries as `find` does.
  Bound bound(std::uint32_t target) {
    if (find(target)) return {last_docid(), max_impact()};
    return {Cursor::kEnd - 1, tail_impact()};
  }

  /// Raises each of `impacts`, one for every 2^shift docids from `first` on, to the max_impact of
  /// the blocks that may have some of these; the tail's is its own. `first` is not below the end of
  /// what an earlier call was for.
  void raise_impacts(std::uint32_t first, unsigned shift, std::span<std::uint8_t> impacts);

  /// The number of the entry ahead in its group; without one, of the tail.
  std::uint32_t entry() const { return at_; }
  /// Where the positions of an entry's block, or the tail's, begin. `entry` is of the group of the
  /// one ahead, or of the one before if that is the first of its group and not asked of yet; it is
  /// not before one that this was called for.
  PositionsPlace positions(std::uint32_t entry);

  /// No posting of the list, or of its tail, has a larger quantized impact (format/README.md); 0 if
  /// there is no tail. Nothing is known of a list without entries: 255.
  std::uint8_t list_impact() const { return end_ == 0 ? 255 : skips_->bytes(end_, 2)[1]; }
  std::uint8_t tail_impact() const { return end_ == 0 ? 255 : skips_->bytes(end_, 1)[0]; }
  /// The k best postings of the list have no smaller one; 0 if that is not known.
  std::uint8_t impact_of_rank(std::size_t k) const;

  /// Throws Error(kCorrupt) for the list's skips.
  [[noreturn]] void fail() const;
  /// The same if the entries end elsewhere than the list's skips; no entry is ahead.
  void expect_end() const;

 private:
  std::uint32_t last_docid(std::uint32_t i) const { return load_u32(last_docids_ + 4 * i); }
  std::uint32_t block_bytes(std::uint32_t i) const { return load_u16(block_bytes_ + 2 * i); }
  bool next_group();
  void pass_to(std::uint32_t entry);

  const SegmentFileReader* skips_;
  bool has_positions_;
  // Offsets of the next group and behind the last, which is 0 for a list without blocks.
  std::uint64_t next_group_ = 0, end_ = 0;
  std::uint64_t positions_bytes_;  ///< Of the list.
  std::uint32_t entries_left_;     ///< In the groups from next_group_ on.

  // Of the group.
  const std::uint8_t* max_impacts_ = nullptr;
  const std::uint8_t* last_docids_ = nullptr;
  const std::uint8_t* block_bytes_ = nullptr;
  const std::uint8_t* position_indices_ = nullptr;
  const std::uint8_t* positions_deltas_ = nullptr;
  std::uint32_t delta_bytes_ = 0;
  std::uint32_t at_ = 0, size_ = 0;

  std::uint64_t first_docid_ = 0;
  std::uint64_t postings_offset_;
  // The place of the positions of the block of this entry.
  std::uint32_t placed_entry_ = 0;
  PositionsPlace place_;
};

}  // namespace spimi
