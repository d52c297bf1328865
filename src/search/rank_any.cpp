#include "search/rank_any.h"

#include <algorithm>
#include <bit>

#include "search/scored_term.h"

// Ranked disjunctions, document at a time within windows of docids.
//
// The method is MaxScore (Turtle & Flood, IP&M 1995). Each term has a bound on what it can add to a
// score. Once the k-th best score so far exceeds the sum of the lowest bounds, documents that hold
// only those terms cannot be hits: such terms are "non-essential", and only looked up in documents
// that the others bring up. With one essential term left, the block bounds in its skip entries pass
// over whole blocks. None of that changes a hit or a bit of its score, which is always the sum in
// the order of the query's terms.

namespace spimi {
namespace {

class Ranker {
 public:
  /// `terms` in the order of their slots, of which there are as many.
  Ranker(const SearchContext& context, std::vector<ScoredTerm> terms, DocIterator* excluded,
         TopK& top)
      : context_(context),
        segment_(context.segment),
        terms_(std::move(terms)),
        excluded_(excluded),
        num_slots_(terms_.size()),
        top_(top) {
    std::stable_sort(terms_.begin(), terms_.end(), [](const ScoredTerm& a, const ScoredTerm& b) {
      return a.max_score > b.max_score;
    });
    bound_from_.assign(num_slots_ + 1, 0);
    for (std::size_t i = num_slots_; i-- > 0;) {
      bound_from_[i] = bound_from_[i + 1] + terms_[i].max_score;
    }
    num_essential_ = num_slots_;
  }

  void run() {
    if (num_essential_ > 1) {
      for (ScoredTerm& term : terms_) term.cursor.next();
      run_windows();
    } else if (num_essential_ == 1 && terms_[0].cursor.next_block()) {
      run_blocks();
    }
  }

 private:
  double score(const ScoredTerm& term, std::uint32_t docid, std::uint32_t tf) const {
    return term.weight.score(tf, segment_.length(docid));
  }

  void update_essential() {
    while (num_essential_ > 0 && !top_.can_enter(bound_from_[num_essential_ - 1])) {
      --num_essential_;
    }
  }

  /// Adds the non-essential terms to a document whose essential scores are in `scores` and sum up
  /// to `sum`; offers it unless it falls behind on the way. Clears `scores`.
  void complete(std::uint32_t docid, double sum, double* scores) {
    std::size_t i = num_essential_;
    for (; i < num_slots_ && top_.can_enter(sum + bound_from_[i]); ++i) {
      ScoredTerm& term = terms_[i];
      if (term.cursor.seek(docid) != docid) continue;
      sum += scores[term.slot] = score(term, docid, term.cursor.tf());
    }
    if (i == num_slots_) {
      sum = 0;
      for (std::size_t slot = 0; slot < num_slots_; ++slot) sum += scores[slot];
      offer(docid, sum);
    }
    std::fill_n(scores, num_slots_, 0.0);
  }

  void offer(std::uint32_t docid, double sum) {
    if (!top_.can_enter(sum) || is_excluded(excluded_, docid)) return;
    top_.offer(docid, context_.total_score(docid, sum));
  }

  /// While several terms are essential: scores term by term within windows of docids that fit in
  /// the first-level cache, which spares choosing the least of the cursors for each posting.
  void run_windows() {
    constexpr std::size_t kWindowScores = 4096;
    const std::size_t window_docs =
        std::max<std::size_t>(64, std::bit_floor(kWindowScores / num_slots_));
    std::vector<double> scores(window_docs * num_slots_, 0.0);  // By document, then slot.
    std::vector<std::uint64_t> found(window_docs / 64, 0);      // A bit a document.
    while (num_essential_ > 1) {
      std::uint32_t first = PostingsCursor::kEnd;
      for (std::size_t i = 0; i < num_essential_; ++i) {
        first = std::min(first, terms_[i].cursor.docid());
      }
      if (first == PostingsCursor::kEnd) return;
      // Below kEnd, so a cursor at its end is never in a window.
      const auto end = static_cast<std::uint32_t>(
          std::min<std::uint64_t>(std::uint64_t{first} + window_docs, PostingsCursor::kEnd));
      for (std::size_t i = 0; i < num_essential_; ++i) {
        ScoredTerm& term = terms_[i];
        for (std::uint32_t docid = term.cursor.docid(); docid < end; docid = term.cursor.next()) {
          const std::size_t place = docid - first;
          scores[place * num_slots_ + term.slot] = score(term, docid, term.cursor.tf());
          found[place / 64] |= std::uint64_t{1} << place % 64;
        }
      }
      for (std::size_t word = 0; word < found.size(); ++word) {
        for (; found[word] != 0; found[word] &= found[word] - 1) {
          const std::size_t place =
              word * 64 + static_cast<std::size_t>(std::countr_zero(found[word]));
          double* const row = &scores[place * num_slots_];
          double sum = 0;
          for (std::size_t slot = 0; slot < num_slots_; ++slot) sum += row[slot];
          complete(first + static_cast<std::uint32_t>(place), sum, row);
        }
      }
      update_essential();
    }
    if (num_essential_ == 1 && terms_[0].cursor.docid() != PostingsCursor::kEnd) run_blocks();
  }

  /// With one essential term: goes on from its current posting.
  void run_blocks() {
    ScoredTerm& term = terms_[0];
    const double rest = bound_from_[1];
    std::vector<double> scores(num_slots_, 0.0);
    std::uint32_t done_to = term.cursor.docid();
    std::uint8_t selected[kBlockValues];
    do {
      const auto docids = term.cursor.block_docids();
      const auto tfs = term.cursor.block_tfs();
      std::size_t i = 0;
      while (docids[i] < done_to) ++i;
      const std::size_t num_selected =
          select_postings(term.weight, top_.lenient_threshold() - rest, segment_, docids, tfs, i,
                          docids.size(), selected);
      for (std::size_t s = 0; s < num_selected; ++s) {
        const std::size_t at = selected[s];
        const double own = score(term, docids[at], tfs[at]);
        if (!top_.can_enter(own + rest)) continue;
        scores[term.slot] = own;
        complete(docids[at], own, scores.data());
      }
      done_to = 0;
      update_essential();
    } while (num_essential_ > 0 && term.cursor.next_block(least_impact(term, rest)));
  }

  /// No posting of a block with a smaller max_impact can enter.
  unsigned least_impact(const ScoredTerm& term, double rest) const {
    if (!term.weight.has_impacts() || term.max_score == 0) return 0;
    const double too_little = (top_.lenient_threshold() - rest) / term.weight.bound() * 255;
    return too_little > 0 ? static_cast<unsigned>(std::min(255.0, too_little)) + 1 : 0;
  }

  const SearchContext& context_;
  const SegmentReader& segment_;
  std::vector<ScoredTerm> terms_;  ///< Highest bound first; the first num_essential_ are essential.
  DocIterator* excluded_;
  std::size_t num_slots_;
  std::size_t num_essential_;
  std::vector<double> bound_from_;  ///< The sum of max_score from each term on.
  TopK& top_;
};

}  // namespace

void rank_any(const std::vector<const PlanNode*>& nodes, DocIterator* excluded,
              const SearchContext& context, TopK& top) {
  std::vector<ScoredTerm> terms;
  terms.reserve(nodes.size());
  for (const PlanNode* node : nodes) terms.emplace_back(*node, terms.size(), context);
  Ranker(context, std::move(terms), excluded, top).run();
}

}  // namespace spimi
