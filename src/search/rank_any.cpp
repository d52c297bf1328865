#include "search/rank_any.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <span>

#include "search/candidate_batch.h"
#include "search/scored_term.h"

// Ranked disjunctions, in stretches of docids.
//
// A document whose score is above the threshold, the k-th best so far, has a term that scores more
// than its share of the threshold, whatever shares that is cut into. In each stretch the skip
// entries bound what each term can score there, and the terms are parted:
//  - the commonest, as many as it pays, get their whole bounds, which no posting exceeds, so that
//    they need not be scanned ("non-essential", MaxScore: Turtle & Flood, IP&M 1995);
//  - the rarest get nothing: each of their postings makes its document a candidate;
//  - those between divide what is left in proportion to their bounds.
// Candidates are then looked up in all terms. Where that would give too many of them, the scores in
// all scanned terms are added up instead, document by document, and only those whose sum may be
// enough with the bounds of the others are looked up in these. None of that changes a hit or a bit
// of its score, which is always the sum in the order of the query's terms.

namespace spimi {
namespace {

class Ranker {
 public:
  /// `terms` in the order of their slots, of which there are as many.
  Ranker(const SearchContext& context, std::vector<ScoredTerm> terms, DocIterator* excluded,
         TopK& top)
      : num_docs_(context.segment.num_docs()),
        lengths_(context.segment.lengths()),
        terms_(std::move(terms)),
        top_(top),
        batch_(terms_.size(), excluded, context, top),
        bounds_(terms_.size()),
        rest_(terms_.size() + 1, 0.0),
        can_add_up_(terms_[0].weight.has_near_score()) {
    impacts_.reserve(terms_.size());
    scans_.reserve(terms_.size());
    for (const ScoredTerm& term : terms_) {
      impacts_.push_back(term.cursor);
      scans_.push_back(term.cursor);
      scans_.back().next();
      by_df_.push_back(term.slot);
      if (excluded == nullptr && term.weight.has_impacts()) {
        top_.expect(term.weight.reached(term.cursor.kth_max_impact(top_.k())));
      }
    }
    std::stable_sort(by_df_.begin(), by_df_.end(),
                     [this](std::size_t a, std::size_t b) { return terms_[a].df < terms_[b].df; });
  }

  void run() {
    for (std::uint32_t begin = 0; begin < num_docs_;) {
      const std::uint32_t end = bound_stretch(begin);
      part_terms();
      if (num_scanned_ == 1) {
        rank_only_scan(begin, end);
      } else if (adds_up_) {
        rank_sums(begin, end);
      } else if (num_scanned_ > 1) {
        rank_scans(begin, end);
      }
      begin = end;
    }
  }

 private:
  /// So many that finding the bounds costs little.
  static constexpr std::uint32_t kStretchDocs = 2048;
  /// What it costs to look up a candidate in a term, where scanning a posting costs 1.
  static constexpr double kLookUpCost = 5;
  /// What it costs to add up the score of a posting.
  static constexpr double kAddCost = 4;
  /// For so many terms all ways of parting them are tried.
  static constexpr std::size_t kMaxTermsToPart = 16;

  /// Bounds what each term scores in the documents from `begin` on, up to the one returned.
  std::uint32_t bound_stretch(std::uint32_t begin) {
    const auto end = static_cast<std::uint32_t>(
        terms_.size() == 1 ? num_docs_ : std::min(num_docs_, std::uint64_t{begin} + kStretchDocs));
    order_.clear();
    for (const std::size_t slot : by_df_) {
      PostingsCursor& scan = scans_[slot];
      if (scan.docid() < begin && scan.block_docids().back() >= begin) scan.seek(begin);
      if (scan.docid() >= end) continue;
      bounds_[slot] = terms_[slot].max_score;
      if (terms_[slot].weight.has_impacts() && terms_.size() > 1) {
        const auto bound = terms_[slot].weight.bound(impacts_[slot].max_impact(begin, end - 1));
        bounds_[slot] = std::min(bounds_[slot], bound);
      }
      order_.push_back(slot);
    }
    rest_[order_.size()] = 0;
    for (std::size_t i = order_.size(); i-- > 0;) rest_[i] = rest_[i + 1] + bounds_[order_[i]];
    return end;
  }

  /// Chooses how many terms of order_ are scanned, and how many of these have no share or that
  /// their scores are added up, so that it costs least.
  void part_terms() {
    num_scanned_ = order_.size();
    share_ = 0;
    adds_up_ = false;
    if (!top_.can_enter(rest_[0])) num_scanned_ = 0;
    if (num_scanned_ == 0 || !(top_.threshold() > 0)) return;
    num_free_ = num_scanned_;
    const double candidate_cost = kLookUpCost * static_cast<double>(order_.size());
    double least_cost = std::numeric_limits<double>::infinity();
    for (std::size_t scanned = order_.size(); scanned > 0 && !top_.can_enter(rest_[scanned]);
         --scanned) {
      // From the last on, those that share.
      double sharing_postings = 0, free_postings = 0;
      for (std::size_t i = 0; i < scanned; ++i) free_postings += terms_[order_[i]].df;
      if (can_add_up_ && scanned > 1 && top_.lenient_threshold() > rest_[scanned] &&
          free_postings * kAddCost < least_cost) {
        least_cost = free_postings * kAddCost;
        num_scanned_ = scanned;
        adds_up_ = true;
      }
      for (std::size_t free = scanned;; --free) {
        const double share = free == scanned ? 0
                                             : (top_.lenient_threshold() - rest_[scanned]) /
                                                   (rest_[free] - rest_[scanned]);
        // Few postings come near the bound.
        const double part = std::min(1.0, 2 * (1 - share) * (1 - share));
        const double cost =
            free_postings * candidate_cost + sharing_postings * (1 + part * candidate_cost);
        if (cost < least_cost) {
          least_cost = cost;
          num_scanned_ = scanned;
          num_free_ = free;
          share_ = share;
          adds_up_ = false;
        }
        if (free == 0 || order_.size() > kMaxTermsToPart) break;
        const double df = terms_[order_[free - 1]].df;
        sharing_postings += df;
        free_postings -= df;
      }
    }
  }

  /// Ranks the documents of the one term that is scanned.
  void rank_only_scan(std::uint32_t begin, std::uint32_t end) {
    const ScoredTerm& term = terms_[order_[0]];
    const auto least = [&] { return top_.lenient_threshold() - rest_[1]; };
    scan(term, begin, end, least, [&](auto docids, auto tfs, auto selected) {
      for (const std::uint16_t i : selected) batch_.add(docids[i], term.slot, tfs[i]);
      batch_.score(term, rest_[1]);
      rank_batch(1);
    });
  }

  /// Ranks the candidates of several terms.
  void rank_scans(std::uint32_t begin, std::uint32_t end) {
    candidates_.fill(0);
    for (std::size_t i = 0; i < num_scanned_; ++i) {
      const ScoredTerm& term = terms_[order_[i]];
      const double bound = bounds_[term.slot];
      // Not less than what is lacking if all others reach their bounds.
      const double lacking = top_.lenient_threshold() - (rest_[0] - bound);
      const double share = i < num_free_ ? lacking : share_ * bound;
      const double least = std::max(lacking, share) * (1 - 1e-9);
      scan(
          term, begin, end, [=] { return least; },
          [&](auto docids, auto, auto selected) {
            for (const std::uint16_t k : selected) {
              const std::uint32_t place = docids[k] - begin;
              candidates_[place / 64] |= std::uint64_t{1} << place % 64;
            }
          });
    }
    for (std::size_t word = 0; word < candidates_.size(); ++word) {
      for (std::uint64_t bits = candidates_[word]; bits != 0; bits &= bits - 1) {
        if (batch_.is_full()) rank_batch(0);
        const std::size_t place = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
        batch_.add(begin + static_cast<std::uint32_t>(place));
      }
    }
    rank_batch(0);
  }

  /// Ranks the documents whose scores in the terms that are scanned add up to enough.
  void rank_sums(std::uint32_t begin, std::uint32_t end) {
    sums_.fill(0);
    for (std::size_t i = 0; i < num_scanned_; ++i) {
      const TermWeight weight = terms_[order_[i]].weight;
      PostingsCursor& cursor = scans_[order_[i]];
      for (cursor.seek(begin); cursor.docid() < end;) {
        const auto docids = cursor.docids_below(end);
        const auto tfs = cursor.tfs_from_here();
        for (std::size_t k = 0; k < docids.size(); ++k) {
          sums_[docids[k] - begin] += weight.near_score(tfs[k], lengths_[docids[k]]);
        }
        cursor.pass(docids.size());
      }
    }
    std::array<std::uint16_t, kStretchDocs> selected;
    std::size_t num_selected = 0;
    const double least = top_.lenient_threshold() - rest_[num_scanned_];
#pragma GCC unroll 8
    for (std::size_t place = 0; place < kStretchDocs; ++place) {
      selected[num_selected] = static_cast<std::uint16_t>(place);
      num_selected += sums_[place] > least;
    }
    for (std::size_t s = 0; s < num_selected; ++s) {
      if (batch_.is_full()) rank_added_up();
      batch_.add(begin + selected[s], sums_[selected[s]]);
    }
    rank_added_up();
  }

  /// Looks the documents of the batch up in the terms that were not scanned; what is left then, in
  /// all others.
  void rank_added_up() {
    for (std::size_t i = num_scanned_; i < order_.size(); ++i) {
      batch_.look_up(terms_[order_[i]], rest_[i + 1]);
    }
    for (std::size_t i = 0; i < num_scanned_; ++i) batch_.find_tfs(terms_[order_[i]]);
    batch_.offer(terms_);
  }

  /// Gives `take` the postings of each block, in [begin, end), and the indices of those that may
  /// score `least()`.
  template <typename Least, typename Take>
  void scan(const ScoredTerm& term, std::uint32_t begin, std::uint32_t end, Least least,
            Take take) {
    PostingsCursor& cursor = scans_[term.slot];
    std::uint16_t selected[kBlockValues];
    while (begin < end) {
      if (cursor.seek(begin, least_impact(term.weight, least()), end) >= end) return;
      const auto docids = cursor.docids_below(end);
      const auto tfs = cursor.tfs_from_here();
      const std::size_t num_selected =
          select_postings(term.weight, least(), lengths_, docids, tfs, selected);
      take(docids, tfs, std::span(selected, num_selected));
      begin = docids.back() + 1;
    }
  }

  /// Looks the documents of the batch up in the terms from a place in order_ on, and offers what is
  /// left.
  void rank_batch(std::size_t place) {
    for (; place < order_.size(); ++place) {
      batch_.look_up(terms_[order_[place]], rest_[place + 1]);
    }
    batch_.offer(terms_);
  }

  std::uint64_t num_docs_;
  U32Array lengths_;
  std::vector<ScoredTerm> terms_;  ///< By slot. Their cursors look candidates up.
  TopK& top_;
  CandidateBatch batch_;
  std::vector<PostingsCursor> impacts_;  ///< By slot; for their bounds alone.
  std::vector<PostingsCursor> scans_;    ///< By slot.
  std::vector<std::size_t> by_df_;       ///< The slots, rarest first.

  // Of the stretch.
  std::vector<double> bounds_;      ///< By slot, of those in order_.
  std::vector<std::size_t> order_;  ///< The slots whose terms may occur, rarest first.
  std::vector<double> rest_;        ///< The sum of the bounds from each place in order_ on.
  bool can_add_up_;
  std::size_t num_scanned_ = 0;  ///< Of order_; without candidates in the others.
  std::size_t num_free_ = 0;     ///< Of the scanned ones; all their postings are candidates.
  double share_ = 0;             ///< Of the bound of each other.
  bool adds_up_ = false;         ///< Instead: the scores in the scanned ones are added up.
  std::array<std::uint64_t, kStretchDocs / 64> candidates_;  ///< A bit for each document.
  std::array<double, kStretchDocs> sums_;                    ///< By document.
};

}  // namespace

void rank_any(const std::vector<const PlanNode*>& nodes, DocIterator* excluded,
              const SearchContext& context, TopK& top) {
  std::vector<ScoredTerm> terms;
  terms.reserve(nodes.size());
  for (const PlanNode* node : nodes) terms.emplace_back(*node, terms.size(), context);
  if (terms.empty()) return;
  Ranker(context, std::move(terms), excluded, top).run();
}

}  // namespace spimi
