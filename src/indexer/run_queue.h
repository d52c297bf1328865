#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/region.h"
#include "indexer/run_reader.h"

namespace spimi {

/// The runs of a merge, and the spill files they are in.
struct RunSet {
  std::vector<File> files;
  std::vector<RunInfo> runs;  ///< In document order, docid_base set.
  bool positions = true;
  std::uint32_t max_token_bytes = 255;
};

/// Takes the records of several runs in order of terms, records of one term in document order: a
/// loser tree (Knuth, TAOCP 3, 5.4.1) that knows common prefixes (Ng & Kakehi, 2008; Bingmann,
/// Eberle & Sanders, 2017). Each loser keeps how many bytes it shares with the term taken last, and
/// a run says how many its next record shares, so most comparisons are of two numbers, and no byte
/// of a term is compared twice.
class RunQueue {
 public:
  /// Merges runs [first, first + size) of `set`. `buffer_bytes` for each run is at least
  /// RunCursor::min_buffer_bytes.
  RunQueue(const RunSet& set, std::size_t first, std::size_t size, std::size_t buffer_bytes);

  /// Starts at the first term whose prefix (term_prefix) is at least `begin`, and stops before the
  /// first that is at least `end`, if given.
  void open(std::uint64_t begin, std::optional<std::uint64_t> end);

  /// The cursor that stands on the next record; null at the end.
  RunCursor* top() { return winner_.lcp < 0 ? nullptr : &cursors_[winner_.cursor]; }
  /// Bytes that the next record's term has in common with that of the record before; 0 for the
  /// first.
  std::size_t lcp() const { return static_cast<std::size_t>(winner_.lcp); }
  /// Moves on that cursor.
  void pop();

 private:
  // A cursor, and the bytes that its term shares with the term taken last; -1 at the cursor's end,
  // which is behind every term.
  struct Player {
    std::uint32_t cursor = 0;
    std::int32_t lcp = -1;
  };

  Player player(std::size_t cursor, bool alive, std::uint32_t lcp) const;
  void play(Player* winner, Player* loser) const;
  bool compare(Player* winner, Player* loser) const;

  std::optional<std::uint64_t> end_;
  Region<std::uint8_t> buffers_;
  std::vector<RunCursor> cursors_;
  std::vector<Player> losers_;  // node i has children 2i and 2i + 1; leaf j is node j + size
  Player winner_;
};

}  // namespace spimi
