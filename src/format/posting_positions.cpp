// The positions of postings, for PostingsCursor.

#include <array>
#include <numeric>

#include "base/gap_sums.h"
#include "format/postings_cursor.h"

namespace spimi {

/// Adds up in 32 bits, unless tfs are such as no sound index is likely to have.
void PostingsCursor::add_up_tfs() {
  const std::uint32_t most = add_up_gaps(0, tfs_, kBlockValues, tf_sums_);
  tf_sums_fit_ = most < kMaxSafeGap;
  block_positions_ = skips_.positions(entry_);
  tfs_added_ = true;
}

/// Of a posting of the current block, whose tfs are added up.
[[gnu::always_inline]] inline PositionsRange PostingsCursor::range_at(std::uint32_t at) const {
  // As for gaps one more was added for each.
  std::uint64_t before = tf_sums_[at] - tfs_[at] - at;
  if (!tf_sums_fit_) [[unlikely]]
    before = std::accumulate(tfs_, tfs_ + at, std::uint64_t{0});
  return {block_positions_.offset, block_positions_.index + before, tfs_[at]};
}

void PostingsCursor::positions_ranges(std::span<const std::uint8_t> indices,
                                      PositionsRange* ranges) {
  if (!tfs_decoded_) decode_tfs();
  if (!tfs_added_) add_up_tfs();
  for (std::size_t i = 0; i < indices.size(); ++i) ranges[i] = range_at(at_ + indices[i]);
}

void PostingsCursor::find_positions(std::span<const std::uint32_t> docids, PositionsRange* ranges) {
  std::array<std::uint32_t, kBlockValues> places;
  for (std::size_t i = 0; i < docids.size();) {
    const std::size_t begin = i;
    if (!find_block_of(docids[i])) {
      std::fill(ranges + begin, ranges + docids.size(), PositionsRange{});
      return;
    }
    if (find_in_block(docids, i, places.data()) == 0) {
      std::fill(ranges + begin, ranges + i, PositionsRange{});
      continue;
    }
    if (!tfs_decoded_) decode_tfs();
    if (!tfs_added_) add_up_tfs();
    for (std::size_t k = begin; k < i; ++k) {
      const auto found = static_cast<std::uint32_t>(places[k] != 0);
      ranges[k] = range_at(places[k] - found);
      ranges[k].tf &= -found;
    }
  }
}

std::span<const std::uint32_t> PostingsCursor::positions() {
  decoded_.clear();
  if (positions_ == nullptr || size_ == 0) return decoded_;
  if (!position_sums_) position_sums_.emplace(*positions_, info_);
  PositionsRange range;
  constexpr std::uint8_t kCurrent = 0;
  positions_ranges({&kCurrent, 1}, &range);
  position_sums_->read_all(range, &decoded_);
  return decoded_;
}

}  // namespace spimi
