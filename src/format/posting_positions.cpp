// The positions of a posting, for PostingsCursor.

#include <algorithm>
#include <numeric>

#include "format/gaps.h"
#include "format/postings_cursor.h"

namespace spimi {

/// Adds up in 32 bits, unless tfs are such as no sound index is likely to have.
void PostingsCursor::add_up_tfs() {
  const std::uint32_t most = add_up_gaps(0, tfs_, kBlockValues, tf_sums_);
  tf_sums_fit_ = most < kMaxSafeGap;
  tfs_added_ = true;
}

std::uint64_t PostingsCursor::tfs_before(std::uint32_t at) const {
  if (!tf_sums_fit_) return std::accumulate(tfs_, tfs_ + at, std::uint64_t{0});
  // As for gaps one more was added for each.
  return at == 0 ? 0 : tf_sums_[at - 1] - (at - 1);
}

void PostingsCursor::begin_positions() {
  positions_left_ = 0;
  next_position_ = 0;
  if (positions_ == nullptr || size_ == 0) return;
  if (!tfs_decoded_) decode_tfs();
  if (!tfs_added_) add_up_tfs();
  const std::uint64_t target = tfs_before(at_);
  if (positions_read_ == kUnknown || positions_read_ > target) {
    positions_reader_.seek(skips_.positions(entry_));
    positions_read_ = 0;
  }
  positions_reader_.skip(target - positions_read_);
  positions_read_ = target;
  positions_left_ = tfs_[at_];
}

std::span<const std::uint32_t> PostingsCursor::more_positions(std::uint32_t shift) {
  if (positions_left_ == 0) return {};
  const auto gaps = positions_reader_.take(std::min(positions_left_, kMaxPiece));
  const auto size = static_cast<std::uint32_t>(gaps.size());
  positions_left_ -= size;
  positions_read_ += size;
  const std::uint32_t base = static_cast<std::uint32_t>(next_position_) - shift;
  const std::uint32_t most = add_up_gaps(base, gaps.data(), size, piece_);
  if (next_position_ < 1u << 31 && most < kMaxSafeGap) {
    next_position_ = std::uint64_t{piece_[size - 1] + shift} + 1;
  } else {
    // They ascend, so the last shows whether any was too large.
    for (const std::uint32_t gap : gaps) next_position_ += std::uint64_t{gap} + 1;
    if (next_position_ > std::uint64_t{1} << 32) {
      positions_->corrupt(0, "a position does not fit in 32 bits");
    }
  }
  std::fill_n(piece_ + size, kPieceSlack, piece_[size - 1]);
  return {piece_, size};
}

std::span<const std::uint32_t> PostingsCursor::positions() {
  // It grows as they are read, never by what tf claims: tf may be damaged, and vast.
  decoded_.clear();
  begin_positions();
  for (auto piece = more_positions(); !piece.empty(); piece = more_positions()) {
    decoded_.insert(decoded_.end(), piece.begin(), piece.end());
  }
  return decoded_;
}

}  // namespace spimi
