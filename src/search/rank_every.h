#pragma once

#include <vector>

#include "search/doc_iterator.h"
#include "search/top_k.h"

namespace spimi {

/// Offers the documents that hold every required term of a boolean node to `top`, but for those
/// that cannot be among its hits, and those that `excluded` has; optional terms add to scores. All
/// clauses but the excluding ones are terms, and one at least is required.
void rank_every(const PlanNode& root, DocIterator* excluded, const SearchContext& context,
                TopK& top);

}  // namespace spimi
