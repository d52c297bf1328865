#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "format/segment_reader.h"
#include "search/scored_term.h"
#include "search/top_k.h"

namespace spimi {

/// What is compared in single precision is compared with so much of it, which makes up for the
/// rounding of kMaxQuickTerms and more.
inline constexpr double kQuickMargin = 1 - 1e-5;
inline constexpr std::size_t kMaxQuickTerms = 64;

/// The scores in single precision are from here,
inline constexpr double kLeastQuick = std::numeric_limits<float>::min();
/// to here, so that a sum is in range.
inline constexpr double kMostQuick = 1e36;

/// What such a score or a sum of them is compared with to be found if it may be `least`. Never 0:
/// that is the sum of what has no posting.
inline float quick_least(double least, double margin = kQuickMargin) {
  return static_cast<float>(std::clamp(least * margin, kLeastQuick, kMostQuick));
}

static_assert(kQuickSlack <= kBitmapSlack);  // of the blocks of a cursor

/// Postings of a block, with room for all of it and kQuickSlack.
struct PostingRows {
  std::uint32_t *docids, *tfs, *lengths;
  float* scores;
};

/// Room for the rows of a block.
struct KeptPostings {
  using Row = std::array<std::uint32_t, kBlockValues + kQuickSlack>;
  Row docids, tfs, lengths;
  std::array<float, kBlockValues + kQuickSlack> scores;

  PostingRows rows() { return {docids.data(), tfs.data(), lengths.data(), scores.data()}; }
};

/// Adds what some postings score to `sums`, in single precision: not less than that but for
/// rounding. 0 for a tf of 0.
inline void add_scores(const TermWeight& weight, const std::uint32_t* tfs,
                       const std::uint32_t* lengths, float* sums, std::size_t size) {
  if (weight.has_quick_score()) {
    return add_quick_scores(weight.quick_score(), tfs, lengths, sums, size);
  }
  for (std::size_t i = 0; i < size; ++i) {
    if (tfs[i] == 0) continue;
    const double score = weight.score(tfs[i], lengths[i]);
    sums[i] += static_cast<float>(std::clamp(score, kLeastQuick, kMostQuick));
  }
}

/// Keeps of some postings of a block those that may score `least` or more; returns how many. Behind
/// `docids` and `tfs` there is kQuickSlack to be read.
inline std::size_t keep_postings(const TermWeight& weight, const U32Array& all_lengths,
                                 double least, std::span<const std::uint32_t> docids,
                                 std::span<const std::uint32_t> tfs, const PostingRows& kept) {
  const std::uint32_t least_tf = weight.least_tf(least);
  if (least_tf <= 1 && weight.has_quick_score()) {
    all_lengths.gather(docids.data(), docids.size(), kept.lengths);
    return keep_scores(weight.quick_score(), quick_least(least), docids.data(), tfs.data(),
                       docids.size(), kept.docids, kept.tfs, kept.lengths, kept.scores);
  }
  const std::size_t size =
      keep_frequent(docids.data(), tfs.data(), docids.size(), least_tf, kept.docids, kept.tfs);
  all_lengths.gather(kept.docids, size, kept.lengths);
  if (weight.has_quick_score()) {
    return keep_scores(weight.quick_score(), quick_least(least), kept.docids, kept.tfs, size,
                       kept.docids, kept.tfs, kept.lengths, kept.scores);
  }
  std::fill_n(kept.scores, size, 0.0f);
  add_scores(weight, kept.tfs, kept.lengths, kept.scores, size);
  KeptSet set;
  const std::size_t num_kept = find_kept(kept.scores, nullptr, size, quick_least(least), set);
  for (std::uint32_t* row : {kept.docids, kept.tfs, kept.lengths}) keep_values(set, size, row);
  keep_values(set, size, kept.scores);
  return num_kept;
}

/// Up to two blocks of documents, ascending, that may be hits. They are taken through the terms of
/// a query together, term by term, with vector code in single precision; after each term those drop
/// out whose score cannot be enough any more. What is left is scored exactly.
class CandidateBatch {
 public:
  static constexpr std::size_t kMaxDocs = 2 * kBlockValues;

  /// A query has `num_terms`, in slots from 0 on. No document that `excluded` matches is a hit.
  CandidateBatch(std::size_t num_terms, const PlanNode& excluded, const SearchContext& context,
                 TopK& top)
      : context_(context),
        all_lengths_(context.segment.lengths()),
        top_(top),
        is_bm25_(context.rank.ranking == Ranking::kBm25 && context.rank.k1 > 0),
        margin_(1 - (1 - kQuickMargin) * (1 + static_cast<double>(num_terms) / kMaxQuickTerms)),
        rows_(num_terms),
        is_known_(num_terms, false) {
    if (!excluded.clauses.empty()) excluding_ = make_iterator(excluded, context, false);
  }

  bool is_full() const { return size_ == kMaxDocs; }
  bool has_room_for_block() const { return size_ + kBlockValues <= kMaxDocs; }

  /// Adds a document that is behind all others, and scores `sum` in terms of which take_tfs is to
  /// be told before it is offered.
  void add(std::uint32_t docid, float sum = 0) {
    docids_[size_] = docid;
    lengths_[size_] = all_lengths_[docid];
    sums_[size_] = sum;
    ++size_;
  }
  /// Adds those of some postings of a block of a term, the same as before, that may score `least`
  /// or more.
  void add_postings(const ScoredTerm& term, double least, std::span<const std::uint32_t> docids,
                    std::span<const std::uint32_t> tfs) {
    const PostingRows rows{&docids_[size_], &rows_[term.slot][size_], &lengths_[size_],
                           &sums_[size_]};
    size_ += keep_postings(term.weight, all_lengths_, least, docids, tfs, rows);
    is_known_[term.slot] = true;
  }

  /// Looks the documents up in another term and adds what it scores. Drops those that score no more
  /// than the threshold with `rest` added, and if it is required those that do not have it.
  void look_up(const ScoredTerm& term, PostingsCursor& cursor, double rest) {
    if (size_ == 0) return;
    Row& tfs = rows_[term.slot];
    const float least = least_sum(rest);
    std::array<std::uint16_t, kMaxDocs + kQuickSlack> min_impacts;
    if (term.weight.has_impacts() && term.weight.has_quick_score()) {
      lacking_impacts(sums_.data(), size_, least, static_cast<float>(term.weight.bound()),
                      min_impacts.data());
    } else {
      std::fill_n(min_impacts.begin(), size_, std::uint16_t{0});
    }
    cursor.look_up({docids_.data(), size_}, min_impacts.data(), tfs.data());
    is_known_[term.slot] = true;
    add_scores(term.weight, tfs.data(), lengths_.data(), sums_.data(), size_);
    keep(term.is_required ? tfs.data() : nullptr, least);
  }

  /// Takes the tfs of a term that is in the sums from its postings in `docids`, ascending, with
  /// kQuickSlack of kEnd behind them: those of all hits at least.
  void take_tfs(const ScoredTerm& term, const std::uint32_t* docids, const std::uint32_t* tfs) {
    Row& row = rows_[term.slot];
    std::size_t at = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      while (docids[at + kQuickSlack - 1] < docids_[i]) at += kQuickSlack;
      std::size_t num_less = 0;
      for (std::size_t k = 0; k < kQuickSlack; ++k) num_less += docids[at + k] < docids_[i] ? 1 : 0;
      at += num_less;
      row[i] = docids[at] == docids_[i] ? tfs[at] : 0;
    }
    is_known_[term.slot] = true;
  }

  /// Offers what is left, with scores that are sums in the order of the slots, and is empty then.
  /// `terms` are by slot; those that were not given to `add_postings` or `look_up` are in none.
  void offer(std::span<const ScoredTerm> terms) {
    known_.clear();
    for (const ScoredTerm& term : terms) {
      if (is_known_[term.slot]) known_.push_back({&term.weight, rows_[term.slot].data()});
    }
    float least = least_sum(0);
    for (std::size_t i = 0; i < size_; ++i) {
      if (sums_[i] < least || is_excluded(docids_[i])) continue;
      top_.offer(docids_[i], context_.total_score(docids_[i], score_of(i)));
      least = least_sum(0);
    }
    size_ = 0;
    is_known_.assign(rows_.size(), false);
  }

 private:
  using Row = std::array<std::uint32_t, kMaxDocs + kQuickSlack>;

  /// The sum that it takes for a document to be a hit if it scores `rest` more.
  float least_sum(double rest) const {
    const double least = top_.lenient_threshold() - rest;
    return least > 0 ? quick_least(least, margin_) : 0;
  }

  double score_of(std::size_t i) const {
    double sum = 0;
    if (is_bm25_) {
      // Those that it does not have add 0: quicker than to ask.
      const double norm = known_[0].weight->bm25_norm(lengths_[i]);
      for (const KnownTerm& term : known_) sum += term.weight->bm25_score(term.tfs[i], norm);
    } else {
      for (const KnownTerm& term : known_) {
        if (term.tfs[i] != 0) sum += term.weight->score(term.tfs[i], lengths_[i]);
      }
    }
    return sum;
  }

  /// Docids ascend.
  bool is_excluded(std::uint32_t docid) {
    if (excluding_ == nullptr) return false;
    if (excluding_->docid() < docid) excluding_->seek(docid);
    return excluding_->docid() == docid && excluding_->matches();
  }

  /// Keeps the documents whose sums are `least` or more, and that have a tf unless `tfs` is null.
  void keep(const std::uint32_t* tfs, float least) {
    KeptSet kept;
    const std::size_t num_kept = find_kept(sums_.data(), tfs, size_, least, kept);
    if (num_kept == size_) return;
    if (num_kept > 0) {
      keep_values(kept, size_, docids_.data());
      keep_values(kept, size_, lengths_.data());
      keep_values(kept, size_, sums_.data());
      for (std::size_t slot = 0; slot < rows_.size(); ++slot) {
        if (is_known_[slot]) keep_values(kept, size_, rows_[slot].data());
      }
    }
    size_ = num_kept;
  }

  const SearchContext& context_;
  U32Array all_lengths_;
  std::unique_ptr<DocIterator> excluding_;
  TopK& top_;
  bool is_bm25_;
  double margin_;  ///< For as many scores as there are terms.
  std::size_t size_ = 0;
  Row docids_, lengths_;
  std::array<float, kMaxDocs + kQuickSlack> sums_;
  std::vector<Row> rows_;  ///< The tfs, by slot.
  struct KnownTerm {
    const TermWeight* weight;
    const std::uint32_t* tfs;
  };
  std::vector<KnownTerm> known_;
  std::vector<bool> is_known_;  ///< By slot: whether the tfs are, and in the sums.
};

}  // namespace spimi
