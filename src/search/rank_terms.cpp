#include "search/rank_terms.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <memory>
#include <span>

#include "search/candidate_batch.h"
#include "search/rank_term.h"
#include "search/stretch_bounds.h"
#include "search/stretch_sums.h"

// Ranked queries of several terms, in stretches of docids. The skip entries bound what each term
// scores in a stretch, which tells what a hit there takes more than the threshold, the k-th best
// score so far:
//  - the terms that it must have ("needed"), as the query says so or all others together score too
//    little;
//  - for each term the least score that a posting must have, even if all others reach their bounds.
//
// Where there is a needed term, the rarest such term is scanned, and those of its documents that
// may be hits are looked up in the others, rarest first. Where there is none, a hit has a term that
// scores more than its share of the threshold, whatever shares that is cut into:
//  - the commonest terms, as many as it pays, get their whole bounds, which no posting exceeds, so
//    that they need not be scanned ("non-essential", MaxScore: Turtle & Flood, IP&M 1995);
//  - the rarest get nothing: each of their postings makes its document a candidate;
//  - those between divide what is left in proportion to their bounds.
// Candidates are then looked up in all terms. Where that would give too many of them, the scores in
// all scanned terms are added up instead, document by document, and only those whose sum may be
// enough with the bounds of the others are looked up in these. None of that changes a hit or a bit
// of its score, which is always the sum in the order of the query's terms.

namespace spimi {
namespace {

/// There are 2^kShift documents in a stretch: so many that finding its bounds costs little.
constexpr unsigned kShift = 11;
static_assert(1u << kShift == StretchSums::kDocs);
/// With a required term there are as many, to 2^kMaxShift, as it takes for the rarest to have
/// kMinBlocks of postings.
constexpr unsigned kMaxShift = 16;
constexpr std::uint64_t kMinBlocks = 4;

unsigned stretch_shift(const std::vector<ScoredTerm>& terms, std::uint64_t num_docs) {
  std::uint64_t df = num_docs;
  for (const ScoredTerm& term : terms) {
    if (term.is_required) df = std::min<std::uint64_t>(df, term.info.df);
  }
  unsigned shift = kShift;
  while (shift < kMaxShift && (df << shift) < num_docs * kBlockValues * kMinBlocks) ++shift;
  return shift;
}

class Ranker {
 public:
  /// `terms` in the order of their slots, of which there are as many.
  Ranker(const SearchContext& context, std::vector<ScoredTerm> terms, const PlanNode& excluded,
         TopK& top)
      : list_files_(context.segment.list_files()),
        num_docs_(context.segment.num_docs()),
        lengths_(context.segment.lengths()),
        terms_(std::move(terms)),
        top_(top),
        batch_(terms_.size(), excluded, context, top),
        shift_(stretch_shift(terms_, num_docs_)),
        stretches_(terms_, shift_),
        can_expect_(excluded.clauses.empty()),
        can_add_up_(terms_.size() <= kMaxQuickTerms),
        bounds_(terms_.size()),
        rest_(terms_.size() + 1, 0.0) {
    scans_.reserve(terms_.size());
    look_ups_.reserve(terms_.size());
    for (const ScoredTerm& term : terms_) {
      can_expect_ &= !term.is_required;
      can_add_up_ &= term.weight.has_quick_score();
      by_df_.push_back(term.slot);
    }
    open_cursors();
    expect_best(excluded);
    std::stable_sort(by_df_.begin(), by_df_.end(), [this](std::size_t a, std::size_t b) {
      return terms_[a].info.df < terms_[b].info.df;
    });
  }

  void run() {
    for (std::uint32_t begin = 0; begin < num_docs_;) {
      const std::uint32_t end = stretches_.survey(begin, num_docs_);
      const std::size_t num_stretches = ((std::uint64_t{end} - begin - 1) >> shift_) + 1;
      const std::size_t best =
          begin == 0 && begins_with_best_ ? rank_best(num_stretches, end) : num_stretches;
      for (std::size_t i = 0; i < num_stretches; ++i) {
        if (i != best && top_.can_enter(stretches_.total(i))) rank_stretch(i, begin, end);
      }
      begin = end;
    }
  }

 private:
  /// What it costs to look up a candidate in a term, where scanning a posting costs 1.
  static constexpr double kLookUpCost = 5;
  /// What it costs to add up the score of a posting.
  static constexpr double kAddCost = 4;
  /// For so many terms all ways of parting them are tried.
  static constexpr std::size_t kMaxTermsToPart = 16;

  /// Tells what the best documents of one term score at the least, where they are hits whatever
  /// else they have.
  void expect_best(const PlanNode& excluded) {
    if (!excluded.clauses.empty()) return;
    const auto num_required = std::count_if(terms_.begin(), terms_.end(),
                                            [](const ScoredTerm& t) { return t.is_required; });
    begins_with_best_ = num_required > 1;
    if (begins_with_best_) return;
    for (const ScoredTerm& term : terms_) {
      if (term.is_required || num_required == 0) top_.expect(term.reached_by_best(top_.k()));
    }
  }

  /// Ranks the stretch of the largest bound before the others, where nothing is known of what a hit
  /// takes: its hits leave less to do in the others. Returns which one that is. The cursors of the
  /// others have yet to go through all before it, so it has its own.
  std::size_t rank_best(std::size_t num_stretches, std::uint32_t end) {
    std::size_t best = 0;
    for (std::size_t i = 1; i < num_stretches; ++i) {
      if (stretches_.total(i) > stretches_.total(best)) best = i;
    }
    if (best == 0 || !top_.can_enter(stretches_.total(best))) return num_stretches;
    rank_stretch(best, 0, end);
    open_cursors();
    return best;
  }

  /// Of those that were surveyed together, which are the documents [begin, end).
  void rank_stretch(std::size_t i, std::uint32_t surveyed_begin, std::uint32_t surveyed_end) {
    const auto begin = surveyed_begin + static_cast<std::uint32_t>(i << shift_);
    const auto end = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(surveyed_end, begin + (std::uint64_t{1} << shift_)));
    order_.clear();
    for (const std::size_t slot : by_df_) {
      if (!stretches_.has(slot, i)) continue;
      bounds_[slot] = stretches_.bound(slot, i);
      order_.push_back(slot);
    }
    const double total = stretches_.total(i);
    const auto needed_end =
        std::stable_partition(order_.begin(), order_.end(), [&](std::size_t slot) {
          return terms_[slot].is_required || !top_.can_enter(total - bounds_[slot]);
        });
    const bool is_any_needed = needed_end != order_.begin();
    rest_[order_.size()] = 0;
    for (std::size_t k = order_.size(); k-- > 0;) rest_[k] = rest_[k + 1] + bounds_[order_[k]];
    if (is_any_needed) return rank_only_scan(begin, end);
    part_terms();
    if (adds_up_) {
      rank_sums(begin, end);
    } else if (num_scanned_ == 1) {
      rank_only_scan(begin, end);
    } else {
      rank_scans(begin, end);
    }
  }

  /// Chooses how many terms of order_ are scanned, and how many of these have no share or that
  /// their scores are added up, so that it costs least.
  void part_terms() {
    num_scanned_ = num_free_ = order_.size();
    share_ = 0;
    adds_up_ = can_add_up_ && num_scanned_ > 1;
    if (!(top_.threshold() > 0)) return;
    adds_up_ = false;
    const double candidate_cost = kLookUpCost * static_cast<double>(order_.size());
    double least_cost = std::numeric_limits<double>::infinity();
    for (std::size_t scanned = order_.size(); scanned > 0 && !top_.can_enter(rest_[scanned]);
         --scanned) {
      // From the last on, those that share.
      double sharing_postings = 0, free_postings = 0;
      for (std::size_t i = 0; i < scanned; ++i) free_postings += terms_[order_[i]].info.df;
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
        const double df = terms_[order_[free - 1]].info.df;
        sharing_postings += df;
        free_postings -= df;
      }
    }
  }

  /// Ranks the documents of the one term that is scanned.
  void rank_only_scan(std::uint32_t begin, std::uint32_t end) {
    const ScoredTerm& term = terms_[order_[0]];
    const auto least = [&] { return top_.lenient_threshold() - rest_[1]; };
    scan(term, begin, end, least, [&](auto docids, auto tfs) {
      batch_.add_postings(term, least(), docids, tfs);
      if (!batch_.has_room_for_block()) rank_scanned();
    });
    rank_scanned();
  }

  void rank_scanned() {
    for (std::size_t place = 1; place < order_.size(); ++place) look_up(place);
    batch_.offer(terms_);
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
          [&](auto docids, auto tfs) {
            const std::size_t num_kept =
                keep_postings(term.weight, lengths_, least, docids, tfs, kept_.rows());
            for (std::size_t k = 0; k < num_kept; ++k) {
              const std::uint32_t place = kept_.docids[k] - begin;
              candidates_[place / 64] |= std::uint64_t{1} << place % 64;
            }
          });
    }
    for (std::size_t word = 0; word < candidates_.size(); ++word) {
      for (std::uint64_t bits = candidates_[word]; bits != 0; bits &= bits - 1) {
        if (batch_.is_full()) rank_batch();
        const std::size_t place = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
        batch_.add(begin + static_cast<std::uint32_t>(place));
      }
    }
    rank_batch();
  }

  void rank_batch() {
    for (std::size_t place = 0; place < order_.size(); ++place) look_up(place);
    batch_.offer(terms_);
  }

  /// Ranks the documents whose scores in the terms that are scanned add up to enough.
  void rank_sums(std::uint32_t begin, std::uint32_t end) {
    if (sums_ == nullptr) sums_ = std::make_unique<StretchSums>(terms_.size());
    sums_->begin(begin);
    for (std::size_t i = 0; i < num_scanned_; ++i) {
      const ScoredTerm& term = terms_[order_[i]];
      const double least = top_.lenient_threshold() - (rest_[0] - bounds_[term.slot]);
      sums_->begin_term();
      scan(
          term, begin, end, [=] { return least; },
          [&](auto docids, auto tfs) { sums_->add(term.weight, lengths_, least, docids, tfs); });
    }
    StretchSums::Places places;
    const auto find = [&] {
      const double least = top_.lenient_threshold() - rest_[num_scanned_];
      return sums_->find(quick_least(least), places);
    };
    auto found = find();
    if (can_expect_ && found.size() > 2 * top_.k()) {
      top_.expect(sums_->reached_by_best(top_.k(), found));
      found = find();
    }
    for (const std::uint32_t place : found) {
      if (batch_.is_full()) rank_added_up();
      batch_.add(sums_->docid(place), sums_->sum(place));
    }
    rank_added_up();
  }

  /// Looks the documents of the batch up in the terms that were not scanned; what is left then has
  /// the tfs of the others.
  void rank_added_up() {
    for (std::size_t i = num_scanned_; i < order_.size(); ++i) look_up(i);
    for (std::size_t i = 0; i < num_scanned_; ++i) {
      batch_.take_tfs(terms_[order_[i]], sums_->docids(i), sums_->tfs(i));
    }
    batch_.offer(terms_);
  }

  /// Gives `take` the docids and tfs in [begin, end) of each block that may score `least()`.
  template <typename Least, typename Take>
  void scan(const ScoredTerm& term, std::uint32_t begin, std::uint32_t end, Least least,
            Take take) {
    PostingsCursor& cursor = scans_[term.slot];
    while (begin < end) {
      if (cursor.seek(begin, least_impact(term.weight, least()), end) >= end) return;
      const auto docids = cursor.docids_below(end);
      take(docids, cursor.tfs_from_here().first(docids.size()));
      begin = docids.back() + 1;
    }
  }

  void look_up(std::size_t place) {
    const std::size_t slot = order_[place];
    batch_.look_up(terms_[slot], look_ups_[slot], rest_[place + 1]);
  }

  void open_cursors() {
    scans_.clear();
    look_ups_.clear();
    for (const ScoredTerm& term : terms_) {
      scans_.emplace_back(list_files_, term.info);
      look_ups_.emplace_back(list_files_, term.info);
    }
  }

  const ListFiles& list_files_;
  std::uint64_t num_docs_;
  U32Array lengths_;
  std::vector<ScoredTerm> terms_;  ///< By slot.
  TopK& top_;
  CandidateBatch batch_;
  unsigned shift_;
  StretchBounds stretches_;
  /// Whether any document that has a term counts.
  bool can_expect_;
  /// Whether the best stretch comes first. What is excluded is gone through in the order of docids.
  bool begins_with_best_ = false;
  bool can_add_up_;
  std::vector<std::size_t> by_df_;        ///< The slots, rarest first.
  std::vector<PostingsCursor> scans_;     ///< By slot; for going through postings,
  std::vector<PostingsCursor> look_ups_;  ///< and for looking candidates up.

  // Of the stretch.
  std::vector<double> bounds_;  ///< By slot, of those in order_.
  /// The slots whose terms may occur: the needed ones, then the others; rarest first.
  std::vector<std::size_t> order_;
  std::vector<double> rest_;     ///< The sum of the bounds from each place in order_ on.
  std::size_t num_scanned_ = 0;  ///< Of order_; without candidates in the others.
  std::size_t num_free_ = 0;     ///< Of the scanned ones; all their postings are candidates.
  double share_ = 0;             ///< Of the bound of each other.
  bool adds_up_ = false;         ///< Instead: the scores in the scanned ones are added up.
  std::array<std::uint64_t, StretchSums::kDocs / 64> candidates_;  ///< A bit for each document.
  KeptPostings kept_;
  std::unique_ptr<StretchSums> sums_;  ///< When they are needed.
};

}  // namespace

void rank_terms(const PlanNode& root, const SearchContext& context, TopK& top) {
  std::vector<ScoredTerm> terms;
  terms.reserve(root.clauses.size() + 1);
  PlanNode excluded;
  if (root.kind == PlanNode::Kind::kTerm) terms.emplace_back(root, 0, false, context);
  for (const PlanClause& clause : root.clauses) {
    if (clause.occur == Occur::kNot) {
      excluded.kind = PlanNode::Kind::kBoolean;
      excluded.clauses.push_back({Occur::kShould, clause.node});
    } else {
      terms.emplace_back(clause.node, terms.size(), clause.occur == Occur::kMust, context);
    }
  }
  if (terms.size() == 1) {
    rank_term(terms[0], excluded, context, top);
  } else if (!terms.empty()) {
    Ranker(context, std::move(terms), excluded, top).run();
  }
}

}  // namespace spimi
