#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/byte_buffer.h"
#include "base/packed_block.h"
#include "format/layout.h"

namespace spimi {

/// What a skip entry tells of a block; deltas are against the entry before.
struct NewSkipEntry {
  std::uint32_t last_docid;
  std::uint16_t block_bytes;
  std::uint64_t positions_delta;  ///< Without positions ignored, as is the next.
  std::uint8_t position_index;
  std::uint8_t max_impact;
};

/// Encodes the skip entries of one list after another. Memory: one group of entries, besides its
/// output.
class SkipWriter {
 public:
  SkipWriter(ByteBuffer& out, bool positions) : out_(out), has_positions_(positions) {}

  void begin();
  bool has_block() const { return has_block_; }
  /// Appends the entry of a block, whose postings have these quantized impacts.
  void add(const NewSkipEntry& entry, const std::array<std::uint8_t, kBlockValues>& impacts);
  /// Appends what follows the entries of a list that has a block, with the quantized impacts of
  /// its tail. Returns the size of the whole list's skips; 0 if it has no block.
  std::uint64_t finish(std::span<const std::uint8_t> tail_impacts);

 private:
  void write_group();
  void count(std::uint8_t impact);
  std::uint8_t impact_of_rank(std::size_t rank) const;

  ByteBuffer& out_;
  const bool has_positions_;
  std::array<NewSkipEntry, kSkipGroupEntries> group_;
  std::size_t group_size_ = 0;
  std::uint64_t bytes_ = 0;
  bool has_block_ = false;

  // How many postings have each quantized impact from least_counted_ on: as many as the last of
  // kImpactRanks, or, while there are fewer, all.
  std::array<std::uint32_t, 256> num_of_impact_;
  std::size_t num_counted_ = 0;
  unsigned least_counted_ = 0;
};

}  // namespace spimi
