#pragma once

#include "search/doc_iterator.h"
#include "search/top_k.h"

namespace spimi {

/// Offers the documents that match a query of terms to `top`, but for those that cannot be among
/// its hits. `root` is a term, or a boolean node whose clauses, but for those that exclude, are
/// terms, one at least. The fast way for the commonest queries.
void rank_terms(const PlanNode& root, const SearchContext& context, TopK& top);

}  // namespace spimi
