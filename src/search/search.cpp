#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "search/index_state.h"
#include "spimi/index.h"

// Ranked and counted disjunctions, document at a time within windows of docids.
//
// Ranking is MaxScore (Turtle & Flood, IP&M 1995). Each term has a bound on what it can add to a
// score. Once the k-th best score so far exceeds the sum of the lowest bounds, documents that hold
// only those terms cannot be hits: such terms are "non-essential", and only looked up in documents
// that the others bring up. With one essential term left, the block bounds in its skip entries pass
// over whole blocks. None of that changes a hit or a bit of its score, which is always the sum in
// the order of the query's terms.

namespace spimi {
namespace {

constexpr double kK1 = 1.2;
constexpr double kB = 0.75;

/// Bounds are sums in another order than scores, so rounding can put a score above its bound by
/// some units in the last place. Thresholds give way by far more than that, and far less than would
/// cost speed.
constexpr double kSlack = 1 - 1e-9;

struct Term {
  std::size_t slot;  ///< Its place in the query.
  double idf;
  double max_score;
  PostingsCursor cursor;
};

/// The best k of the hits offered so far.
class TopK {
 public:
  explicit TopK(std::size_t k) : k_(k) {}

  /// Only a score above it can enter. A document that equals it would be a hit of greater docid,
  /// which ranks behind.
  double threshold() const { return threshold_; }

  /// Takes hits in ascending docid order.
  void offer(std::uint32_t docid, double score) {
    if (score <= threshold_) return;
    if (hits_.size() == k_) {
      std::pop_heap(hits_.begin(), hits_.end(), ranks_before);
      hits_.pop_back();
    }
    hits_.push_back({docid, score});
    std::push_heap(hits_.begin(), hits_.end(), ranks_before);
    if (hits_.size() == k_) threshold_ = hits_.front().score;
  }

  std::vector<Hit> take() {
    std::sort_heap(hits_.begin(), hits_.end(), ranks_before);
    return std::move(hits_);
  }

 private:
  /// The heap's top is the hit that ranks last.
  static bool ranks_before(const Hit& a, const Hit& b) {
    return a.score > b.score || (a.score == b.score && a.docid < b.docid);
  }

  std::size_t k_;
  double threshold_ = -std::numeric_limits<double>::infinity();
  std::vector<Hit> hits_;
};

class Ranker {
 public:
  /// `terms` in the order of their slots, of which there are as many.
  Ranker(const SegmentReader& segment, std::vector<Term> terms, std::size_t k)
      : segment_(segment), terms_(std::move(terms)), num_slots_(terms_.size()), top_(k) {
    std::stable_sort(terms_.begin(), terms_.end(),
                     [](const Term& a, const Term& b) { return a.max_score > b.max_score; });
    bound_from_.assign(num_slots_ + 1, 0);
    for (std::size_t i = num_slots_; i-- > 0;) {
      bound_from_[i] = bound_from_[i + 1] + terms_[i].max_score;
    }
    num_essential_ = num_slots_;
  }

  std::vector<Hit> run() {
    if (num_essential_ > 1) {
      for (Term& term : terms_) term.cursor.next();
      run_windows();
    } else if (num_essential_ == 1 && terms_[0].cursor.next_block()) {
      run_blocks();
    }
    return top_.take();
  }

 private:
  double score(const Term& term, std::uint32_t docid, std::uint32_t tf) const {
    const double relative_length = segment_.length(docid) / segment_.average_length();
    return term.idf * tf * (kK1 + 1) / (tf + kK1 * (1 - kB + kB * relative_length));
  }

  bool can_enter(double bound) const { return bound > top_.threshold() * kSlack; }

  void update_essential() {
    while (num_essential_ > 0 && !can_enter(bound_from_[num_essential_ - 1])) --num_essential_;
  }

  /// Adds the non-essential terms to a document whose essential scores are in `scores` and sum up
  /// to `sum`; offers it unless it falls behind on the way. Clears `scores`.
  void complete(std::uint32_t docid, double sum, double* scores) {
    std::size_t i = num_essential_;
    for (; i < num_slots_ && can_enter(sum + bound_from_[i]); ++i) {
      Term& term = terms_[i];
      if (term.cursor.seek(docid) != docid) continue;
      sum += scores[term.slot] = score(term, docid, term.cursor.tf());
    }
    if (i == num_slots_) {
      sum = 0;
      for (std::size_t slot = 0; slot < num_slots_; ++slot) sum += scores[slot];
      top_.offer(docid, sum);
    }
    std::fill_n(scores, num_slots_, 0.0);
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
        Term& term = terms_[i];
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
    Term& term = terms_[0];
    const double rest = bound_from_[1];
    std::vector<double> scores(num_slots_, 0.0);
    std::uint32_t done_to = term.cursor.docid();
    do {
      const auto docids = term.cursor.block_docids();
      const auto tfs = term.cursor.block_tfs();
      std::size_t i = 0;
      while (docids[i] < done_to) ++i;
      for (; i < docids.size(); ++i) {
        const double own = score(term, docids[i], tfs[i]);
        if (!can_enter(own + rest)) continue;
        scores[term.slot] = own;
        complete(docids[i], own, scores.data());
      }
      done_to = 0;
      update_essential();
    } while (num_essential_ > 0 && term.cursor.next_block(least_impact(term, rest)));
  }

  /// No posting of a block with a smaller max_impact can enter.
  unsigned least_impact(const Term& term, double rest) const {
    const double too_little = (top_.threshold() * kSlack - rest) / term.max_score * 255;
    return too_little > 0 ? static_cast<unsigned>(std::min(255.0, too_little)) + 1 : 0;
  }

  const SegmentReader& segment_;
  std::vector<Term> terms_;  ///< Highest bound first; the first num_essential_ are essential.
  std::size_t num_slots_;
  std::size_t num_essential_;
  std::vector<double> bound_from_;  ///< The sum of max_score from each term on.
  TopK top_;
};

}  // namespace

std::vector<Hit> Index::search(const std::vector<std::string>& terms, std::size_t k) const {
  const SegmentReader& segment = state_->segment;
  const auto num_docs = static_cast<double>(segment.num_docs());
  std::vector<Term> found;
  for (const std::string& term : terms) {
    const auto info = segment.find(term);
    if (!info) continue;
    const double df = info->df;
    const double idf = std::log(1 + (num_docs - df + 0.5) / (df + 0.5));
    found.push_back({found.size(), idf, idf * (kK1 + 1), segment.postings(*info)});
  }
  if (found.empty() || k == 0) return {};
  k = static_cast<std::size_t>(std::min<std::uint64_t>(k, segment.num_docs()));
  return Ranker(segment, std::move(found), k).run();
}

std::uint64_t Index::count(const std::vector<std::string>& terms) const {
  std::vector<TermInfo> infos;
  std::vector<std::string> distinct = terms;
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  for (const std::string& term : distinct) {
    if (const auto info = state_->segment.find(term)) infos.push_back(*info);
  }
  if (infos.empty()) return 0;
  if (infos.size() == 1) return infos[0].df;

  std::vector<PostingsCursor> cursors;
  for (const TermInfo& info : infos) {
    cursors.push_back(state_->segment.postings(info));
    cursors.back().next();
  }
  constexpr std::size_t kWindowDocs = 65536;
  std::vector<std::uint64_t> found(kWindowDocs / 64);
  std::uint64_t num_docs = 0;
  while (true) {
    std::uint32_t first = PostingsCursor::kEnd;
    for (const PostingsCursor& cursor : cursors) first = std::min(first, cursor.docid());
    if (first == PostingsCursor::kEnd) return num_docs;
    const auto end = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(std::uint64_t{first} + kWindowDocs, PostingsCursor::kEnd));
    for (PostingsCursor& cursor : cursors) {
      for (std::uint32_t docid = cursor.docid(); docid < end; docid = cursor.next()) {
        found[(docid - first) / 64] |= std::uint64_t{1} << (docid - first) % 64;
      }
    }
    for (std::uint64_t& word : found) {
      num_docs += static_cast<unsigned>(std::popcount(word));
      word = 0;
    }
  }
}

}  // namespace spimi
