#include "search/position_matcher.h"

#include <algorithm>

namespace spimi {

PositionMatcher::PositionMatcher(const PlanNode& phrase)
    : order_(phrase.order),
      max_span_(std::uint64_t{phrase.offsets.back()} + phrase.slop),
      offsets_(phrase.offsets),
      needed_(phrase.terms.size(), 0) {
  for (std::size_t i = 0; i < phrase.terms.size(); ++i) {
    std::size_t first = 0;
    while (phrase.terms[first].term != phrase.terms[i].term) ++first;
    first_of_.push_back(first);
    ++needed_[first];
  }
}

std::uint32_t PositionMatcher::count(const Words& words, std::uint32_t most) {
  switch (order_) {
    case QueryNode::Order::kAdjacent:
      return count_adjacent(words, most);
    case QueryNode::Order::kOrdered:
      return count_ordered(words, most);
    case QueryNode::Order::kAny:
      break;
  }
  return count_any(words, most);
}

/// How many positions of `a` have one of `b` at `distance` behind, or `most` if that is less. Goes
/// on without branches that depend on the data: which list is ahead cannot be predicted.
std::uint32_t PositionMatcher::count_pairs(std::span<const std::uint32_t> a,
                                           std::span<const std::uint32_t> b, std::uint64_t distance,
                                           std::uint32_t most) {
  std::uint32_t found = 0;
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size() && found < most;) {
    const std::uint64_t wanted = a[i] + distance, position = b[j];
    found += position == wanted;
    i += position >= wanted;
    j += position <= wanted;
  }
  return found;
}

/// Intersects the starts that each word allows, from the rarest word on.
std::uint32_t PositionMatcher::count_adjacent(const Words& words, std::uint32_t most) {
  if (words.size() == 2 && words[0].size() < 16 * words[1].size() &&
      words[1].size() < 16 * words[0].size()) {
    return count_pairs(words[0], words[1], offsets_[1], most);
  }
  const auto size_less = [](const auto& a, const auto& b) { return a.size() < b.size(); };
  const auto rarest = static_cast<std::size_t>(
      std::min_element(words.begin(), words.end(), size_less) - words.begin());
  starts_.clear();
  for (const std::uint32_t position : words[rarest]) {
    if (position >= offsets_[rarest]) starts_.push_back(position - offsets_[rarest]);
  }
  std::size_t words_left = words.size() - 1;
  for (std::size_t i = 0; i < words.size() && !starts_.empty(); ++i) {
    if (i == rarest) continue;
    --words_left;
    keep_starts(words[i], offsets_[i], words_left == 0 ? most : ~0u);
  }
  return static_cast<std::uint32_t>(std::min<std::size_t>(starts_.size(), most));
}

/// Of starts_ keeps those that `positions` has `offset` behind, the first `most` of them. Goes on
/// without branches that depend on the data: which list is ahead cannot be predicted.
void PositionMatcher::keep_starts(std::span<const std::uint32_t> positions, std::uint32_t offset,
                                  std::uint32_t most) {
  std::size_t i = 0, j = 0, kept = 0;
  if (positions.size() > 16 * starts_.size()) {
    for (; i < starts_.size() && kept < most; ++i) {
      const std::uint64_t wanted = std::uint64_t{starts_[i]} + offset;
      const auto at = std::lower_bound(positions.begin() + static_cast<std::ptrdiff_t>(j),
                                       positions.end(), wanted);
      j = static_cast<std::size_t>(at - positions.begin());
      if (j == positions.size()) break;
      starts_[kept] = starts_[i];
      kept += *at == wanted;
    }
  } else {
    while (i < starts_.size() && j < positions.size() && kept < most) {
      const std::uint64_t wanted = std::uint64_t{starts_[i]} + offset, position = positions[j];
      starts_[kept] = starts_[i];
      kept += position == wanted;
      i += position >= wanted;
      j += position <= wanted;
    }
  }
  starts_.resize(kept);
}

/// For each place of the last word: the latest places that the words before it can have. An
/// interval so found that has another inside it begins where that one does, and so is not counted
/// with it.
std::uint32_t PositionMatcher::count_ordered(const Words& words, std::uint32_t most) const {
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
std::uint32_t PositionMatcher::count_any(const Words& words, std::uint32_t most) {
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
