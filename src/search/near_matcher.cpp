#include "search/near_matcher.h"

#include <algorithm>

namespace spimi {

NearMatcher::NearMatcher(const PlanNode& phrase, const SegmentReader& segment)
    : positions_(phrase.terms.size()),
      ordered_(phrase.order == QueryNode::Order::kOrdered),
      max_span_(std::uint64_t{phrase.offsets.back()} + phrase.slop),
      needed_(phrase.terms.size(), 0) {
  for (std::size_t i = 0; i < phrase.terms.size(); ++i) {
    sums_.push_back(segment.position_sums(phrase.terms[i].info));
    std::size_t first = 0;
    while (phrase.terms[first].term != phrase.terms[i].term) ++first;
    first_of_.push_back(first);
    ++needed_[first];
  }
}

std::uint32_t NearMatcher::count(std::span<const PositionsRange> ranges, std::uint32_t most) {
  for (std::size_t i = 0; i < ranges.size(); ++i) sums_[i].read_all(ranges[i], &positions_[i]);
  return ordered_ ? count_ordered(positions_, most) : count_any(positions_, most);
}

/// For each place of the last word: the latest places that the words before it can have. An
/// interval so found that has another inside it begins where that one does, and so is not counted
/// with it.
std::uint32_t NearMatcher::count_ordered(const Words& words, std::uint32_t most) const {
  std::uint32_t found = 0;
  std::uint64_t free_from = 0;
  for (const std::uint32_t end : words.back()) {
    std::uint32_t at = end;
    bool fits = true;
    for (std::size_t i = words.size() - 1; i-- > 0;) {
      const auto after = std::lower_bound(words[i].begin(), words[i].end(), at);
      if (after == words[i].begin()) {
        fits = false;
        break;
      }
      at = *(after - 1);
    }
    if (!fits || at < free_from || end - at > max_span_) continue;
    free_from = std::uint64_t{end} + 1;
    if (++found == most) return found;
  }
  return found;
}

/// Moves a window over the places of all words: its end one by one, its start as far as all words
/// stay in it.
std::uint32_t NearMatcher::count_any(const Words& words, std::uint32_t most) {
  merged_.clear();
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (first_of_[i] != i) continue;
    for (const std::uint32_t position : words[i]) merged_.emplace_back(position, i);
  }
  std::sort(merged_.begin(), merged_.end());
  held_.assign(words.size(), 0);
  std::uint32_t found = 0;
  std::size_t lacking = 0;
  for (const std::uint32_t needed : needed_) lacking += needed;
  std::size_t start = 0;
  std::uint64_t free_from = 0;
  for (const auto& [position, word] : merged_) {
    if (++held_[word] <= needed_[word]) --lacking;
    while (held_[merged_[start].second] > needed_[merged_[start].second]) {
      --held_[merged_[start].second];
      ++start;
    }
    // If its end could be left out as well, the same start has been looked at with a nearer end.
    const std::uint32_t first = merged_[start].first;
    if (lacking > 0 || first < free_from || position - first > max_span_) continue;
    free_from = std::uint64_t{position} + 1;
    if (++found == most) return found;
  }
  return found;
}

}  // namespace spimi
