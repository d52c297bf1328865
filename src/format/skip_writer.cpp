#include "format/skip_writer.h"

#include <algorithm>
#include <cstring>

namespace spimi {
namespace {

template <typename Value, typename Get>
std::uint8_t* put_all(std::uint8_t* to, std::size_t size, Get get) {
  for (std::size_t i = 0; i < size; ++i, to += sizeof(Value)) {
    const Value value = get(i);
    std::memcpy(to, &value, sizeof(value));
  }
  return to;
}

}  // namespace

void SkipWriter::begin() {
  group_size_ = 0;
  bytes_ = 0;
  has_block_ = false;
}

void SkipWriter::add(const NewSkipEntry& entry,
                     const std::array<std::uint8_t, kBlockValues>& impacts) {
  if (!has_block_) {
    // Not in begin, for most lists have no block.
    has_block_ = true;
    num_of_impact_.fill(0);
    num_counted_ = 0;
    least_counted_ = 1;
  }
  if (group_size_ == group_.size()) write_group();
  group_[group_size_++] = entry;
  if (entry.max_impact < least_counted_) return;
  for (const std::uint8_t impact : impacts) count(impact);
}

void SkipWriter::count(std::uint8_t impact) {
  if (impact < least_counted_) return;
  ++num_of_impact_[impact];
  ++num_counted_;
  while (num_counted_ - num_of_impact_[least_counted_] >= kImpactRanks.back()) {
    num_counted_ -= num_of_impact_[least_counted_++];
  }
}

std::uint8_t SkipWriter::impact_of_rank(std::size_t rank) const {
  std::size_t num_above = 0;
  for (unsigned impact = 255; impact >= least_counted_; --impact) {
    num_above += num_of_impact_[impact];
    if (num_above >= rank) return static_cast<std::uint8_t>(impact);
  }
  return 0;
}

void SkipWriter::write_group() {
  const std::size_t size = group_size_;
  std::uint8_t* to = out_.reserve(1 + size * (1 + 4 + 2 + 1 + 8));
  to = put_all<std::uint8_t>(to, size, [&](std::size_t i) { return group_[i].max_impact; });
  to = put_all<std::uint32_t>(to, size, [&](std::size_t i) { return group_[i].last_docid; });
  to = put_all<std::uint16_t>(to, size, [&](std::size_t i) { return group_[i].block_bytes; });
  if (has_positions_) {
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < size; ++i) all |= group_[i].positions_delta;
    std::uint8_t width = 1;
    while (width < 8 && all >> 8 * width != 0) ++width;
    *to++ = width;
    to = put_all<std::uint8_t>(to, size, [&](std::size_t i) { return group_[i].position_index; });
    for (std::size_t i = 0; i < size; ++i, to += width) {
      std::memcpy(to, &group_[i].positions_delta, width);
    }
  }
  bytes_ += out_.commit(to);
  group_size_ = 0;
}

std::uint64_t SkipWriter::finish(std::span<const std::uint8_t> tail_impacts) {
  if (!has_block_) return 0;
  write_group();
  std::uint8_t tail_impact = 0;
  for (const std::uint8_t impact : tail_impacts) {
    tail_impact = std::max(tail_impact, impact);
    count(impact);
  }
  std::uint8_t* to = out_.reserve(kSkipsEndBytes);
  *to++ = tail_impact;
  for (const std::size_t rank : kImpactRanks) *to++ = impact_of_rank(rank);
  bytes_ += out_.commit(to);
  return bytes_;
}

}  // namespace spimi
