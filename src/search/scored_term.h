#pragma once

#include <algorithm>
#include <cstddef>

#include "search/doc_iterator.h"

namespace spimi {

/// A term of a query that rank_terms evaluates.
struct ScoredTerm {
  ScoredTerm(const PlanNode& node, std::size_t slot_, bool is_required_,
             const SearchContext& context)
      : slot(slot_),
        is_required(is_required_),
        segment(&context.segment),
        info(node.terms[0].info),
        weight(context.rank, context.stats, info.df, static_cast<double>(info.cf), node.boost) {}

  PostingsCursor postings() const { return segment->postings(info); }
  SkipCursor skips() const { return segment->skips(info); }

  /// What the k best postings of the list score at least, but for rounding; 0 or less if that is
  /// not known.
  double reached_by_best(std::size_t k) const {
    if (!weight.has_impacts()) return 0;
    return weight.reached(skips().impact_of_rank(k));
  }

  std::size_t slot;  ///< Its place in the query, which is that of its score in the sum.
  bool is_required;
  const SegmentReader* segment;
  TermInfo info;
  TermWeight weight;
};

/// The least impact of a block of which a posting may score `least`.
inline std::uint16_t least_impact(const TermWeight& weight, double least) {
  if (!weight.has_impacts() || weight.bound() == 0 || !(least > 0)) return 0;
  return static_cast<std::uint16_t>(std::min(255.0, least / weight.bound() * 255) + 1);
}

}  // namespace spimi
