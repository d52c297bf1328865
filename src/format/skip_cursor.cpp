#include "format/skip_cursor.h"

#include <algorithm>

#include "base/packed_block.h"

namespace spimi {

SkipCursor::SkipCursor(const SegmentFileReader& skips, bool positions, const TermInfo& info)
    : skips_(&skips),
      has_positions_(positions),
      positions_bytes_(info.positions_bytes),
      entries_left_(info.df / kBlockValues),
      postings_offset_(info.postings_offset) {
  if (entries_left_ == 0) return;
  next_group_ = info.skips_offset;
  end_ = info.skips_offset + info.skips_bytes - kSkipsEndBytes;
  if (info.skips_bytes < kSkipsEndBytes) fail();
}

void SkipCursor::fail() const {
  skips_->corrupt(next_group_, "the skip entries of a list are malformed");
}

void SkipCursor::expect_end() const {
  if (next_group_ != end_) {
    skips_->corrupt(next_group_, "there are more skip entries than blocks");
  }
}

bool SkipCursor::next_group() {
  if (entries_left_ == 0) return false;
  if (has_positions_ && size_ != 0) (void)positions(size_);
  const auto size =
      std::min<std::uint32_t>(entries_left_, static_cast<std::uint32_t>(kSkipGroupEntries));
  std::uint64_t bytes = std::uint64_t{size} * (1 + 4 + 2);
  if (bytes + (has_positions_ ? 1 : 0) > end_ - next_group_) fail();
  const std::uint8_t* at = skips_->bytes(next_group_, bytes + (has_positions_ ? 1 : 0));
  max_impacts_ = at;
  last_docids_ = max_impacts_ + size;
  block_bytes_ = last_docids_ + std::size_t{4} * size;
  if (has_positions_) {
    delta_bytes_ = at[bytes];
    const std::uint64_t all_bytes = bytes + 1 + std::uint64_t{size} * (1 + delta_bytes_);
    if (delta_bytes_ == 0 || delta_bytes_ > 8 || all_bytes > end_ - next_group_) fail();
    at = skips_->bytes(next_group_, all_bytes);
    position_indices_ = at + bytes + 1;
    positions_deltas_ = position_indices_ + size;
    bytes = all_bytes;
  }
  next_group_ += bytes;
  entries_left_ -= size;
  placed_entry_ = at_ = 0;
  size_ = size;
  return true;
}

void SkipCursor::pass_to(std::uint32_t entry) {
  std::uint32_t bytes = 0;
  for (std::uint32_t i = at_; i < entry; ++i) bytes += block_bytes(i);
  postings_offset_ += bytes;
  first_docid_ = std::uint64_t{last_docid(entry - 1)} + 1;
  at_ = entry;
}

bool SkipCursor::find(std::uint32_t target) {
  while (has_entry()) {
    if (last_docid(at_) >= target) return true;
    // Galloping: the entry is behind `below`.
    std::uint32_t below = at_, step = 1;
    while (below + step < size_ && last_docid(below + step) < target) {
      below += step;
      step *= 2;
    }
    std::uint32_t end = std::min(below + step, size_);
    while (end - below > 1) {
      const std::uint32_t middle = below + (end - below) / 2;
      (last_docid(middle) < target ? below : end) = middle;
    }
    pass_to(end);
  }
  return false;
}

bool SkipCursor::find_impact(unsigned min_impact) {
  while (has_entry()) {
    std::uint32_t i = at_;
    while (i < size_ && max_impacts_[i] < min_impact) ++i;
    if (i != at_) pass_to(i);
    if (i < size_) return true;
  }
  return false;
}

void SkipCursor::raise_impacts(std::uint32_t first, unsigned shift,
                               std::span<std::uint8_t> impacts) {
  const std::uint64_t end = first + (std::uint64_t{impacts.size()} << shift);
  // For docids from `begin` to `last`, which is not below `first`.
  const auto raise = [&](std::uint64_t begin, std::uint64_t last, std::uint8_t impact) {
    auto i = static_cast<std::size_t>(begin <= first ? 0 : (begin - first) >> shift);
    const auto behind = static_cast<std::size_t>(((std::min(last, end - 1) - first) >> shift) + 1);
    for (; i < behind; ++i) impacts[i] = std::max(impacts[i], impact);
  };
  while (find(first)) {
    std::uint64_t begin = first_docid_;
    std::uint32_t i = at_;
    for (; i < size_; ++i) {
      const std::uint64_t last = last_docid(i);
      if (last < begin) fail();
      raise(begin, last, max_impacts_[i]);
      if (last >= end) break;
      begin = last + 1;
    }
    if (i != at_) pass_to(i);
    if (i < size_) return;
  }
  if (const std::uint8_t impact = tail_impact(); impact != 0) raise(first_docid_, end - 1, impact);
}

PositionsPlace SkipCursor::positions(std::uint32_t entry) {
  if (entry > placed_entry_) {
    std::uint64_t bytes = 0;
    if (delta_bytes_ == 2) {
      for (std::uint32_t i = placed_entry_; i < entry; ++i) {
        bytes += load_u16(positions_deltas_ + 2 * i);
      }
    } else {
      for (std::uint32_t i = placed_entry_; i < entry; ++i) {
        std::uint64_t delta = 0;
        std::memcpy(&delta, positions_deltas_ + std::size_t{delta_bytes_} * i, delta_bytes_);
        bytes += std::min(delta, positions_bytes_ + 1);
      }
    }
    place_.offset += bytes;
    place_.index = position_indices_[entry - 1];
    placed_entry_ = entry;
    if (place_.offset > positions_bytes_ || place_.index >= kBlockValues) fail();
  }
  return place_;
}

std::uint8_t SkipCursor::impact_of_rank(std::size_t k) const {
  if (end_ == 0) return 0;
  for (std::size_t i = 0; i < kImpactRanks.size(); ++i) {
    if (kImpactRanks[i] >= k) return skips_->bytes(end_, kSkipsEndBytes)[1 + i];
  }
  return 0;
}

}  // namespace spimi
