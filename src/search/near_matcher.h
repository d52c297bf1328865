#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "format/segment_reader.h"
#include "search/plan.h"

namespace spimi {

/// Finds where words stand within a distance of each other in one document.
///
/// It counts intervals that hold all of them, that have no such interval inside them (Clarke,
/// Cormack & Burkowski, The Computer Journal 1995), that are no longer than the words and `slop`
/// other tokens together, and that do not overlap, from the first on. Each word needs an occurrence
/// of its own. So they never occur more often than the rarest word.
class NearMatcher {
 public:
  NearMatcher(const PlanNode& phrase, const SegmentReader& segment);

  /// How often the phrase occurs in a document, or `most` if that is less; `most` > 0. `ranges`
  /// are those of the words.
  std::uint32_t count(std::span<const PositionsRange> ranges, std::uint32_t most);

 private:
  using Words = std::vector<std::vector<std::uint32_t>>;
  std::uint32_t count_ordered(const Words& words, std::uint32_t most) const;
  std::uint32_t count_any(const Words& words, std::uint32_t most);

  std::vector<PositionSums> sums_;  ///< By word;
  Words positions_;                 ///< what was read of them, for one document.
  bool ordered_;
  std::uint64_t max_span_;             ///< Last position - first position, at most.
  std::vector<std::size_t> first_of_;  ///< By word: the first that is the same term.
  std::vector<std::uint32_t>
      needed_;  ///< By word: how often it is in the phrase, 0 unless the first.

  std::vector<std::pair<std::uint32_t, std::size_t>> merged_;
  std::vector<std::uint32_t> held_;
};

}  // namespace spimi
