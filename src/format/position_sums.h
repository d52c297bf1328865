#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "base/gap_sums.h"
#include "format/positions_reader.h"

namespace spimi {

/// Where the positions of a posting are: `tf` gaps of a positions list.
struct PositionsRange {
  std::uint64_t block = 0;  ///< The offset in the list of a packed block or the tail.
  std::uint64_t index = 0;  ///< Of the first gap; counts from that block on, perhaps beyond it.
  std::uint32_t tf = 0;
};

/// Some ascending numbers, modulo 2^32: each is that of `sums` less `shift`. Behind them
/// PositionSums::kSlack more sums may be read, which mean nothing.
struct ShiftedSums {
  const std::uint32_t* sums = nullptr;
  std::uint32_t size = 0;
  std::uint32_t shift = 0;
  std::uint32_t operator[](std::uint32_t i) const { return sums[i] - shift; }
};

/// Reads the positions of postings; fastest where each is behind the one before. The gaps of whole
/// blocks are added up as they are decoded, wherever a posting begins: its positions are the sums
/// less the one before its first.
class PositionSums {
 public:
  static constexpr std::uint32_t kMaxPiece = 256;
  static constexpr std::uint32_t kSlack = 16;

  /// Has room for so many sums at once, or a few more.
  PositionSums(const SegmentFileReader& file, const TermInfo& info, std::uint32_t room = 0)
      : file_(&file),
        reader_(file, info),
        room_(std::max(room, kMinRoom)),
        sums_(1 + room_ + kSlack) {}

  /// The positions of a posting are read next, in pieces.
  void begin(const PositionsRange& range) {
    left_ = range.tf;
    base_ = 0;
    at_ = find(range);
  }

  /// The next of them: all that are left or else kMaxPiece, none at the end. Throws Error(kCorrupt)
  /// if one does not fit in 32 bits, or the list ends. Valid until the next call of any function.
  ShiftedSums next();

  /// All positions of a posting, to `positions`: it grows as they are read, never by what tf
  /// claims, for tf may be damaged, and vast.
  void read_all(const PositionsRange& range, std::vector<std::uint32_t>* positions) {
    positions->clear();
    begin(range);
    for (ShiftedSums piece = next(); piece.size != 0; piece = next()) {
      for (std::uint32_t i = 0; i < piece.size; ++i) positions->push_back(piece[i]);
    }
  }

  /// Reads the positions of several postings at once; valid until the next call of any function.
  /// Each has kMaxPiece at most. The room is that of all their blocks and of one more, or of one
  /// more than the list has. False if some may be 2^31 or more: then nothing is read.
  bool read(std::span<const PositionsRange> ranges, ShiftedSums* runs);

 private:
  static constexpr std::uint32_t kMinRoom = kMaxPiece + 2 * kBlockValues;

  /// Where in the sums the range begins, or will.
  std::uint32_t find(const PositionsRange& range) {
    if (range.block != origin_) change_origin(range.block);
    const std::uint64_t back = end_ - range.index;
    if (back > run_) skip_to(range.index);
    return size_ - static_cast<std::uint32_t>(end_ - range.index);
  }
  void change_origin(std::uint64_t block);
  void skip_to(std::uint64_t index);
  void keep_from(std::uint32_t at);
  void add_gaps();

  const SegmentFileReader* file_;
  PositionsReader reader_;
  std::uint64_t origin_ = 0;  ///< The block from which gaps are counted.
  std::uint64_t end_ = 0;     ///< How many gaps are behind it and before the reader.
  std::uint32_t room_;
  std::uint32_t size_ = 0;           ///< Of the sums;
  std::uint32_t run_ = 0;            ///< the last so many of them are those of the last gaps.
  std::uint32_t seen_gaps_ = 0;      ///< Has the bits of all gaps that are in the sums.
  std::vector<std::uint32_t> sums_;  ///< The first is the one before them.
  // Of the posting that is read in pieces.
  std::uint32_t at_ = 0;  ///< Of the sums.
  std::uint32_t left_ = 0;
  std::uint64_t base_ = 0;  ///< Its next position for a gap of 0.
};

}  // namespace spimi
