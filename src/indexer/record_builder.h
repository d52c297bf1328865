#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/region.h"
#include "indexer/record_words.h"
#include "indexer/run.h"

namespace spimi {

/// How an occurrence is a number of 32 bits: above, the piece that it is in, below, its position in
/// that piece. (Pieces are the documents of a run; the first and the last may be parts of one.) So
/// occurrences ascend in text order, and tell their postings without a look at anything else.
struct OccurrenceLayout {
  unsigned position_bits;
  /// Tokens in earlier runs of the document that the first piece goes on with.
  std::uint32_t positions_before;

  /// For that many pieces, at least one, of at most max_piece_tokens.
  static constexpr unsigned position_bits_for(std::size_t num_pieces) {
    return 32 - std::max(static_cast<unsigned>(std::bit_width(num_pieces - 1)), 1u);
  }
  /// How long a piece can be when there are that many.
  static constexpr std::size_t max_piece_tokens(std::size_t num_pieces) {
    return std::size_t{1} << position_bits_for(num_pieces);
  }
};

/// Makes the words of one term record after another (run.h).
class RecordBuilder {
 public:
  RecordBuilder() : words_(kNumWords) {}
  // Room for postings, then for positions, and what may be read (copy_words) or written behind
  // those. Behind postings nothing is needed: their vectors write a word for each, where there is
  // room for five, and so none of the positions, which are there before.
  static constexpr std::size_t kNumWords = kRecordOccurrences * 8 + kOccurrenceSlack;
  static constexpr std::size_t kMemoryBytes = kNumWords * sizeof(std::uint16_t);

  /// A record by its postings; a posting's positions are put before the posting itself.
  void clear() {
    posting_ = words_.data();
    position_ = words_.data() + kMaxPostingWords;
    num_postings_ = 0;
    next_piece_ = 0;
  }

  void put_position(std::uint32_t gap) { position_ = put_position_words(gap, position_); }

  void put_posting(std::uint32_t piece, std::uint32_t tf) {
    posting_ = put_posting_words(piece - next_piece_, tf, posting_);
    next_piece_ = piece + 1;
    ++num_postings_;
  }

  /// A record of 1 to kRecordOccurrences occurrences, which ascend. kOccurrenceSlack numbers behind
  /// them may be read.
  void build(const OccurrenceLayout& layout, const std::uint32_t* occurrences, std::size_t size);

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
