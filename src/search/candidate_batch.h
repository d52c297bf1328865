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

/// What is compared in single precision is compared with so much of it.
inline constexpr double kQuickMargin = 1 - 1e-5;

/// The postings of a block that may have a score, with those scores.
struct KeptPostings {
  using Row = std::array<std::uint32_t, kBlockValues + kQuickSlack>;
  Row docids, tfs, lengths;
  std::array<float, kBlockValues + kQuickSlack> scores;

  /// Never 0: that is the score of what has no posting.
  static float quick_least(double least) {
    return std::max(std::numeric_limits<float>::min(), static_cast<float>(least * kQuickMargin));
  }

  /// Keeps those that may score `least` or more; returns how many. There are scores if the weight
  /// has a quick_score.
  std::size_t keep(const TermWeight& weight, const U32Array& all_lengths, double least,
                   std::span<const std::uint32_t> all_docids,
                   std::span<const std::uint32_t> all_tfs) {
    const std::size_t size = keep_frequent(all_docids.data(), all_tfs.data(), all_docids.size(),
                                           weight.least_tf(least), docids.data(), tfs.data());
    if (!weight.has_near_score()) return size;
    all_lengths.gather(docids.data(), size, lengths.data());
    return keep_scores(weight.quick_score(), quick_least(least), docids.data(), tfs.data(),
                       lengths.data(), scores.data(), size);
  }
};

/// Up to two blocks of documents, ascending, that may be hits. They are taken through the terms of
/// a query together, term by term, in loops without branches that depend on the data; after each
/// term those drop out whose score cannot be enough any more.
class CandidateBatch {
 public:
  static constexpr std::size_t kMaxDocs = 2 * kBlockValues;

  /// A query has `num_terms`, in slots from 0 on. No document that `excluded` matches is a hit.
  CandidateBatch(std::size_t num_terms, const PlanNode& excluded, const SearchContext& context,
                 TopK& top)
      : context_(context),
        all_lengths_(context.segment.lengths()),
        top_(top),
        rows_(num_terms),
        is_known_(num_terms, false) {
    if (!excluded.clauses.empty()) excluding_ = make_iterator(excluded, context, false);
  }

  bool is_full() const { return size_ == kMaxDocs; }
  bool has_room_for_block() const { return size_ + kBlockValues <= kMaxDocs; }

  /// Adds a document that is behind all others, and scores `sum` in terms of which find_tfs is to
  /// be told before it is offered.
  void add(std::uint32_t docid, double sum = 0) {
    docids_[size_] = docid;
    lengths_[size_] = all_lengths_[docid];
    sums_[size_] = sum;
    ++size_;
  }
  /// Adds those of some postings of a block of a term, the same as before, that may score `least`
  /// or more.
  void add_postings(const ScoredTerm& term, double least, std::span<const std::uint32_t> docids,
                    std::span<const std::uint32_t> tfs) {
    const std::size_t begin = size_;
    std::uint32_t* const kept_docids = &docids_[begin];
    std::uint32_t* const kept_tfs = &rows_[term.slot][begin];
    std::size_t size = keep_frequent(docids.data(), tfs.data(), docids.size(),
                                     term.weight.least_tf(least), kept_docids, kept_tfs);
    all_lengths_.gather(kept_docids, size, &lengths_[begin]);
    if (least > 0 && term.weight.has_near_score()) {
      std::array<float, kBlockValues + kQuickSlack> scores;
      size = keep_scores(term.weight.quick_score(), static_cast<float>(least * kQuickMargin),
                         kept_docids, kept_tfs, &lengths_[begin], scores.data(), size);
    }
    size_ += size;
    std::fill_n(&sums_[begin], size, 0.0);
  }

  /// Adds what the term of add_postings scores. Drops the documents that score no more than the
  /// threshold with `rest` added.
  void score(const ScoredTerm& term, double rest) {
    add_scores(term);
    drop([&](std::size_t i) { return top_.can_enter(sums_[i] + rest); });
  }

  /// Looks the documents up in another term and adds what it scores. Drops those that score no more
  /// than the threshold with `rest` added, and if it is required those that do not have it.
  void look_up(const ScoredTerm& term, PostingsCursor& cursor, double rest) {
    if (size_ == 0) return;
    Row& row = rows_[term.slot];
    // The impact that it takes for a document to be a hit; all blocks have 1 at least.
    const double least = top_.lenient_threshold() - rest;
    std::array<std::uint16_t, kMaxDocs> min_impacts;
    std::fill_n(min_impacts.begin(), size_, std::uint16_t{0});
    if (term.weight.has_impacts() && least > 0 && term.weight.bound() > 0) {
      const double scale = 255 / term.weight.bound();
      for (std::size_t i = 0; i < size_; ++i) {
        const double impact = std::clamp((least - sums_[i]) * scale, 0.0, 255.0);
        min_impacts[i] = static_cast<std::uint16_t>(static_cast<int>(impact) + 1);
      }
    }
    cursor.look_up({docids_.data(), size_}, min_impacts.data(), row.data());
    add_scores(term);
    const bool may_lack = !term.is_required;
    drop([&](std::size_t i) {
      return static_cast<int>(top_.can_enter(sums_[i] + rest)) &
             static_cast<int>(may_lack || row[i] != 0);
    });
  }

  /// Looks the documents up in a term that is in the sums. Drops those that do not have it if it is
  /// required.
  void find_tfs(const ScoredTerm& term, PostingsCursor& cursor) {
    if (size_ == 0) return;
    constexpr std::array<std::uint16_t, kMaxDocs> kAnyImpact{};
    cursor.look_up({docids_.data(), size_}, kAnyImpact.data(), rows_[term.slot].data());
    is_known_[term.slot] = true;
    if (term.is_required) drop([&](std::size_t i) { return rows_[term.slot][i] != 0; });
  }

  /// Offers what is left, with scores that are sums in the order of the slots, and is empty then.
  /// `terms` are by slot; those that were not given to `score` or `look_up` are in none.
  void offer(std::span<const ScoredTerm> terms) {
    for (std::size_t i = 0; i < size_; ++i) {
      if (!top_.can_enter(sums_[i]) || is_excluded(docids_[i])) continue;
      double sum = 0;
      for (const ScoredTerm& term : terms) {
        const std::uint32_t tf = is_known_[term.slot] ? rows_[term.slot][i] : 0;
        if (tf != 0) sum += term.weight.score(tf, lengths_[i]);
      }
      top_.offer(docids_[i], context_.total_score(docids_[i], sum));
    }
    size_ = 0;
    is_known_.assign(rows_.size(), false);
  }

 private:
  using Row = std::array<std::uint32_t, kMaxDocs + kQuickSlack>;

  /// Docids ascend.
  bool is_excluded(std::uint32_t docid) {
    if (excluding_ == nullptr) return false;
    if (excluding_->docid() < docid) excluding_->seek(docid);
    return excluding_->docid() == docid && excluding_->matches();
  }

  void add_scores(const ScoredTerm& term) {
    is_known_[term.slot] = true;
    const Row& row = rows_[term.slot];
    const TermWeight weight = term.weight;
    if (weight.has_near_score()) {
      for (std::size_t i = 0; i < size_; ++i) sums_[i] += weight.near_score(row[i], lengths_[i]);
    } else {
      for (std::size_t i = 0; i < size_; ++i) {
        if (row[i] != 0) sums_[i] += weight.score(row[i], lengths_[i]);
      }
    }
  }

  template <typename Keep>
  void drop(Keep keep) {
    std::uint16_t kept[kMaxDocs];
    std::size_t num_kept = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      kept[num_kept] = static_cast<std::uint16_t>(i);
      num_kept += keep(i);
    }
    if (num_kept == size_) return;
    size_ = num_kept;
    compact(docids_, kept);
    compact(lengths_, kept);
    compact(sums_, kept);
    for (std::size_t slot = 0; slot < rows_.size(); ++slot) {
      if (is_known_[slot]) compact(rows_[slot], kept);
    }
  }

  template <typename Values>
  void compact(Values& values, const std::uint16_t* kept) {
    for (std::size_t i = 0; i < size_; ++i) values[i] = values[kept[i]];
  }

  const SearchContext& context_;
  U32Array all_lengths_;
  std::unique_ptr<DocIterator> excluding_;
  TopK& top_;
  std::size_t size_ = 0;
  Row docids_, lengths_;
  std::array<double, kMaxDocs> sums_;
  std::vector<Row> rows_;       ///< The tfs, by slot.
  std::vector<bool> is_known_;  ///< By slot: whether the tfs are, and in the sums.
};

}  // namespace spimi
