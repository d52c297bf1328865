#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "format/layout.h"

namespace spimi {

/// One file of a segment, mapped read-only. It hands out no byte of a page before it has verified
/// the page's checksum; it does that once a page. Offsets are of the payload, but errors name
/// offsets of the file. Safe to use from several threads.
class SegmentFileReader {
 public:
  /// Maps `directory`/<name of `file`> and verifies its header and size. Throws Error(kCorrupt) if
  /// they are not as they must be, or if the file is missing.
  SegmentFileReader(const std::string& directory, SegmentFile file, const BuildId& build_id);
  ~SegmentFileReader();
  SegmentFileReader(const SegmentFileReader&) = delete;
  SegmentFileReader& operator=(const SegmentFileReader&) = delete;

  const std::string& path() const { return path_; }
  std::uint64_t payload_bytes() const { return payload_bytes_; }
  std::uint64_t file_bytes() const { return segment_file_bytes(payload_bytes_); }

  /// `length` verified bytes at `offset`, for as long as this object lives. Throws Error(kCorrupt)
  /// if they are not all in the payload, or a page that holds some of them is damaged.
  const std::uint8_t* bytes(std::uint64_t offset, std::uint64_t length) const {
    if (length > payload_bytes_ || offset > payload_bytes_ - length) out_of_range(offset);
    if (length != 0) {
      const std::uint64_t last = (offset + length - 1) / kPageBytes;
      for (std::uint64_t page = offset / kPageBytes; page <= last; ++page) {
        if (!verified_[page].load(std::memory_order_relaxed)) verify(page);
      }
    }
    return payload_ + offset;
  }

  /// Reads a page again and compares it with its checksum, whether or not it was verified before.
  bool page_is_sound(std::uint64_t page) const;
  /// XXH3-64 of all page checksums: what the build id covers.
  std::uint64_t checksum_of_checksums() const;

  /// Lets go of the memory that the pages touched so far take; a later touch reads them anew. For
  /// readers that pass over a whole file within a memory budget.
  void release() const;

  /// Throws Error(kCorrupt) that names the offset in the file of byte `offset` of the payload.
  [[noreturn]] void corrupt(std::uint64_t offset, std::string_view what_happened) const;

 private:
  friend class U32Array;
  [[noreturn]] void out_of_range(std::uint64_t offset) const;
  void check_header(SegmentFile file, const BuildId& build_id, std::uint64_t file_bytes);
  void verify(std::uint64_t page) const;

  std::string path_;
  const std::uint8_t* map_ = nullptr;      ///< The whole file.
  const std::uint8_t* payload_ = nullptr;  ///< map_ + kHeaderBytes.
  std::uint64_t map_bytes_ = 0;
  std::uint64_t payload_bytes_ = 0;
  /// A flag a page. Relaxed is enough: the bytes behind it never change, and verifying twice does
  /// no harm.
  std::unique_ptr<std::atomic<bool>[]> verified_;
};

/// A payload of u32s. Has copies of what it needs of the file, so that a loop can keep them in
/// registers.
class U32Array {
 public:
  explicit U32Array(const SegmentFileReader& file)
      : file_(&file), payload_(file.payload_), verified_(file.verified_.get()) {}

  /// `index` is less than their number. They do not straddle pages.
  std::uint32_t operator[](std::uint64_t index) const {
    const std::uint64_t page = index / (kPageBytes / 4);
    if (!verified_[page].load(std::memory_order_relaxed)) file_->verify(page);
    return load_u32(payload_ + index * 4);
  }

  /// Writes the values at `size` indices, which ascend, to `values`.
  void gather(const std::uint32_t* indices, std::size_t size, std::uint32_t* values) const {
    if (size == 0) return;
    (void)(*this)[indices[0]];
    if ((indices[0] ^ indices[size - 1]) < kPageBytes / 4) {
#pragma GCC unroll 8
      for (std::size_t i = 0; i < size; ++i) {
        values[i] = load_u32(payload_ + std::uint64_t{indices[i]} * 4);
      }
    } else {
      for (std::size_t i = 0; i < size; ++i) values[i] = (*this)[indices[i]];
    }
  }

 private:
  const SegmentFileReader* file_;
  const std::uint8_t* payload_;
  const std::atomic<bool>* verified_;
};

/// The fixed-size blocks of entries in `paths` and `terms`, and where each begins: `paths.index`
/// and `terms.index`.
class BlockIndex {
 public:
  /// An entry of `index` takes `entry_bytes`, and its first 8 are where the block begins. Throws
  /// Error(kCorrupt) if `index` is not as long as `num_blocks` need.
  BlockIndex(const SegmentFileReader& index, const SegmentFileReader& data,
             std::uint64_t num_blocks, std::uint64_t entry_bytes = 8);

  std::uint64_t num_blocks() const { return num_blocks_; }
  const SegmentFileReader& data() const { return data_; }

  struct Block {
    std::uint64_t offset;
    const std::uint8_t* begin;
    const std::uint8_t* end;  ///< Where the next block begins, or the end of the data.
  };
  /// The bytes of a block, never empty; `block < num_blocks()`.
  Block block(std::uint64_t block) const;
  /// Its entry in the index; `block < num_blocks()`.
  const std::uint8_t* entry(std::uint64_t block) const {
    return index_.bytes(block * entry_bytes_, entry_bytes_);
  }

 private:
  const SegmentFileReader& index_;
  const SegmentFileReader& data_;
  std::uint64_t num_blocks_;
  std::uint64_t entry_bytes_;
};

}  // namespace spimi
