#pragma once

#include <memory>
#include <vector>

#include "search/doc_iterator.h"
#include "search/top_k.h"

namespace spimi {

/// Offers the documents that hold any of some terms to `top`, but for those that cannot be among
/// its hits, and those that `excluded` has. The fast way for the commonest query.
void rank_any(const std::vector<const PlanNode*>& terms, DocIterator* excluded,
              const SearchContext& context, TopK& top);

}  // namespace spimi
