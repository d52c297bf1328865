#pragma once

#include <cstddef>

#include "search/doc_iterator.h"

namespace spimi {

/// A term of a query that rank_any or rank_every evaluates.
struct ScoredTerm {
  ScoredTerm(const PlanNode& node, std::size_t slot_, const SearchContext& context)
      : slot(slot_),
        df(node.terms[0].info.df),
        weight(context.rank, context.stats, df, static_cast<double>(node.terms[0].info.cf),
               node.boost),
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

/// The least max_impact of a block of which a posting may score `least`, with the tail of a list as
/// never too little.
inline std::uint16_t least_impact(const TermWeight& weight, double least) {
  if (!weight.has_impacts() || weight.bound() == 0 || !(least > 0)) return 0;
  return static_cast<std::uint16_t>(std::min(255.0, least / weight.bound() * 255) + 1);
}

/// Writes the indices, from `begin` to `end`, of the postings of a block whose score may be `least`
/// or more to `selected`; returns how many. Loops of their own, without a branch that depends on
/// the data; the first, which the tf alone is enough for, leaves little to the second.
inline std::size_t select_postings(TermWeight weight, double least, U32Array lengths,
                                   std::span<const std::uint32_t> docids,
                                   std::span<const std::uint32_t> tfs, std::uint16_t* selected) {
  const std::uint32_t least_tf = weight.least_tf(least);
  std::size_t num_frequent = 0;
#pragma GCC unroll 8
  for (std::size_t i = 0; i < docids.size(); ++i) {
    selected[num_frequent] = static_cast<std::uint16_t>(i);
    num_frequent += tfs[i] >= least_tf;
  }
  if (!(least > 0)) return num_frequent;
  std::size_t num_selected = 0;
  for (std::size_t s = 0; s < num_frequent; ++s) {
    const std::uint16_t i = selected[s];
    selected[num_selected] = i;
    num_selected += weight.may_reach(least, tfs[i], lengths[docids[i]]);
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
