#pragma once

#include <cstddef>

#include "search/doc_iterator.h"

namespace spimi {

/// A term of a query that rank_any or rank_every evaluates.
struct ScoredTerm {
  ScoredTerm(const PlanNode& node, std::size_t slot_, const SearchContext& context)
      : slot(slot_),
        df(node.terms[0].info.df),
        weight(weights_of(node, context)[0]),
        max_score(weight.bound()),
        cursor(context.segment.postings(node.terms[0].info)) {
    if (weight.has_impacts()) max_score = weight.bound(cursor.list_max_impact());
  }

  std::size_t slot;  ///< Its place in the query, which is that of its score in the sum.
  std::uint32_t df;
  TermWeight weight;
  double max_score;  ///< No posting of the list scores more.
  PostingsCursor cursor;
};

/// Whether `excluded`, which may be null, has a document; docids ascend.
inline bool is_excluded(DocIterator* excluded, std::uint32_t docid) {
  if (excluded == nullptr) return false;
  if (excluded->docid() < docid) excluded->seek(docid);
  return excluded->docid() == docid && excluded->matches();
}

}  // namespace spimi
