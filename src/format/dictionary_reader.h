#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "format/segment_file_reader.h"
#include "spimi/index.h"

namespace spimi {

/// Bounds of a segment that every entry of its dictionary must keep.
struct DictionaryLimits {
  std::uint64_t num_terms = 0;
  std::uint64_t num_docs = 0;
  std::uint64_t num_tokens = 0;
  std::uint64_t postings_bytes = 0;
  std::uint64_t skips_bytes = 0;
  std::uint64_t positions_bytes = 0;
  bool positions = false;
};

/// Reads the entries of one term block in order.
class TermBlockReader {
 public:
  /// `num_entries` is what the block must hold.
  TermBlockReader(const BlockIndex& blocks, const DictionaryLimits& limits, std::uint64_t block,
                  std::size_t num_entries);

  /// Moves to the next entry, first to the first; false at the end of the block. Throws
  /// Error(kCorrupt) on what the grammar or the limits do not allow, a term not greater than the
  /// one before, or bytes left at the end.
  bool next();
  std::string_view term() const { return term_; }
  const TermInfo& info() const { return info_; }

  /// Moves to the entry of `term`; false if there is none. Instead of `next`, which makes and
  /// checks every term on the way; `term` is not to be asked then.
  bool find(std::string_view term);

  /// Throws Error(kCorrupt) with the offset of the next entry.
  [[noreturn]] void fail(std::string_view what) const;

 private:
  const std::uint8_t* checked(const std::uint8_t* in) const;
  const std::uint8_t* read_number(const std::uint8_t* in, std::uint64_t* value) const {
    // Most have one byte.
    if (in == block_.end || *in >= 0x80) return read_long_number(in, value);
    *value = *in;
    return in + 1;
  }
  const std::uint8_t* read_long_number(const std::uint8_t* in, std::uint64_t* value) const;
  struct TermParts {
    std::size_t lcp;
    std::string_view rest;
  };
  TermParts read_parts(std::uint64_t size_before);
  bool begin_entry();
  /// Moves on to the entry before the first that is not less than `term`, or not quickly seen to
  /// be. Of the entry before that: its size, and what it shares with `term`, which is greater.
  void pass_lesser(std::string_view term, std::size_t* size, std::size_t* shared);
  void read_term();
  void read_info();

  const SegmentFileReader& file_;
  const DictionaryLimits& limits_;
  BlockIndex::Block block_;
  const std::uint8_t* in_;
  const std::uint8_t* key_;  ///< Of the first term.
  std::size_t entries_left_;
  std::string term_;
  TermInfo info_;
};

/// The dictionary of a segment.
class DictionaryReader {
 public:
  DictionaryReader(const SegmentFileReader& terms, const SegmentFileReader& index,
                   const DictionaryLimits& limits);
  DictionaryReader(const DictionaryReader&) = delete;
  DictionaryReader& operator=(const DictionaryReader&) = delete;

  /// Reads some log2(number of blocks) entries of the index, then one block.
  std::optional<TermInfo> find(std::string_view term) const;

  /// The first block from `begin` on whose first term is greater than `term`, or num_blocks().
  /// Looks near `begin` first.
  std::uint64_t upper_block(std::string_view term, std::uint64_t begin = 0) const;

  std::uint64_t num_blocks() const { return blocks_.num_blocks(); }
  TermBlockReader block(std::uint64_t block) const;

 private:
  std::string_view first_term(std::uint64_t block) const;

  DictionaryLimits limits_;
  BlockIndex blocks_;
};

/// All terms of a dictionary in order, or those that begin with a prefix. Throws Error(kCorrupt)
/// also when a block does not follow on the one before.
class DictionaryIterator {
 public:
  explicit DictionaryIterator(const DictionaryReader& dictionary) : dictionary_(&dictionary) {}
  DictionaryIterator(const DictionaryReader& dictionary, std::string_view prefix);

  bool next();
  std::string_view term() const { return block_->term(); }
  const TermInfo& info() const { return block_->info(); }

 private:
  bool next_entry();

  const DictionaryReader* dictionary_;
  std::string prefix_;
  std::optional<TermBlockReader> block_;
  std::uint64_t next_block_ = 0;
  std::uint64_t first_block_ = 0;
};

}  // namespace spimi
