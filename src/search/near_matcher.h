#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "search/plan.h"

namespace spimi {

/// Finds where the words of a phrase stand as they must in one document.
///
/// Adjacent words are counted by their starts. Of words within a distance intervals are counted
/// that hold all of them, that have no such interval inside them (Clarke, Cormack & Burkowski, The
/// Computer Journal 1995), that are no longer than the words and `slop` other tokens together, and
/// that do not overlap, from the first on. Each word of the phrase needs an occurrence of its own.
/// So a phrase never occurs more often than its rarest word.
class PositionMatcher {
 public:
  explicit PositionMatcher(const PlanNode& phrase);

  /// How often the phrase occurs, or `most` if that is less; `most` > 0. The positions of each word
  /// of the phrase, ascending.
  std::uint32_t count(const std::vector<std::span<const std::uint32_t>>& words, std::uint32_t most);

 private:
  using Words = std::vector<std::span<const std::uint32_t>>;
  std::uint32_t count_adjacent(const Words& words, std::uint32_t most);
  static std::uint32_t count_pairs(std::span<const std::uint32_t> a,
                                   std::span<const std::uint32_t> b, std::uint64_t distance,
                                   std::uint32_t most);
  void keep_starts(std::span<const std::uint32_t> positions, std::uint32_t offset,
                   std::uint32_t most);
  std::uint32_t count_ordered(const Words& words, std::uint32_t most) const;
  std::uint32_t count_any(const Words& words, std::uint32_t most);

  QueryNode::Order order_;
  std::uint64_t max_span_;  ///< Last position - first position, at most.
  std::vector<std::uint32_t> offsets_;
  std::vector<std::size_t> first_of_;  ///< By word: the first that is the same term.
  std::vector<std::uint32_t>
      needed_;  ///< By word: how often it is in the phrase, 0 unless the first.

  std::vector<std::uint32_t> starts_;
  std::vector<std::pair<std::uint32_t, std::size_t>> merged_;
  std::vector<std::uint32_t> held_;
};

}  // namespace spimi
