#pragma once

#include <cstdint>

#include "search/doc_iterator.h"
#include "spimi/query.h"

namespace spimi {

/// Query::explain.
Explanation explain_document(const PlanNode& root, const SearchContext& context,
                             std::uint32_t docid);

}  // namespace spimi
