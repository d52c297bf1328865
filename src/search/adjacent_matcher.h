#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "format/postings_cursor.h"

namespace spimi {

/// Counts the places in a document where words stand at fixed distances, each word by a cursor of
/// its own. Reads no more positions than it takes: often the first ones are enough to know that
/// there is such a place.
class AdjacentMatcher {
 public:
  /// The word of `cursor` stands `offset` behind the start. The first words had best be rare. The
  /// cursor must outlive this.
  void add_word(PostingsCursor& cursor, std::uint32_t offset) {
    words_.push_back({&cursor, offset, {}, {}, {}});
  }

  /// How often that is in the document which all cursors are on, or `most` if that is less;
  /// `most` > 0.
  std::uint32_t count(std::uint32_t most);

 private:
  /// Ascending starts; behind them the last is repeated, three times at least.
  struct Starts {
    const std::uint32_t* values = nullptr;
    std::uint32_t size = 0;
    std::uint32_t at = 0;  ///< Those before are done with. A multiple of 4, perhaps beyond size.
    bool is_done() const { return at >= size; }
  };

  struct Word {
    PostingsCursor* cursor;
    std::uint32_t offset;
    Starts own;     ///< That this word allows.
    Starts joined;  ///< And all words before it.
    std::array<std::uint32_t, PostingsCursor::kMaxPiece + PostingsCursor::kPieceSlack> found;
  };

  static bool read_own(Word& word);
  bool read_joined(std::size_t i, std::uint32_t least);
  Starts& joined(std::size_t i) { return i == 0 ? words_[0].own : words_[i].joined; }
  static std::uint32_t join(Starts& a, Starts& b, std::uint32_t least, std::uint32_t* found);

  std::vector<Word> words_;
};

}  // namespace spimi
