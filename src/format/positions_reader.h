#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "base/gap_sums.h"
#include "base/packed_block.h"
#include "format/segment_file_reader.h"
#include "spimi/index.h"

namespace spimi {

/// A place in a positions list: a packed block or the tail, by its offset in the list, and an index
/// in it.
struct PositionsPlace {
  std::uint64_t offset = 0;
  std::uint32_t index = 0;
  bool operator==(const PositionsPlace&) const = default;
};

/// Reads the gaps of one positions list in order; it knows nothing of postings.
class PositionsReader {
 public:
  static constexpr std::size_t kSlack = kGapSlack;

  PositionsReader() = default;
  PositionsReader(const SegmentFileReader& file, const TermInfo& info);

  /// The next gaps, at least 1 and at most `max` of them, `max` > 0; behind them kSlack more values
  /// may be read, which mean nothing. Valid until the next call. Throws Error(kCorrupt) at the end
  /// of the list.
  std::span<const std::uint32_t> take(std::uint64_t max) {
    if (at_ == size_) load_block();
    const auto n = static_cast<std::uint32_t>(std::min<std::uint64_t>(max, size_ - at_));
    at_ += n;
    return {gaps_ + at_ - n, n};
  }
  void skip(std::uint64_t num_gaps) {
    if (num_gaps > size_ - at_) num_gaps = skip_blocks(num_gaps);
    at_ += static_cast<std::uint32_t>(num_gaps);
  }

  /// Moves to a place that a skip entry names.
  void seek(PositionsPlace place);
  /// Where the next gap is, in the form that a skip entry has.
  PositionsPlace place() const;
  /// Whether the last gap was of the block at this offset in the list; how many are behind it then.
  bool is_in(std::uint64_t block) const { return size_ != 0 && current_block_ == begin_ + block; }
  std::uint32_t index() const { return at_; }
  /// True when the list has no more bytes or gaps.
  bool at_end() const { return at_ == size_ && next_block_ == end_; }

 private:
  void load_block();
  std::uint64_t skip_blocks(std::uint64_t num_gaps);
  void find_tail();
  bool is_tail() const { return tail_size_ != 0 && next_block_ >= tail_begin_; }

  const SegmentFileReader* file_ = nullptr;
  // Offsets in the file.
  std::uint64_t begin_ = 0, end_ = 0;
  std::uint64_t next_block_ = 0;     ///< The block after the one loaded.
  std::uint64_t current_block_ = 0;  ///< The one loaded, if size_ != 0.
  /// No block before it is the tail, none from it on is packed.
  std::uint64_t tail_begin_ = 0;
  bool tail_found_ = false;
  std::uint32_t tail_size_ = 0;
  std::uint32_t at_ = 0, size_ = 0;  ///< In gaps_.
  std::uint32_t gaps_[kBlockValues + kSlack];
};

}  // namespace spimi
