#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "format/segment_reader.h"
#include "search/scored_term.h"
#include "search/top_k.h"

namespace spimi {

/// Up to a block of documents, ascending, that may be hits. They are taken through the terms of a
/// query together, term by term, in loops without branches that depend on the data; after each term
/// those drop out whose score cannot be enough any more.
class CandidateBatch {
 public:
  static constexpr std::size_t kMaxDocs = kBlockValues;

  /// A query has `num_terms`, in slots from 0 on.
  CandidateBatch(std::size_t num_terms, DocIterator* excluded, const SearchContext& context,
                 TopK& top)
      : context_(context),
        all_lengths_(context.segment.lengths()),
        excluded_(excluded),
        top_(top),
        rows_(num_terms),
        is_known_(num_terms, false) {}

  std::size_t size() const { return size_; }
  bool is_full() const { return size_ == kMaxDocs; }

  /// Adds a document that is behind all others, and scores `sum` in terms of which find_tfs is to
  /// be told before it is offered.
  void add(std::uint32_t docid, double sum = 0) {
    docids_[size_] = docid;
    lengths_[size_] = all_lengths_[docid];
    sums_[size_] = sum;
    ++size_;
  }
  /// And what its tf is in one slot, the same for all.
  void add(std::uint32_t docid, std::size_t slot, std::uint32_t tf) {
    rows_[slot][size_] = tf;
    add(docid);
  }

  /// Adds what a term scores whose tfs were set. Drops the documents that score no more than the
  /// threshold with `rest` added.
  void score(const ScoredTerm& term, double rest) {
    add_scores(term);
    drop([&](std::size_t i) { return top_.can_enter(sums_[i] + rest); });
  }

  /// Looks the documents up in another term and adds what it scores. Drops those that score no more
  /// than the threshold with `rest` added.
  void look_up(ScoredTerm& term, double rest) {
    if (size_ == 0) return;
    Row& row = rows_[term.slot];
    // The impact that it takes for a document to be a hit; all blocks have 1 at least.
    const double least = top_.lenient_threshold() - rest;
    std::array<std::uint16_t, kMaxDocs> min_impacts{};
    if (term.weight.has_impacts() && least > 0 && term.weight.bound() > 0) {
      const double scale = 255 / term.weight.bound();
      for (std::size_t i = 0; i < size_; ++i) {
        const double impact = std::clamp((least - sums_[i]) * scale, 0.0, 255.0);
        min_impacts[i] = static_cast<std::uint16_t>(static_cast<int>(impact) + 1);
      }
    }
    term.cursor.look_up({docids_.data(), size_}, min_impacts.data(), row.data());
    add_scores(term);
    drop([&](std::size_t i) { return top_.can_enter(sums_[i] + rest); });
  }

  /// Looks the documents up in a term that is in the sums.
  void find_tfs(ScoredTerm& term) {
    if (size_ == 0) return;
    constexpr std::array<std::uint16_t, kMaxDocs> kAnyImpact{};
    term.cursor.look_up({docids_.data(), size_}, kAnyImpact.data(), rows_[term.slot].data());
    is_known_[term.slot] = true;
  }

  /// Offers what is left, with scores that are sums in the order of the slots, and is empty then.
  /// `terms` are by slot; those that were not given to `score` or `look_up` are in none.
  void offer(const std::vector<ScoredTerm>& terms) {
    for (std::size_t i = 0; i < size_; ++i) {
      if (!top_.can_enter(sums_[i]) || is_excluded(excluded_, docids_[i])) continue;
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
  using Row = std::array<std::uint32_t, kMaxDocs>;

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
  DocIterator* excluded_;
  TopK& top_;
  std::size_t size_ = 0;
  Row docids_, lengths_;
  std::array<double, kMaxDocs> sums_;
  std::vector<Row> rows_;       ///< The tfs, by slot.
  std::vector<bool> is_known_;  ///< By slot: whether the tfs are, and in the sums.
};

}  // namespace spimi
