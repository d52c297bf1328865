#include "search/rank_term.h"

#include <utility>

#include "search/candidate_batch.h"

namespace spimi {

void rank_term(const ScoredTerm& term, const PlanNode& excluded, const SearchContext& context,
               TopK& top) {
  const auto rank = [&](TopK& hits) {
    CandidateBatch batch(1, excluded, context, hits);
    const auto offer = [&] { batch.offer({&term, 1}); };
    PostingsCursor cursor = term.postings();
    while (cursor.next_block(least_impact(term.weight, hits.lenient_threshold()))) {
      batch.add_postings(term, hits.lenient_threshold(), cursor.block_docids(), cursor.block_tfs());
      if (!batch.has_room_for_block()) offer();
    }
    offer();
  };
  if (excluded.clauses.empty()) {
    top.expect(term.reached_by_best(top.k()));
  } else {
    // So many documents more are likely to have k that are not excluded.
    TopK hits = top;
    hits.expect(term.reached_by_best(10 * top.k()));
    const bool is_guess = hits.threshold() > top.threshold();
    rank(hits);
    if (!is_guess || hits.is_full()) {
      top = std::move(hits);
      return;
    }
  }
  rank(top);
}

}  // namespace spimi
