#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "search/query_node.h"
#include "spimi/query.h"
#include "support/reference_index.h"

namespace spimi::testing {

/// The documents that match, with their scores.
using Scores = std::map<std::uint32_t, double>;

/// What a query must answer, by looking at every document and every term: from the definitions in
/// spimi/query.h and `spimi query --help-syntax`, with nothing of the product but its parser's
/// tree. Words may not be given twice, and regular expressions are those that std::regex reads
/// alike. Nothing if the query has no terms.
std::optional<Scores> reference_answer(const ReferenceIndex& index, const QueryNode& query,
                                       const QueryOptions& options = {});

/// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).
unsigned reference_distance(std::u32string_view a, std::u32string_view b);

/// Whether a path fits a pattern without escapes.
bool reference_path_matches(std::string_view pattern, std::string_view path);

}  // namespace spimi::testing
