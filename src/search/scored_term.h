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

/// Writes the indices, from `begin` to `end`, of the postings of a block whose score may be `least`
/// or more to `selected`; returns how many. A loop of its own, without a branch that depends on the
/// data.
inline std::size_t select_postings(const TermWeight& weight, double least,
                                   const SegmentReader& segment,
                                   std::span<const std::uint32_t> docids,
                                   std::span<const std::uint32_t> tfs, std::size_t begin,
                                   std::size_t end, std::uint8_t* selected) {
  std::size_t num_selected = 0;
  for (std::size_t i = begin; i < end; ++i) {
    selected[num_selected] = static_cast<std::uint8_t>(i);
    num_selected += weight.may_reach(least, tfs[i], segment.length(docids[i]));
  }
  return num_selected;
}

/// Whether `excluded`, which may be null, has a document; docids ascend.
inline bool is_excluded(DocIterator* excluded, std::uint32_t docid) {
  if (excluded == nullptr) return false;
  if (excluded->docid() < docid) excluded->seek(docid);
  return excluded->docid() == docid && excluded->matches();
}

}  // namespace spimi
