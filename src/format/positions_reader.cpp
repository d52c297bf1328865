#include "format/positions_reader.h"

#include "base/varint.h"

namespace spimi {
namespace {

/// Blocks follow each other closely, but where the next one is only the one before tells, and there
/// are more of them than a cache holds: so what is some blocks ahead is asked for before that is
/// known. It may be anything, and behind the end.
void prefetch(const std::uint8_t* at) {
  __builtin_prefetch(at);
  __builtin_prefetch(at + 64);
}

}  // namespace

PositionsReader::PositionsReader(const SegmentFileReader& file, const TermInfo& info)
    : file_(&file),
      begin_(info.positions_offset),
      end_(info.positions_offset + info.positions_bytes),
      next_block_(begin_),
      tail_size_(static_cast<std::uint32_t>(info.cf % kBlockValues)) {
  std::fill(gaps_, gaps_ + kBlockValues + kSlack, 0u);
}

/// A list does not say where its tail begins, and a reader that comes from a skip entry has not
/// counted the blocks. The bytes tell: each of the tail's varints ends in a byte below 0x80, and so
/// is the first byte, the width, of every packed block. So the byte that is one more such byte back
/// than the tail has varints is at or after the start of the last packed block and before the tail.
void PositionsReader::find_tail() {
  const std::uint64_t max_bytes = std::uint64_t{tail_size_} * kMaxVarint32Bytes + 1;
  const std::uint64_t length = std::min(end_ - begin_, max_bytes);
  const std::uint8_t* const first = file_->bytes(end_ - length, length);
  const std::uint8_t* in = first + length;
  std::uint32_t ends_left = tail_size_ + 1;
  while (in != first) {
    if (in[-1] < 0x80 && --ends_left == 0) break;
    --in;
  }
  tail_begin_ = end_ - length + static_cast<std::uint64_t>(in - first);
  tail_found_ = true;
}

void PositionsReader::load_block() {
  if (next_block_ >= end_) file_->corrupt(end_, "a positions list ends early");
  if (!tail_found_) find_tail();
  const std::uint64_t left = end_ - next_block_;
  if (is_tail()) {
    const std::uint64_t length =
        std::min<std::uint64_t>(left, std::uint64_t{tail_size_} * kMaxVarint32Bytes);
    const std::uint8_t* in = file_->bytes(next_block_, length);
    const std::uint8_t* const end = in + length;
    for (std::uint32_t i = 0; i < tail_size_ && in != nullptr; ++i) {
      in = get_varint32(in, end, &gaps_[i]);
    }
    if (in != end || length != left) {
      file_->corrupt(next_block_, "the tail of a positions list is malformed");
    }
    current_block_ = next_block_;
    next_block_ = end_;
    size_ = tail_size_;
  } else {
    const std::uint64_t length = std::min<std::uint64_t>(left, kMaxPackedBytes);
    const std::uint8_t* const in = file_->bytes(next_block_, length);
    prefetch(in + 512);
    const std::uint8_t* const next = decode_packed(in, in + length, gaps_);
    if (next == nullptr) file_->corrupt(next_block_, "a positions block is malformed");
    current_block_ = next_block_;
    next_block_ += static_cast<std::uint64_t>(next - in);
    size_ = kBlockValues;
  }
  at_ = 0;
}

/// Skips all but what the block that is then loaded has of them; returns how many that are.
std::uint64_t PositionsReader::skip_blocks(std::uint64_t num_gaps) {
  while (num_gaps > size_ - at_) {
    num_gaps -= size_ - at_;
    at_ = size_;
    if (next_block_ < end_ && !tail_found_) find_tail();
    if (num_gaps < kBlockValues || next_block_ >= end_ || is_tail()) {
      load_block();
      continue;
    }
    const std::uint64_t length = std::min<std::uint64_t>(end_ - next_block_, kMaxPackedBytes);
    const std::uint8_t* const in = file_->bytes(next_block_, length);
    prefetch(in + 768);
    const std::uint8_t* const next = skip_packed(in, in + length);
    if (next == nullptr) file_->corrupt(next_block_, "a positions block is malformed");
    next_block_ += static_cast<std::uint64_t>(next - in);
    at_ = size_ = 0;
    num_gaps -= kBlockValues;
  }
  return num_gaps;
}

void PositionsReader::seek(PositionsPlace place) {
  const std::uint64_t block = begin_ + std::min(place.offset, end_ - begin_);
  if (size_ == 0 || current_block_ != block) {
    at_ = size_ = 0;
    next_block_ = block;
    if (place.index != 0) load_block();
  }
  if (place.index > size_) file_->corrupt(block, "a skip entry leads beyond a positions block");
  at_ = place.index;
}

PositionsPlace PositionsReader::place() const {
  // The place after the last gap of a packed block is the start of the next; after the tail's last,
  // it is in the tail.
  const bool in_block = at_ < size_ || (size_ != 0 && size_ < kBlockValues);
  if (in_block) return {current_block_ - begin_, at_};
  return {next_block_ - begin_, 0};
}

}  // namespace spimi
