#pragma once

#include "search/scored_term.h"
#include "search/top_k.h"

namespace spimi {

/// Offers the documents of one term to `top`, but for those that cannot be among its hits and those
/// that a clause of `excluded` matches.
void rank_term(const ScoredTerm& term, const PlanNode& excluded, const SearchContext& context,
               TopK& top);

}  // namespace spimi
