#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
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
/// loser tree (Knuth, TAOCP 3, 5.4.1), which compares a new record once a level, where a heap would
/// twice.
class RunQueue {
 public:
  /// Merges runs [first, first + size) of `set`. `buffer_bytes` for each run is at least
  /// RunCursor::min_buffer_bytes.
  RunQueue(const RunSet& set, std::size_t first, std::size_t size, std::size_t buffer_bytes);

  /// Starts at the first term whose prefix (term_prefix) is at least `begin`, and stops before the
  /// first that is at least `end`, if given.
  void open(std::uint64_t begin, std::optional<std::uint64_t> end);

  /// The cursor that stands on the next record; null at the end.
  RunCursor* top() { return winner_ == kNone ? nullptr : &cursors_[winner_]; }
  /// Moves on that cursor.
  void pop();

 private:
  static constexpr std::size_t kNone = ~std::size_t{0};

  bool less(std::size_t a, std::size_t b) const;
  void advance(std::size_t cursor, bool alive);
  void build();

  std::optional<std::uint64_t> end_;
  Region<std::uint8_t> buffers_;
  std::vector<RunCursor> cursors_;
  std::vector<std::uint8_t> alive_;
  std::vector<std::size_t> losers_;  // node i has children 2i and 2i + 1; leaf j is node j + size
  std::size_t winner_ = kNone;
};

}  // namespace spimi
