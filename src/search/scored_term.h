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
        df(node.terms[0].info.df),
        weight(context.rank, context.stats, df, static_cast<double>(node.terms[0].info.cf),
               node.boost),
        max_score(weight.bound()),
        cursor(context.segment.postings(node.terms[0].info)) {
    if (weight.has_impacts()) max_score = weight.bound(cursor.list_max_impact());
  }

  std::size_t slot;  ///< Its place in the query, which is that of its score in the sum.
  bool is_required;
  std::uint32_t df;
  TermWeight weight;
  double max_score;       ///< No posting of the list scores more.
  PostingsCursor cursor;  ///< Before the first posting.
};

/// The least max_impact of a block of which a posting may score `least`, with the tail of a list as
/// never too little.
inline std::uint16_t least_impact(const TermWeight& weight, double least) {
  if (!weight.has_impacts() || weight.bound() == 0 || !(least > 0)) return 0;
  return static_cast<std::uint16_t>(std::min(255.0, least / weight.bound() * 255) + 1);
}

}  // namespace spimi
