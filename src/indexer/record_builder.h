#pragma once

#include <cstddef>
#include <cstdint>

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

/// The ends of a record's words while they are made.
struct RecordEnds {
  std::uint16_t* posting = nullptr;
  std::uint16_t* position = nullptr;
  std::uint32_t num_postings = 0;
  std::uint32_t next_piece = 0;

  void put_position(std::uint32_t gap) {
    if (gap < kPositionEscape) [[likely]] {
      *position++ = static_cast<std::uint16_t>(gap);
    } else {
      *position++ = kPositionEscape;
      __builtin_memcpy(position, &gap, 4);
      position += 2;
    }
  }

  void put_posting(std::uint32_t piece, std::uint32_t tf) {
    const std::uint32_t gap = piece - next_piece;
    next_piece = piece + 1;
    const std::uint32_t gap_code = gap < kPostingGapEscape ? gap : kPostingGapEscape;
    const std::uint32_t tf_code = tf - 1 < kPostingTfEscape ? tf - 1 : kPostingTfEscape;
    *posting++ = static_cast<std::uint16_t>(gap_code << 3 | tf_code);
    if (gap_code == kPostingGapEscape) [[unlikely]] {
      __builtin_memcpy(posting, &gap, 4);
      posting += 2;
    }
    if (tf_code == kPostingTfEscape) [[unlikely]] {
      __builtin_memcpy(posting, &tf, 4);
      posting += 2;
    }
    ++num_postings;
  }
};

/// Makes the words of one term record after another (run.h).
class RecordBuilder {
 public:
  RecordBuilder() : words_(kNumWords) {}
  static constexpr std::size_t kMaxPostingWords = kRecordOccurrences * 5;
  static constexpr std::size_t kMaxPositionWords = kRecordOccurrences * 3;
  static constexpr std::size_t kNumWords = kMaxPostingWords + kMaxPositionWords + 8;
  static constexpr std::size_t kMemoryBytes = kNumWords * sizeof(std::uint16_t);

  /// A record by its postings; a posting's positions are put before the posting itself.
  void clear() { ends_ = {words_.data(), words_.data() + kMaxPostingWords, 0, 0}; }
  void put_position(std::uint32_t gap) { ends_.put_position(gap); }
  void put_posting(std::uint32_t piece, std::uint32_t tf) { ends_.put_posting(piece, tf); }

  /// A record of 1 to kRecordOccurrences occurrences, as numbers of tokens, which ascend.
  void build(const RunPieces& pieces, const std::uint32_t* occurrences, std::size_t size);

  std::uint32_t num_postings() const { return ends_.num_postings; }
  /// Eight words behind the last one may be read, too.
  const std::uint16_t* posting_words() const { return words_.data(); }
  std::size_t num_posting_words() const {
    return static_cast<std::size_t>(ends_.posting - posting_words());
  }
  const std::uint16_t* position_words() const { return words_.data() + kMaxPostingWords; }
  std::size_t num_position_words() const {
    return static_cast<std::size_t>(ends_.position - position_words());
  }

 private:
  Region<std::uint16_t> words_;
  RecordEnds ends_;
};

}  // namespace spimi
