#include "format/postings_cursor.h"

#include <algorithm>

#include "base/varint.h"
#include "format/gaps.h"

namespace spimi {
namespace {

constexpr std::uint64_t kMaxSkipEntryBytes = 2 * kMaxVarint32Bytes + kMaxVarint64Bytes + 2;
constexpr std::uint64_t kMaxTailPostingBytes = 2 * kMaxVarint32Bytes;

/// Makes docids of the gaps of a block, the first of which would be `base` for a gap of 0. False if
/// the last is not `last_docid`, which is at least `base`.
bool gaps_to_docids(std::uint64_t base, std::uint32_t last_docid, std::uint32_t* values) {
  // A sum that ran over would be below base.
  if (add_up_gaps(static_cast<std::uint32_t>(base), values, kBlockValues, values) < kMaxSafeGap) {
    return values[kBlockValues - 1] == last_docid;
  }
  std::uint64_t least = base;
  for (std::size_t i = 0; i < kBlockValues; ++i) {
    if (values[i] < least) return false;
    least = std::uint64_t{values[i]} + 1;
  }
  return least == std::uint64_t{last_docid} + 1;
}

/// std::popcount without an instruction that not every processor has, or else a call.
std::uint32_t count_ones(std::uint64_t bits) {
  bits -= bits >> 1 & 0x5555555555555555;
  bits = (bits & 0x3333333333333333) + (bits >> 2 & 0x3333333333333333);
  bits = (bits + (bits >> 4)) & 0x0F0F0F0F0F0F0F0F;
  return static_cast<std::uint32_t>(bits * 0x0101010101010101 >> 56);
}

/// Whether any bit from `first` to `last` is set.
bool any_bit(const std::uint64_t* words, std::uint32_t first, std::uint32_t last) {
  std::uint64_t mask = ~std::uint64_t{0} << first % 64;
  for (std::uint32_t i = first / 64; i < last / 64; ++i) {
    if ((words[i] & mask) != 0) return true;
    mask = ~std::uint64_t{0};
  }
  return (words[last / 64] & mask & (~std::uint64_t{0} >> (63 - last % 64))) != 0;
}

}  // namespace

PostingsCursor::PostingsCursor(const ListFiles& files, const TermInfo& info)
    : postings_(files.postings),
      skips_(files.skips),
      positions_(files.positions),
      num_docs_(files.num_docs),
      next_postings_(info.postings_offset),
      postings_end_(info.postings_offset + info.postings_bytes),
      next_skip_(info.skips_offset),
      skips_end_(info.skips_offset + info.skips_bytes),
      positions_bytes_(info.positions_bytes),
      blocks_left_(info.df / kBlockValues),
      tail_left_(info.df % kBlockValues) {
  if (positions_ != nullptr) positions_reader_ = PositionsReader(*positions_, info);
}

void PostingsCursor::read_skip_entry() {
  const std::uint64_t length = std::min(skips_end_ - next_skip_, kMaxSkipEntryBytes);
  const std::uint8_t* const begin = skips_->bytes(next_skip_, length);
  const std::uint8_t* const end = begin + length;
  const std::uint8_t* in = begin;
  const auto fail = [&] { skips_->corrupt(next_skip_, "a skip entry is malformed"); };

  std::uint32_t docid_delta = 0;
  std::uint64_t positions_delta = 0;
  in = get_varint32(in, end, &docid_delta);
  if (in != nullptr) in = get_varint32(in, end, &skip_.block_bytes);
  block_positions_ = skip_.positions_after;
  if (positions_ != nullptr) {
    if (in != nullptr) in = get_varint64(in, end, &positions_delta);
    if (in == nullptr || in == end || *in >= kBlockValues ||
        positions_delta > positions_bytes_ - skip_.positions_after.offset) {
      fail();
    }
    skip_.positions_after.offset += positions_delta;
    skip_.positions_after.index = *in++;
  }
  if (in == nullptr || in == end) fail();
  skip_.max_impact = *in++;

  const std::uint64_t last_docid = base_ + docid_delta - 1;
  if (docid_delta < kBlockValues || last_docid >= num_docs_ || skip_.max_impact == 0 ||
      skip_.block_bytes > 2 * kMaxPackedBytes ||
      skip_.block_bytes > postings_end_ - next_postings_) {
    fail();
  }
  skip_.last_docid = static_cast<std::uint32_t>(last_docid);
  next_skip_ += static_cast<std::uint64_t>(in - begin);
  --blocks_left_;
}

template <typename Wanted>
bool PostingsCursor::find_skip_entry(Wanted wanted) {
  while (skip_is_ahead_ || blocks_left_ > 0) {
    if (!skip_is_ahead_) read_skip_entry();
    skip_is_ahead_ = true;
    if (wanted(skip_)) return true;
    pass_over_block();
  }
  return false;
}

/// Of the entry ahead.
void PostingsCursor::pass_over_block() {
  skip_is_ahead_ = false;
  base_ = std::uint64_t{skip_.last_docid} + 1;
  next_postings_ += skip_.block_bytes;
}

template <typename Wanted>
bool PostingsCursor::find_block(Wanted wanted) {
  if (find_skip_entry(wanted)) {
    read_block();
    return true;
  }
  if (tail_left_ > 0) {
    read_tail();
    return true;
  }
  end();
  return false;
}

/// Whether the block of the entry ahead has its docids as a bitmap.
bool PostingsCursor::is_bitmap_ahead() const {
  return skip_.last_docid - base_ < kMaxBitmapNumbers;
}

/// Checks the bitmap of the block ahead and returns it; lays it over `bits`, which begin with docid
/// `begin`, unless they are null.
const std::uint8_t* PostingsCursor::read_bitmap(std::uint32_t begin, std::uint8_t* bits) const {
  const std::uint8_t* const bitmap = postings_->bytes(next_postings_, skip_.block_bytes);
  const auto first = static_cast<std::uint32_t>(base_);
  if (bitmap_bytes(first, skip_.last_docid) > skip_.block_bytes) {
    postings_->corrupt(next_postings_, "a posting block is malformed");
  }
  const bool is_sound = bits == nullptr ? is_block_bitmap(bitmap, first, skip_.last_docid)
                                        : lay_block_bitmap(bitmap, first, skip_.last_docid,
                                                           bits + (first - begin) / 8);
  if (!is_sound) {
    postings_->corrupt(next_postings_, "a posting block disagrees with its skip entry");
  }
  return bitmap;
}

void PostingsCursor::read_block() {
  tfs_offset_ = next_postings_;
  tfs_decoded_ = false;
  if (is_bitmap_ahead()) {
    const std::uint8_t* const bitmap = read_bitmap();
    const auto first = static_cast<std::uint32_t>(base_);
    decode_bitmap(bitmap, first, skip_.last_docid, docids_);
    tfs_begin_ = bitmap + bitmap_bytes(first, skip_.last_docid);
    tfs_end_ = bitmap + skip_.block_bytes;
  } else {
    const std::uint8_t* const in = postings_->bytes(next_postings_, skip_.block_bytes);
    tfs_end_ = in + skip_.block_bytes;
    tfs_begin_ = decode_packed(in, tfs_end_, docids_);
    if (tfs_begin_ == nullptr) {
      postings_->corrupt(next_postings_, "a posting block is malformed");
    }
    if (!gaps_to_docids(base_, skip_.last_docid, docids_)) {
      postings_->corrupt(next_postings_, "a posting block disagrees with its skip entry");
    }
  }
  pass_over_block();
  start_block(kBlockValues);
}

void PostingsCursor::decode_tfs() {
  if (decode_packed(tfs_begin_, tfs_end_, tfs_) != tfs_end_) {
    postings_->corrupt(tfs_offset_, "a posting block is malformed");
  }
  std::uint32_t lacks_tf = 0;
  for (std::uint32_t& tf : tfs_) lacks_tf |= ++tf == 0;
  if (lacks_tf != 0) {
    postings_->corrupt(tfs_offset_, "a posting block disagrees with its skip entry");
  }
  tfs_decoded_ = true;
}

void PostingsCursor::read_tail() {
  const std::uint64_t offset = next_postings_;
  const std::uint64_t left = postings_end_ - offset;
  const std::uint64_t length = std::min(left, tail_left_ * kMaxTailPostingBytes);
  const std::uint8_t* in = postings_->bytes(offset, length);
  const std::uint8_t* const end = in + length;
  const auto fail = [&] { postings_->corrupt(offset, "the tail of a postings list is malformed"); };
  for (std::uint32_t i = 0; i < tail_left_; ++i) {
    std::uint64_t gap_and_flag = 0;
    in = get_varint64(in, end, &gap_and_flag);
    std::uint32_t tf = 1;
    if (in != nullptr && (gap_and_flag & 1) == 0) {
      in = get_varint32(in, end, &tf);
      tf += 2;
      if (tf < 2) fail();
    }
    // Compared before it is added, for the sum could run over.
    const std::uint64_t gap = gap_and_flag >> 1;
    if (in == nullptr || base_ >= num_docs_ || gap >= num_docs_ - base_) fail();
    docids_[i] = static_cast<std::uint32_t>(base_ + gap);
    tfs_[i] = tf;
    base_ = std::uint64_t{docids_[i]} + 1;
  }
  if (in != end || length != left) fail();
  std::fill(docids_ + tail_left_, docids_ + kBlockValues, kEnd);
  next_postings_ = postings_end_;
  block_positions_ = skip_.positions_after;
  tfs_decoded_ = true;
  start_block(tail_left_);
  tail_left_ = 0;
}

void PostingsCursor::start_block(std::uint32_t size) {
  at_ = 0;
  size_ = size;
  is_bitmap_ = false;
  docid_ = docids_[0];
  positions_read_ = kUnknown;
  tfs_added_ = false;
}

void PostingsCursor::end() {
  if (next_postings_ != postings_end_) {
    postings_->corrupt(next_postings_, "a postings list is longer than its postings");
  }
  if (next_skip_ != skips_end_) {
    skips_->corrupt(next_skip_, "there are more skip entries than blocks");
  }
  at_ = size_ = 0;
  docid_ = kEnd;
}

bool PostingsCursor::next_block(unsigned min_impact, unsigned end_impact) {
  return find_block([=](const SkipEntry& entry) {
    return entry.max_impact >= min_impact && entry.max_impact < end_impact;
  });
}

/// The index in the current block of the first docid of at least `target`, which is there: a binary
/// search without branches, for they would be mispredicted half the time.
[[gnu::always_inline]] inline std::uint32_t PostingsCursor::place_of(std::uint32_t target) const {
  static_assert(kBlockValues == 128);
  std::uint32_t at = 0;
#pragma GCC unroll 7
  for (std::uint32_t half = 64; half > 0; half /= 2) {
    at += half & -static_cast<std::uint32_t>(docids_[at + half - 1] < target);
  }
  return at;
}

std::uint32_t PostingsCursor::seek(std::uint32_t target, unsigned min_impact, std::uint32_t end) {
  if (size_ != 0 && docid_ >= target) return docid_;
  if (size_ == 0 || docids_[size_ - 1] < target) {
    find_block([=](const SkipEntry& entry) {
      return entry.last_docid >= target &&
             (entry.max_impact >= min_impact || entry.last_docid >= end);
    });
    // The tail is found unseen.
    if (size_ != 0 && docids_[size_ - 1] < target) next_block();
    if (size_ == 0) return kEnd;
  }
  // Often it is one of the next.
  constexpr std::uint32_t kNear = 8;
  if (at_ + kNear < size_ && docids_[at_ + kNear] >= target) {
    std::uint32_t num_less = 0;
    for (std::uint32_t i = 0; i < kNear; ++i) num_less += docids_[at_ + i] < target;
    at_ += num_less;
  } else {
    at_ = place_of(target);
  }
  return docid_ = docids_[at_];
}

/// Makes the block ahead, whose docids are a bitmap, the current one for look_up: it keeps them so.
void PostingsCursor::begin_bitmap() {
  const std::uint8_t* const bitmap = read_bitmap();
  const std::size_t size = bitmap_bytes(static_cast<std::uint32_t>(base_), skip_.last_docid);
  std::memset(bitmap_, 0, sizeof(bitmap_));
  std::memcpy(bitmap_, bitmap, size);
  bitmap_begin_ = static_cast<std::uint32_t>(base_) / 8 * 8;
  std::uint32_t num_before = 0;
  for (std::size_t i = 0; i < kBitmapWords; ++i) {
    bits_before_[i] = static_cast<std::uint8_t>(num_before);
    num_before += count_ones(bitmap_[i]);
  }
  tfs_offset_ = next_postings_;
  tfs_begin_ = bitmap + size;
  tfs_end_ = bitmap + skip_.block_bytes;
  tfs_decoded_ = false;
  docids_[0] = docids_[kBlockValues - 1] = skip_.last_docid;
  pass_over_block();
  start_block(kBlockValues);
  is_bitmap_ = true;
}

void PostingsCursor::look_up(std::span<const std::uint32_t> docids,
                             const std::uint16_t* min_impacts, std::uint32_t* tfs) {
  for (std::size_t i = 0; i < docids.size();) {
    const std::size_t begin = i;
    if (size_ == 0 || docids_[size_ - 1] < docids[i]) {
      const std::uint32_t target = docids[i];
      if (find_skip_entry([=](const SkipEntry& entry) { return entry.last_docid >= target; })) {
        bool is_wanted = false;
        for (; i < docids.size() && docids[i] <= skip_.last_docid; ++i) {
          is_wanted |= min_impacts[i] <= skip_.max_impact;
        }
        if (!is_wanted) {
          std::fill(tfs + begin, tfs + i, 0u);
          continue;
        }
        if (is_bitmap_ahead()) {
          begin_bitmap();
        } else {
          read_block();
        }
      } else if (seek(target) == kEnd) {
        std::fill(tfs + begin, tfs + docids.size(), 0u);
        return;
      }
    }
    // First the place of each in the block, from 1 on.
    const std::uint32_t last = docids_[size_ - 1];
    std::uint32_t num_found = 0;
    if (is_bitmap_) {
      for (i = begin; i < docids.size() && docids[i] <= last; ++i) {
        const std::uint32_t bit = docids[i] - bitmap_begin_;
        const std::uint64_t up_to = bitmap_[bit / 64] << (63 - bit % 64);
        const auto found = static_cast<std::uint32_t>(up_to >> 63);
        const auto at = bits_before_[bit / 64] + count_ones(up_to);
        tfs[i] = at & -found;
        num_found += found;
      }
    } else {
      for (i = begin; i < docids.size() && docids[i] <= last; ++i) {
        const std::uint32_t at = place_of(docids[i]);
        const std::uint32_t found = docids_[at] == docids[i];
        tfs[i] = (at + 1) & -found;
        num_found += found;
      }
    }
    if (num_found == 0) continue;
    if (!tfs_decoded_) decode_tfs();
    for (std::size_t k = begin; k < i; ++k) {
      const std::uint32_t found = tfs[k] != 0;
      tfs[k] = tfs_[tfs[k] - found] & -found;
    }
  }
}

PostingsCursor::Bound PostingsCursor::bound(std::uint32_t target) {
  if (size_ != 0 && docids_[size_ - 1] >= target) {
    return {docids_[size_ - 1],
            size_ == kBlockValues && !skip_is_ahead_ ? skip_.max_impact : std::uint8_t{255}};
  }
  if (find_skip_entry([=](const SkipEntry& entry) { return entry.last_docid >= target; })) {
    return {skip_.last_docid, skip_.max_impact};
  }
  // The tail, or nothing.
  const bool none = tail_left_ == 0;
  return {kEnd - 1, static_cast<std::uint8_t>(none ? 0 : 255)};
}

void PostingsCursor::max_impacts(std::uint32_t first, unsigned shift,
                                 std::span<std::uint8_t> impacts) {
  const std::uint64_t end = first + (std::uint64_t{impacts.size()} << shift);
  const auto raise = [&](std::uint64_t last_docid, std::uint8_t max_impact) {
    if (last_docid < first || base_ >= end) return;
    auto i = static_cast<std::size_t>(base_ <= first ? 0 : (base_ - first) >> shift);
    const auto last = static_cast<std::size_t>((std::min(last_docid, end - 1) - first) >> shift);
    for (; i <= last; ++i) impacts[i] = std::max(impacts[i], max_impact);
  };
  const bool goes_on = find_skip_entry([&](const SkipEntry& entry) {
    raise(entry.last_docid, entry.max_impact);
    return entry.last_docid >= end;
  });
  if (!goes_on && tail_left_ > 0) raise(num_docs_ - 1, 255);
}

std::span<const std::uint32_t> PostingsCursor::docids_below(std::uint32_t end) const {
  if (size_ == 0) return {};
  const std::uint32_t* const last = docids_ + size_;
  if (last[-1] < end) return {docids_ + at_, last};
  return {docids_ + at_, std::lower_bound(docids_ + at_, last, end)};
}

/// Sets the bits of the current block's postings in [begin, end), and moves behind them, but not
/// behind the block.
void PostingsCursor::fill_from_block(std::uint32_t begin, std::uint32_t end, std::uint64_t* bits) {
  const std::uint32_t first = docid_ < begin ? place_of(begin) : at_;
  const std::uint32_t behind = docids_[size_ - 1] < end ? size_ : place_of(end);
  // By bytes, of which what was just written is less often read back than of words.
  auto* const bytes = reinterpret_cast<std::uint8_t*>(bits);
#pragma GCC unroll 8
  for (std::uint32_t i = first; i < behind; ++i) {
    const std::uint32_t place = docids_[i] - begin;
    bytes[place / 8] = static_cast<std::uint8_t>(bytes[place / 8] | 1u << place % 8);
  }
  at_ = std::min(behind, size_ - 1);
  docid_ = docids_[at_];
}

void PostingsCursor::fill_wanted(std::uint32_t begin, std::uint32_t end,
                                 const std::uint64_t* wanted, std::uint64_t* bits) {
  if (size_ != 0 && docids_[size_ - 1] >= begin) {
    fill_from_block(begin, end, bits);
    if (docids_[size_ - 1] >= end) return;
  }
  const auto any_is_wanted = [&](std::uint32_t last) {
    const auto first = std::max(static_cast<std::uint32_t>(base_), begin);
    return wanted == nullptr || any_bit(wanted, first - begin, last - begin);
  };
  // What reaches behind the window is not passed over, for the next may want it.
  while (find_skip_entry([&](const SkipEntry& entry) {
    return entry.last_docid >= end ||
           (entry.last_docid >= begin && any_is_wanted(entry.last_docid));
  })) {
    const auto first = static_cast<std::uint32_t>(base_);
    if (skip_.last_docid >= end && wanted != nullptr && (first >= end || !any_is_wanted(end - 1))) {
      return;
    }
    if (skip_.last_docid < end && first >= begin && begin % 8 == 0 && is_bitmap_ahead()) {
      read_bitmap(begin, reinterpret_cast<std::uint8_t*>(bits));
      pass_over_block();
      continue;
    }
    read_block();
    fill_from_block(begin, end, bits);
    if (skip_.last_docid >= end) return;
  }
  while (next_block()) {  // The tail, if it is still ahead.
    fill_from_block(begin, end, bits);
    if (docid_ >= end) return;
  }
}

std::uint8_t PostingsCursor::list_max_impact() const {
  if (tail_left_ > 0) return 255;
  PostingsCursor other = *this;
  std::uint8_t max_impact = 0;
  other.find_skip_entry([&](const SkipEntry& entry) {
    max_impact = std::max(max_impact, entry.max_impact);
    return false;
  });
  return max_impact;
}

std::array<std::uint32_t, 256> PostingsCursor::count_max_impacts() const {
  std::array<std::uint32_t, 256> num_blocks{};
  PostingsCursor other = *this;
  other.find_skip_entry([&](const SkipEntry& entry) {
    ++num_blocks[entry.max_impact];
    return false;
  });
  return num_blocks;
}

}  // namespace spimi
