#include "format/position_sums.h"

namespace spimi {
namespace {

/// The sum of any kMaxPiece gaps below it, and one more for each, is less than 2^31.
constexpr std::uint32_t kMaxSafe = kMaxSafeGap / 4;
static_assert(PositionSums::kMaxPiece * std::uint64_t{kMaxSafe} < 1u << 31);

}  // namespace

ShiftedSums PositionSums::next() {
  const std::uint32_t n = std::min(left_, kMaxPiece);
  while (size_ - at_ < n) {
    if (at_ == size_ || size_ + kBlockValues > room_) {
      keep_from(at_);
      at_ = 0;
    }
    add_gaps();
  }
  const std::uint32_t* const sums = &sums_[1 + at_];
  const ShiftedSums piece{sums, n, sums[-1] + 1 - static_cast<std::uint32_t>(base_)};
  at_ += n;
  left_ -= n;
  if (base_ < 1u << 31 && seen_gaps_ < kMaxSafe) {
    base_ += sums[std::int64_t{n} - 1] - sums[-1];
    return piece;
  }
  for (std::uint32_t i = 0; i < n; ++i) {
    base_ += std::uint64_t{sums[i] - sums[std::int64_t{i} - 1] - 1} + 1;
  }
  // They ascend, so the last shows whether any was too large.
  if (base_ > std::uint64_t{1} << 32) file_->corrupt(0, "a position does not fit in 32 bits");
  return piece;
}

bool PositionSums::read(std::span<const PositionsRange> ranges, ShiftedSums* runs) {
  // What is left of the last block may belong to the first posting.
  keep_from(size_ - std::min<std::uint32_t>(run_, kBlockValues));
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const std::uint32_t at = find(ranges[i]);
    const std::uint32_t tf = ranges[i].tf;
    while (size_ - at < tf) add_gaps();
    const std::uint32_t* const sums = &sums_[1 + at];
    runs[i] = {sums, tf, sums[-1] + 1};
  }
  return seen_gaps_ < kMaxSafe;
}

void PositionSums::change_origin(std::uint64_t block) {
  origin_ = block;
  if (reader_.is_in(block)) {
    end_ = reader_.index();
  } else {
    reader_.seek({block, 0});
    end_ = run_ = 0;
  }
}

/// To what is not in the sums.
void PositionSums::skip_to(std::uint64_t index) {
  if (index < end_) {
    reader_.seek({origin_, 0});
    end_ = 0;
  }
  reader_.skip(index - end_);
  end_ = index;
  run_ = 0;
}

/// Drops the sums before.
void PositionSums::keep_from(std::uint32_t at) {
  if (at == size_) seen_gaps_ = 0;
  std::memmove(&sums_[0], &sums_[at], (size_ - at + 1) * sizeof(sums_[0]));
  size_ -= at;
  run_ = std::min(run_, size_);
}

/// Adds what is left of a block.
void PositionSums::add_gaps() {
  const auto gaps = reader_.take(kBlockValues);
  // Only where skip entries or tfs lead back in the list.
  if (gaps.size() > room_ - size_) file_->corrupt(0, "the positions of a list overlap");
  seen_gaps_ |= add_up_gaps(sums_[size_] + 1, gaps.data(), gaps.size(), &sums_[1 + size_]);
  const auto size = static_cast<std::uint32_t>(gaps.size());
  size_ += size;
  run_ += size;
  end_ += size;
}

}  // namespace spimi
