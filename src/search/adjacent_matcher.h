#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "format/segment_reader.h"
#include "search/join_positions.h"

namespace spimi {

/// Counts the places in a document where words stand at fixed distances. Reads no more positions
/// than it takes: often the first ones are enough to know that there is such a place.
class AdjacentMatcher {
 public:
  /// No more documents may be given at once.
  static constexpr std::size_t kMaxDocs = kBlockValues;

  explicit AdjacentMatcher(const SegmentReader& segment) : segment_(segment) {}

  /// The word stands `offset` behind the start. The first words had best be rare.
  void add_word(const TermInfo& info, std::uint32_t offset);

  /// Writes how often that is in each of some documents, or `most` or more if it is more; `most`
  /// > 0. `ranges` has, word by word, the places of its postings in these documents.
  void count(std::span<const PositionsRange* const> ranges, std::size_t num_docs,
             std::uint32_t most, std::uint32_t* counts);

 private:
  using Runs = std::array<ShiftedSums, kMaxDocs>;

  // Places are told by where the last word of the phrase stands.
  struct Word {
    PositionSums sums;
    std::uint32_t offset;
    std::uint32_t to_end;  ///< How far the end is behind the word.
    bool is_begun;         ///< Positions of this document have been read.
    PositionRun own;       ///< The ends that this word allows.
    PositionRun joined;    ///< And all words before it.
    std::array<std::uint32_t, PositionSums::kMaxPiece + PositionSums::kSlack> found;
  };

  void count_short(std::size_t first, std::size_t end, std::uint32_t most, std::uint32_t* counts);
  std::uint32_t count_one(std::size_t doc, std::uint32_t most);
  bool read_own(std::size_t i);
  bool read_joined(std::size_t i, std::uint32_t least);
  PositionRun& joined(std::size_t i) { return i == 0 ? words_[0].own : words_[i].joined; }

  const SegmentReader& segment_;
  std::vector<Word> words_;
  std::span<const PositionsRange* const> ranges_;
  std::size_t doc_ = 0;  ///< The one that is looked at alone.
  // For count_short.
  Runs before_, own_;
  std::array<PositionsRange, kMaxDocs> own_ranges_;
  std::vector<std::uint32_t> found_[2];
};

}  // namespace spimi
