#include "format/list_writer.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "base/bitmap.h"
#include "base/varint.h"
#include "format/impact.h"
#include "spimi/error.h"

namespace spimi {
namespace {

std::uint8_t* put_tail_posting(std::uint8_t* to, std::uint32_t gap, std::uint32_t tf) {
  to = put_varint_blindly(to, std::uint64_t{gap} << 1 | (tf == 1));
  return tf == 1 ? to : put_varint(to, tf - 2);
}

/// Returns how many bytes they take.
std::size_t put_tail_gaps(const std::uint32_t* gaps, std::size_t size, ByteBuffer& out) {
  std::uint8_t* to = out.reserve(size * kMaxVarint64Bytes);
  for (std::size_t i = 0; i < size; ++i) to = put_varint_blindly(to, gaps[i]);
  return out.commit(to);
}

}  // namespace

void ListWriter::begin() {
  num_buffered_ = num_buffered_positions_ = 0;
  last_docid_ = last_block_docid_ = -1;
  df_ = cf_ = 0;
  postings_bytes_ = positions_bytes_ = skipped_positions_bytes_ = 0;
  skips_.begin();
}

void ListWriter::add(const std::uint32_t* docids, const std::uint32_t* tfs, std::size_t size,
                     const std::uint32_t* position_gaps) {
  if (size == 0) return;
  std::size_t i = 0;
  bool continued = false;
  if (docids[0] == last_docid_) {
    continued = true;
    tfs_[num_buffered_ - 1] += tfs[0];
    cf_ += tfs[0];
    if (has_positions_) {
      if (position_gaps[0] <= last_position_) {
        throw Error(ErrorKind::kCorrupt, {}, "positions are out of order while merging");
      }
      const std::uint32_t gap = position_gaps[0] - last_position_ - 1;
      add_positions(&gap, 1);
      add_positions(position_gaps + 1, tfs[0] - 1);
    }
    i = 1;
  }
  const std::uint32_t* gaps_at = position_gaps;
  if (continued && has_positions_) gaps_at += tfs[0];
  while (i < size) {
    if (num_buffered_ == kBlockValues) write_posting_block();
    const std::size_t end = std::min(size, i + (kBlockValues - num_buffered_));
    std::size_t occurrences = 0;
    std::int64_t last = last_docid_;
    for (; i < end; ++i) {
      const std::int64_t docid = docids[i];
      if (docid <= last) {
        throw Error(ErrorKind::kCorrupt, {}, "documents are out of order while merging");
      }
      docids_[num_buffered_] = docids[i];
      gaps_[num_buffered_] = static_cast<std::uint32_t>(docid - last - 1);
      tfs_[num_buffered_] = tfs[i];
      occurrences += tfs[i];
      ++num_buffered_;
      last = docid;
      ++df_;
    }
    last_docid_ = last;
    cf_ += occurrences;
    if (has_positions_) {
      add_positions(gaps_at, occurrences);
      gaps_at += occurrences;
    }
  }
  if (has_positions_) {
    // Of the last document's positions in this stretch the first is a position itself, in a
    // continued posting too.
    const std::uint32_t last_tf = tfs[size - 1];
    last_position_ = std::accumulate(gaps_at - last_tf, gaps_at, last_tf - 1);
  }
}

void ListWriter::add_positions(const std::uint32_t* gaps, std::size_t size) {
  while (size > 0) {
    const std::size_t n = std::min(size, kBlockValues - num_buffered_positions_);
    if (n == kBlockValues) {
      write_positions_block(gaps);
    } else {
      std::memcpy(position_gaps_ + num_buffered_positions_, gaps, n * sizeof(*gaps));
      num_buffered_positions_ += n;
      if (num_buffered_positions_ == kBlockValues) {
        write_positions_block(position_gaps_);
        num_buffered_positions_ = 0;
      }
    }
    gaps += n;
    size -= n;
  }
}

void ListWriter::write_positions_block(const std::uint32_t* gaps) {
  std::uint8_t* const to = out_.positions.reserve(kPackedSlack);
  positions_bytes_ += out_.positions.commit(encode_packed(gaps, to));
}

// Of the buffered postings.
void ListWriter::get_impacts() {
  std::uint32_t lengths[kBlockValues];
  lengths_.get(docids_, num_buffered_, lengths);
  for (std::size_t i = 0; i < num_buffered_; ++i) {
    impacts_[i] = quantize_impact(bm25_impact(tfs_[i], lengths[i], average_length_));
  }
}

void ListWriter::write_posting_block() {
  get_impacts();
  for (std::uint32_t& tf : tfs_) --tf;
  const std::int64_t docid_delta = docids_[kBlockValues - 1] - last_block_docid_;
  std::uint8_t* to = out_.postings.reserve(2 * kPackedSlack);
  if (docid_delta <= kMaxBitmapNumbers) {
    to = encode_bitmap(docids_, static_cast<std::uint32_t>(last_block_docid_ + 1), to);
  } else {
    to = encode_packed(gaps_, to);
  }
  const std::size_t block_bytes = out_.postings.commit(encode_packed(tfs_, to));
  postings_bytes_ += block_bytes;

  NewSkipEntry entry;
  entry.last_docid = docids_[kBlockValues - 1];
  entry.block_bytes = static_cast<std::uint16_t>(block_bytes);
  entry.positions_delta = positions_bytes_ - skipped_positions_bytes_;
  entry.position_index = static_cast<std::uint8_t>(num_buffered_positions_);
  entry.max_impact = *std::max_element(impacts_.begin(), impacts_.end());
  skips_.add(entry, impacts_);
  skipped_positions_bytes_ = positions_bytes_;
  last_block_docid_ = docids_[kBlockValues - 1];
  num_buffered_ = 0;
}

void ListWriter::write_tail() {
  std::uint8_t* to = out_.postings.reserve(num_buffered_ * 2 * kMaxVarint64Bytes);
  for (std::size_t i = 0; i < num_buffered_; ++i) to = put_tail_posting(to, gaps_[i], tfs_[i]);
  postings_bytes_ += out_.postings.commit(to);
  positions_bytes_ += put_tail_gaps(position_gaps_, num_buffered_positions_, out_.positions);
}

TermInfo ListWriter::finish() {
  if (num_buffered_ == kBlockValues) write_posting_block();
  write_tail();
  if (skips_.has_block()) get_impacts();
  TermInfo info;
  info.df = static_cast<std::uint32_t>(df_);
  info.cf = cf_;
  info.postings_bytes = postings_bytes_;
  info.skips_bytes = skips_.finish({impacts_.data(), num_buffered_});
  info.positions_bytes = positions_bytes_;
  return info;
}

TermInfo ListWriter::write_short(const std::uint32_t* docids, const std::uint32_t* tfs,
                                 std::size_t size, const std::uint32_t* position_gaps,
                                 std::size_t num_positions) {
  TermInfo info;
  info.df = static_cast<std::uint32_t>(size);
  std::uint8_t* to = out_.postings.reserve(size * 2 * kMaxVarint64Bytes);
  std::uint32_t next_docid = 0;
  for (std::size_t i = 0; i < size; ++i) {
    to = put_tail_posting(to, docids[i] - next_docid, tfs[i]);
    info.cf += tfs[i];
    next_docid = docids[i] + 1;
  }
  info.postings_bytes = out_.postings.commit(to);
  info.positions_bytes = put_tail_gaps(position_gaps, num_positions, out_.positions);
  return info;
}

}  // namespace spimi
