#include "format/postings_cursor.h"

#include <algorithm>

#include "base/gap_sums.h"
#include "base/varint.h"

namespace spimi {
namespace {

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
      positions_(files.positions),
      num_docs_(files.num_docs),
      postings_end_(info.postings_offset + info.postings_bytes),
      tail_left_(info.df % kBlockValues),
      has_tail_(tail_left_ > 0),
      skips_(*files.skips, files.positions != nullptr, info),
      info_(info) {}

/// Throws if the entry ahead cannot be that of a block.
void PostingsCursor::check_ahead() const {
  const std::uint64_t offset = skips_.postings_offset();
  if (skips_.last_docid() < skips_.first_docid() + (kBlockValues - 1) ||
      skips_.last_docid() >= num_docs_ || skips_.max_impact() == 0 || offset > postings_end_ ||
      skips_.block_bytes() > std::min<std::uint64_t>(2 * kMaxPackedBytes, postings_end_ - offset)) {
    skips_.fail();
  }
}

/// Whether the block of the entry ahead has its docids as a bitmap.
bool PostingsCursor::is_bitmap_ahead() const {
  return skips_.last_docid() - skips_.first_docid() < kMaxBitmapNumbers;
}

/// The bitmap of the block ahead, as long as it is to be.
const std::uint8_t* PostingsCursor::block_bitmap() const {
  check_ahead();
  const std::uint8_t* const bitmap =
      postings_->bytes(skips_.postings_offset(), skips_.block_bytes());
  const auto first = static_cast<std::uint32_t>(skips_.first_docid());
  if (bitmap_bytes(first, skips_.last_docid()) > skips_.block_bytes()) {
    postings_->corrupt(skips_.postings_offset(), "a posting block is malformed");
  }
  return bitmap;
}

void PostingsCursor::fail_block(std::uint64_t offset) const {
  postings_->corrupt(offset, "a posting block disagrees with its skip entry");
}

/// Lays the bitmap of the block ahead over `bits`, which begin with docid `begin`.
void PostingsCursor::lay_bitmap(std::uint32_t begin, std::uint8_t* bits) const {
  const std::uint8_t* const bitmap = block_bitmap();
  const auto first = static_cast<std::uint32_t>(skips_.first_docid());
  if (!lay_block_bitmap(bitmap, first, skips_.last_docid(), bits + (first - begin) / 8)) {
    fail_block(skips_.postings_offset());
  }
}

void PostingsCursor::read_block() {
  tfs_offset_ = skips_.postings_offset();
  tfs_decoded_ = false;
  if (is_bitmap_ahead()) {
    const std::uint8_t* const bitmap = block_bitmap();
    const auto first = static_cast<std::uint32_t>(skips_.first_docid());
    if (!is_block_bitmap(bitmap, first, skips_.last_docid())) fail_block(tfs_offset_);
    decode_bitmap(bitmap, first, skips_.last_docid(), docids_);
    tfs_begin_ = bitmap + bitmap_bytes(first, skips_.last_docid());
    tfs_end_ = bitmap + skips_.block_bytes();
  } else {
    check_ahead();
    const std::uint8_t* const in = postings_->bytes(tfs_offset_, skips_.block_bytes());
    tfs_end_ = in + skips_.block_bytes();
    tfs_begin_ = decode_packed(in, tfs_end_, docids_);
    if (tfs_begin_ == nullptr) postings_->corrupt(tfs_offset_, "a posting block is malformed");
    if (!gaps_to_docids(skips_.first_docid(), skips_.last_docid(), docids_)) {
      fail_block(tfs_offset_);
    }
  }
  start_full_block();
}

void PostingsCursor::decode_tfs() {
  if (decode_packed_plus_one(tfs_begin_, tfs_end_, tfs_) != tfs_end_) {
    postings_->corrupt(tfs_offset_, "a posting block is malformed");
  }
  tfs_decoded_ = true;
}

void PostingsCursor::read_tail() {
  const std::uint64_t offset = skips_.postings_offset();
  if (offset > postings_end_) skips_.fail();
  const std::uint64_t left = postings_end_ - offset;
  const std::uint64_t length = std::min(left, tail_left_ * kMaxTailPostingBytes);
  const std::uint8_t* in = postings_->bytes(offset, length);
  const std::uint8_t* const end = in + length;
  const auto fail = [&] { postings_->corrupt(offset, "the tail of a postings list is malformed"); };
  std::uint64_t first = skips_.first_docid();
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
    if (in == nullptr || first >= num_docs_ || gap >= num_docs_ - first) fail();
    docids_[i] = static_cast<std::uint32_t>(first + gap);
    tfs_[i] = tf;
    first = std::uint64_t{docids_[i]} + 1;
  }
  if (in != end || length != left) fail();
  std::fill(docids_ + tail_left_, docids_ + kBlockValues, kEnd);
  tfs_decoded_ = true;
  start_block(tail_left_, skips_.tail_impact());
  tail_left_ = 0;
}

/// Of the block ahead, or the tail.
void PostingsCursor::start_block(std::uint32_t size, std::uint8_t impact) {
  at_ = 0;
  size_ = size;
  entry_ = skips_.entry();
  block_impact_ = impact;
  is_bitmap_ = false;
  docid_ = docids_[0];
  tfs_added_ = false;
}

/// Of the block ahead, and passes it.
void PostingsCursor::start_full_block() {
  start_block(kBlockValues, skips_.max_impact());
  skips_.pass();
  // Most often the next one is read as well.
  for (int i = 0; i < 3; ++i) __builtin_prefetch(tfs_end_ + 64 * i);
}

void PostingsCursor::end() {
  // A tail is read to its end, or not at all.
  if (!has_tail_ && skips_.postings_offset() != postings_end_) {
    postings_->corrupt(skips_.postings_offset(), "a postings list is longer than its postings");
  }
  skips_.expect_end();
  at_ = size_ = 0;
  docid_ = kEnd;
}

/// Reads the block ahead if there is one, else the tail; false at the end.
bool PostingsCursor::read_block_or_tail(bool is_block) {
  if (is_block) {
    read_block();
  } else if (tail_left_ > 0) {
    read_tail();
  } else {
    end();
    return false;
  }
  return true;
}

bool PostingsCursor::next_block(unsigned min_impact) {
  const bool is_block = skips_.find_impact(min_impact);
  if (!is_block && skips_.tail_impact() < min_impact) tail_left_ = 0;
  return read_block_or_tail(is_block);
}

std::uint32_t PostingsCursor::seek(std::uint32_t target, unsigned min_impact, std::uint32_t end) {
  if (size_ != 0 && docid_ >= target) return docid_;
  if (size_ == 0 || docids_[size_ - 1] < target) {
    bool is_block = skips_.find(target);
    while (is_block && skips_.max_impact() < min_impact && skips_.last_docid() < end) {
      skips_.pass();
      is_block = skips_.has_entry();
    }
    read_block_or_tail(is_block);
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
    at_ = place_in_block(docids_, target);
  }
  return docid_ = docids_[at_];
}

/// Makes the block ahead, whose docids are a bitmap, the current one for look_up: it keeps them so.
void PostingsCursor::begin_bitmap() {
  const std::uint8_t* const bitmap = block_bitmap();
  const auto first = static_cast<std::uint32_t>(skips_.first_docid());
  tfs_offset_ = skips_.postings_offset();
  if (!rank_bitmap(bitmap, first, skips_.last_docid(), bitmap_)) fail_block(tfs_offset_);
  tfs_begin_ = bitmap + bitmap_bytes(first, skips_.last_docid());
  tfs_end_ = bitmap + skips_.block_bytes();
  tfs_decoded_ = false;
  docids_[0] = docids_[kBlockValues - 1] = skips_.last_docid();
  start_full_block();
  is_bitmap_ = true;
}

/// Makes the block ahead the current one, for find_in_block.
void PostingsCursor::begin_block() {
  if (is_bitmap_ahead()) {
    begin_bitmap();
  } else {
    read_block();
  }
}

bool PostingsCursor::find_block_of(std::uint32_t target) {
  if (is_in_block(target)) return true;
  if (!skips_.find(target)) return seek(target) != kEnd;
  begin_block();
  return true;
}

/// Writes the places of docids[i] and of the following in the current block, as far as they are not
/// behind it: from 1 on, 0 for those that it lacks. Moves i behind them; returns how many it has.
std::size_t PostingsCursor::find_in_block(std::span<const std::uint32_t> docids, std::size_t& i,
                                          std::uint32_t* places) const {
  const std::uint32_t* const rest = docids.data() + i;
  const std::size_t size = docids.size() - i;
  const FoundPlaces found = is_bitmap_
                                ? find_places(bitmap_, rest, size, places + i)
                                : find_places(docids_, docids_[size_ - 1], rest, size, places + i);
  i += found.num_numbers;
  return found.num_found;
}

void PostingsCursor::look_up(std::span<const std::uint32_t> docids,
                             const std::uint16_t* min_impacts, std::uint32_t* tfs) {
  for (std::size_t i = 0; i < docids.size();) {
    const std::size_t begin = i;
    if (!is_in_block(docids[i])) {
      const std::uint32_t target = docids[i];
      if (skips_.find(target)) {
        const std::uint32_t last = skips_.last_docid();
        const std::uint8_t max_impact = skips_.max_impact();
        while (i < docids.size() && docids[i] <= last && min_impacts[i] > max_impact) ++i;
        if (i == docids.size() || docids[i] > last) {
          std::fill(tfs + begin, tfs + i, 0u);
          continue;
        }
        i = begin;
        begin_block();
      } else if (seek(target) == kEnd) {
        std::fill(tfs + begin, tfs + docids.size(), 0u);
        return;
      }
    }
    const std::size_t num_found = find_in_block(docids, i, tfs);
    if (num_found == 0) continue;
    if (!tfs_decoded_) decode_tfs();
    for (std::size_t k = begin; k < i; ++k) {
      const std::uint32_t found = tfs[k] != 0;
      tfs[k] = tfs_[tfs[k] - found] & -found;
    }
  }
}

SkipCursor::Bound PostingsCursor::bound(std::uint32_t target) {
  if (size_ != 0 && docids_[size_ - 1] >= target) return {docids_[size_ - 1], block_impact_};
  if (!skips_.find(target) && tail_left_ == 0) return {kEnd - 1, 0};
  return skips_.bound(target);
}

std::span<const std::uint32_t> PostingsCursor::docids_below(std::uint32_t end) const {
  if (size_ == 0) return {};
  const std::uint32_t* const last = docids_ + size_;
  if (last[-1] < end) return {docids_ + at_, last};
  return {docids_ + at_, docids_ + std::max(at_, place_in_block(docids_, end))};
}

/// Sets the bits of the current block's postings in [begin, end), and moves behind them, but not
/// behind the block.
void PostingsCursor::fill_from_block(std::uint32_t begin, std::uint32_t end, std::uint64_t* bits) {
  const std::uint32_t first = docid_ < begin ? place_in_block(docids_, begin) : at_;
  const std::uint32_t behind = docids_[size_ - 1] < end ? size_ : place_in_block(docids_, end);
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
  const auto any_is_wanted = [&](std::uint32_t first, std::uint32_t last) {
    return wanted == nullptr || any_bit(wanted, std::max(first, begin) - begin, last - begin);
  };
  while (skips_.find(begin)) {
    const auto first = static_cast<std::uint32_t>(skips_.first_docid());
    const std::uint32_t last = skips_.last_docid();
    if (last < end) {
      if (!any_is_wanted(first, last)) {
        skips_.pass();
        continue;
      }
      if (first >= begin && begin % 8 == 0 && is_bitmap_ahead()) {
        lay_bitmap(begin, reinterpret_cast<std::uint8_t*>(bits));
        skips_.pass();
        continue;
      }
    } else if (wanted != nullptr && (first >= end || !any_is_wanted(first, end - 1))) {
      return;  // What reaches behind the window is not passed over, for the next may want it.
    }
    read_block();
    fill_from_block(begin, end, bits);
    if (last >= end) return;
  }
  while (next_block()) {  // The tail, if it is still ahead.
    fill_from_block(begin, end, bits);
    if (docid_ >= end) return;
  }
}

}  // namespace spimi
