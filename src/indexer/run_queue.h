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
/// Eberle & Sanders, 2017). Each loser keeps how many bytes it shares with the term taken last, or
/// that it is the same term, and a run says how many its next record shares. So most comparisons
/// are of two numbers, and no byte of a term is compared twice.
class RunQueue {
 public:
  /// Merges runs [first, first + size) of `set`. `buffer_bytes` for each run is at least
  /// RunCursor::min_buffer_bytes.
  RunQueue(const RunSet& set, std::size_t first, std::size_t size, std::size_t buffer_bytes);

  /// Starts at the first term whose prefix (term_prefix) is at least `begin`, and stops before the
  /// first that is at least `end`, if given.
  void open(std::uint64_t begin, std::optional<std::uint64_t> end);

  /// The cursor that stands on the next record; null at the end.
  RunCursor* top() {
    return rank_of(winner_) < first_rank() ? nullptr : &cursors_[cursor_of(winner_)];
  }
  /// True if the next record is of the same term as the one before.
  bool is_same_term() const { return rank_of(winner_) >= kSameTerm; }
  /// Bytes that the next record's term has in common with that of the record before; 0 for the
  /// first.
  std::size_t lcp() const {
    return is_same_term() ? cursors_[cursor_of(winner_)].record().term_bytes
                          : rank_of(winner_) - first_rank();
  }
  /// Moves on that cursor.
  void pop();

 private:
  // A cursor and, above it, its rank. Of two players the one with the greater rank comes first.
  // Only those that share as many bytes with the term taken last as each other have the same rank,
  // and their terms are to be compared. A rank is, from the last to the first:
  // - below first_rank(), one for each cursor: at its end, or there is none;
  // - first_rank() and more: how many bytes are shared;
  // - kSameTerm and more, one for each cursor, greater for earlier ones: the term taken last
  // itself.
  using Player = std::uint64_t;
  static constexpr std::uint32_t kSameTerm = std::uint32_t{1} << 31;

  static std::uint32_t cursor_of(Player player) { return static_cast<std::uint32_t>(player); }
  static std::uint32_t rank_of(Player player) { return static_cast<std::uint32_t>(player >> 32); }
  static Player make_player(std::uint32_t cursor, std::uint32_t rank) {
    return Player{rank} << 32 | cursor;
  }
  std::uint32_t first_rank() const { return static_cast<std::uint32_t>(cursors_.size()) + 1; }
  static std::uint32_t same_term_rank(std::uint32_t cursor) { return ~cursor; }
  Player player(std::uint32_t cursor, bool alive, std::uint32_t rank) const;
  struct Result {
    Player winner, loser;
  };
  Result play(Player x, Player y) const;
  Result compare(Player x, Player y) const;

  std::optional<std::uint64_t> end_;
  Region<std::uint8_t> buffers_;
  std::vector<RunCursor> cursors_;
  std::vector<Player> losers_;  // node i has children 2i and 2i + 1; leaf j is node j + size
  Player winner_ = 0;
};

}  // namespace spimi
