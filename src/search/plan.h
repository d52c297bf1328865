#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "format/segment_reader.h"
#include "search/path_glob.h"
#include "search/query_node.h"
#include "spimi/index.h"
#include "spimi/query.h"
#include "text/tokenizer.h"

namespace spimi {

struct PlanTerm {
  std::string term;
  TermInfo info;
};

struct PlanClause;

/// A query with its words looked up in one index.
struct PlanNode {
  enum class Kind {
    kNothing,  ///< Matches no document.
    kAll,      ///< Matches every document, without a score.
    kTerm,     ///< The one of `terms`.
    kPhrase,   ///< `terms` at `offsets` of each other, or within `slop`.
    kGroup,    ///< Any of `terms`, as if they were one.
    kPath,     ///< `glob`; without a score.
    kBoolean,  ///< `clauses`, as in QueryNode; at least one.
  };

  Kind kind = Kind::kNothing;
  std::string text;  ///< As it stands in the query.
  double boost = 1;
  std::vector<PlanTerm> terms;
  bool is_word = false;                ///< Of a kTerm: written as a word, not as a pattern.
  std::vector<std::uint32_t> offsets;  ///< Of a phrase's terms, ascending from 0.
  QueryNode::Order order = QueryNode::Order::kAdjacent;
  std::uint32_t slop = 0;
  std::optional<PathGlob> glob;
  std::vector<PlanClause> clauses;
};

struct PlanClause {
  Occur occur;
  PlanNode node;
};

/// All that a query comes to.
struct Plan {
  PlanNode root;
  bool has_terms = false;  ///< False if there was nothing to look for.
  std::vector<std::string> missing;
  std::vector<Expansion> expansions;
};

/// Throws QueryError.
Plan make_plan(std::string_view query, const SegmentReader& segment, const IndexInfo& info,
               const QueryOptions& options);

/// A plan of single terms, any of which matches.
Plan plan_of_terms(const std::vector<std::string>& terms, const SegmentReader& segment);

}  // namespace spimi
