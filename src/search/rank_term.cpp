#include "search/rank_term.h"

#include <algorithm>
#include <array>

#include "search/candidate_batch.h"

namespace spimi {
namespace {

/// The k-th largest max_impact of some blocks, 0 if there are fewer.
std::uint8_t kth_impact(const std::array<std::uint32_t, 256>& num_blocks, std::size_t k) {
  std::size_t num_above = 0;
  for (std::uint8_t impact = 255; impact > 0; --impact) {
    num_above += num_blocks[impact];
    if (num_above >= k) return impact;
  }
  return 0;
}

/// Of all blocks that come first: they have more hits than one each.
constexpr std::size_t kHitsOfFirst = 8;

}  // namespace

void rank_term(ScoredTerm& term, const PlanNode& excluded, const SearchContext& context,
               TopK& top) {
  CandidateBatch batch(1, excluded, context, top);
  const auto offer = [&] {
    batch.score(term, 0);
    batch.offer({&term, 1});
  };
  // Ranks the blocks with these impacts, and the tail.
  const auto rank_blocks = [&](PostingsCursor cursor, unsigned begin, unsigned end) {
    const auto least_wanted = [&] {
      return std::max<unsigned>(begin, least_impact(term.weight, top.lenient_threshold()));
    };
    while (cursor.next_block(least_wanted(), end)) {
      if (begin > 0 && cursor.skip_entry() == nullptr) break;
      batch.add_postings(term, top.lenient_threshold(), cursor.block_docids(), cursor.block_tfs());
      if (!batch.has_room_for_block()) offer();
    }
    offer();
  };

  // The blocks with the largest impacts come first: they tell soon what it takes to be a hit.
  unsigned end = 256;
  if (term.weight.has_impacts()) {
    const auto num_blocks = term.cursor.count_max_impacts();
    if (excluded.clauses.empty()) {
      top.expect(term.weight.reached(kth_impact(num_blocks, top.k())));
    }
    const std::uint8_t first = kth_impact(num_blocks, top.k() / kHitsOfFirst + 1);
    if (first > 0) {
      rank_blocks(term.cursor, first, end);
      batch.rewind();
      end = first;
    }
  }
  rank_blocks(term.cursor, 0, end);
}

}  // namespace spimi
