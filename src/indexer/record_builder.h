#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/region.h"
#include "indexer/run.h"

namespace spimi {

/// The documents of a run, as stretches of its tokens: pieces, for the first and the last may be
/// parts of documents.
struct RunPieces {
  static constexpr unsigned kHintShift = 6;
  /// The first token of each, and behind the last one the end. The first piece may go on with a
  /// document of earlier runs: then its start is where that began, less than 0, modulo 2^32.
  const std::uint32_t* starts;
  const std::uint32_t* hints;  ///< The piece of every 64th token.
};

/// Makes the words of one term record after another (run.h).
class RecordBuilder {
 public:
  RecordBuilder() : words_(kNumWords) {}
  // What is behind the last word may be read, see copy_words.
  static constexpr std::size_t kNumWords = kRecordOccurrences * 8 + 8;
  static constexpr std::size_t kMemoryBytes = kNumWords * sizeof(std::uint16_t);

  /// A record by its postings; a posting's positions are put before the posting itself.
  void clear() {
    posting_ = words_.data();
    position_ = words_.data() + kMaxPostingWords;
    num_postings_ = 0;
    next_piece_ = 0;
  }

  void put_position(std::uint32_t gap) {
    if (gap < kPositionEscape) [[likely]] {
      *position_++ = static_cast<std::uint16_t>(gap);
    } else {
      *position_++ = kPositionEscape;
      __builtin_memcpy(position_, &gap, 4);
      position_ += 2;
    }
  }

  void put_posting(std::uint32_t piece, std::uint32_t tf) {
    const std::uint32_t gap = piece - next_piece_;
    next_piece_ = piece + 1;
    const std::uint32_t gap_code = gap < kPostingGapEscape ? gap : kPostingGapEscape;
    const std::uint32_t tf_code = tf - 1 < kPostingTfEscape ? tf - 1 : kPostingTfEscape;
    *posting_++ = static_cast<std::uint16_t>(gap_code << 3 | tf_code);
    if (gap_code == kPostingGapEscape) [[unlikely]] {
      __builtin_memcpy(posting_, &gap, 4);
      posting_ += 2;
    }
    if (tf_code == kPostingTfEscape) [[unlikely]] {
      __builtin_memcpy(posting_, &tf, 4);
      posting_ += 2;
    }
    ++num_postings_;
  }

  /// A record of 1 to kRecordOccurrences occurrences, as numbers of tokens, which ascend.
  void build(const RunPieces& pieces, const std::uint32_t* occurrences, std::size_t size);

  std::uint32_t num_postings() const { return num_postings_; }
  std::span<const std::uint16_t> posting_words() const { return {words_.data(), posting_}; }
  std::span<const std::uint16_t> position_words() const {
    return {words_.data() + kMaxPostingWords, position_};
  }

 private:
  static constexpr std::size_t kMaxPostingWords = kRecordOccurrences * 5;

  Region<std::uint16_t> words_;
  std::uint16_t* posting_ = nullptr;
  std::uint16_t* position_ = nullptr;
  std::uint32_t num_postings_ = 0;
  std::uint32_t next_piece_ = 0;
};

}  // namespace spimi
