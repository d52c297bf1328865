#include "search/rank_every.h"

#include <algorithm>
#include <optional>

#include "search/scored_term.h"

// Ranked conjunctions. The rarest required term leads, block by block. Within a stretch of its
// block in which no other term begins a new block, the block bounds of the others (Ding & Suel,
// SIGIR 2011) say what its own postings must score to matter; that is compared without a division,
// and only for those that pass are the others looked up, rarest first.

namespace spimi {
namespace {

class EveryRanker {
 public:
  EveryRanker(const PlanNode& root, DocIterator* excluded, const SearchContext& context, TopK& top)
      : context_(context), segment_(context.segment), excluded_(excluded), top_(top) {
    std::vector<ScoredTerm> terms;
    std::vector<std::size_t> required, optional;
    for (const PlanClause& clause : root.clauses) {
      if (clause.occur == Occur::kNot) continue;
      (clause.occur == Occur::kMust ? required : optional).push_back(terms.size());
      terms.emplace_back(clause.node, terms.size(), context);
    }
    std::stable_sort(required.begin(), required.end(),
                     [&](std::size_t a, std::size_t b) { return terms[a].df < terms[b].df; });
    lead_.emplace(std::move(terms[required[0]]));
    num_required_ = required.size() - 1;
    required.insert(required.end(), optional.begin(), optional.end());
    for (std::size_t i = 1; i < required.size(); ++i) {
      others_.push_back(std::move(terms[required[i]]));
    }
    scores_.assign(terms.size(), 0.0);
    for (const ScoredTerm& term : others_) max_rest_ += term.max_score;
  }

  void run() {
    ScoredTerm& lead = *lead_;
    while (!at_end_ && lead.cursor.next_block(
                           least_impact(lead.weight, top_.lenient_threshold() - max_rest_))) {
      rank_block(lead);
    }
  }

 private:
  void rank_block(ScoredTerm& lead) {
    const auto docids = lead.cursor.block_docids();
    const SkipEntry* const skip = lead.cursor.skip_entry();
    const double lead_bound =
        skip != nullptr ? lead.weight.bound(skip->max_impact) : lead.weight.bound();
    for (std::size_t i = 0; i < docids.size() && !at_end_;) {
      double rest = 0;
      std::uint32_t last = docids.back();
      for (ScoredTerm& term : others_) {
        const PostingsCursor::Bound bound = term.cursor.bound(docids[i]);
        rest += term.weight.bound(bound.max_impact);
        last = std::min(last, bound.last_docid);
      }
      const auto end = static_cast<std::size_t>(
          std::upper_bound(docids.begin() + static_cast<std::ptrdiff_t>(i), docids.end(), last) -
          docids.begin());
      if (top_.can_enter(lead_bound + rest)) {
        rank_stretch(lead, i, end, rest);
      }
      i = std::max(i, end);
    }
  }

  /// The postings [i, end) of the lead's block, beside which all others score `rest` at most.
  void rank_stretch(ScoredTerm& lead, std::size_t i, std::size_t end, double rest) {
    const auto docids = lead.cursor.block_docids().subspan(i, end - i);
    const auto tfs = lead.cursor.block_tfs().subspan(i, end - i);
    std::uint16_t selected[kBlockValues];
    const std::size_t num_selected = select_postings(lead.weight, top_.lenient_threshold() - rest,
                                                     segment_.lengths(), docids, tfs, selected);
    std::uint32_t next = 0;
    for (std::size_t s = 0; s < num_selected; ++s) {
      const std::uint32_t docid = docids[selected[s]];
      if (docid < next) continue;
      const std::uint32_t length = segment_.length(docid);
      const double own = lead.weight.score(tfs[selected[s]], length);
      if (!top_.can_enter(own + rest)) continue;
      scores_[lead.slot] = own;
      next = complete(docid, length, own);
      if (next == PostingsCursor::kEnd) {
        at_end_ = true;
        return;
      }
    }
  }

  /// Looks the other terms up and offers the document. Returns a docid before which no other can
  /// match.
  std::uint32_t complete(std::uint32_t docid, std::uint32_t length, double sum) {
    double rest = max_rest_;
    for (std::size_t i = 0; i < others_.size(); ++i) {
      ScoredTerm& term = others_[i];
      if (!top_.can_enter(sum + rest)) return docid;
      rest -= term.max_score;
      const std::uint32_t found = term.cursor.seek(docid);
      if (found == docid) {
        sum += scores_[term.slot] = term.weight.score(term.cursor.tf(), length);
      } else if (i < num_required_) {
        return found;
      } else {
        scores_[term.slot] = 0;
      }
    }
    if (!top_.can_enter(sum) || is_excluded(excluded_, docid)) return docid;
    double total = 0;
    for (const double score : scores_) total += score;
    top_.offer(docid, context_.total_score(docid, total));
    return docid;
  }

  const SearchContext& context_;
  const SegmentReader& segment_;
  DocIterator* excluded_;
  TopK& top_;
  std::optional<ScoredTerm> lead_;  ///< The rarest required term.
  std::vector<ScoredTerm> others_;  ///< The required ones, rarest first, then the optional.
  std::size_t num_required_ = 0;
  double max_rest_ = 0;         ///< The most that all others score.
  std::vector<double> scores_;  ///< By slot.
  bool at_end_ = false;
};

}  // namespace

void rank_every(const PlanNode& root, DocIterator* excluded, const SearchContext& context,
                TopK& top) {
  EveryRanker(root, excluded, context, top).run();
}

}  // namespace spimi
