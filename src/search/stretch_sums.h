#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "search/candidate_batch.h"

namespace spimi {

/// What some terms of a query score together in each document of a stretch, in single precision,
/// and the postings of which that is the sum.
class StretchSums {
 public:
  static constexpr std::uint32_t kDocs = 2048;

  explicit StretchSums(std::size_t num_terms) { begins_.reserve(num_terms); }

  /// Begins with the documents from `first_docid` on, without a term.
  void begin(std::uint32_t first_docid) {
    if (are_few()) {
      for_each_place([this](std::uint32_t place) { sums_[place] = 0; });
    } else {
      sums_.fill(0);
    }
    first_docid_ = first_docid;
    begins_.clear();
    end_ = 0;
  }

  /// The postings that are added from now on are those of the next term.
  void begin_term() {
    begins_.push_back(end_);
    close_term();
  }

  /// Adds those of some postings of a block that may score `least` or more, behind those before.
  void add(const TermWeight& weight, const U32Array& lengths, double least,
           std::span<const std::uint32_t> docids, std::span<const std::uint32_t> tfs) {
    end_ -= kQuickSlack;
    reserve(end_ + kBlockValues + 2 * kQuickSlack);
    std::uint32_t* const kept = &docids_[end_];
    const PostingRows rows{kept, &tfs_[end_], lengths_.data(), scores_.data()};
    const std::size_t num_kept = keep_postings(weight, lengths, least, docids, tfs, rows);
    for (std::size_t k = 0; k < num_kept; ++k) sums_[kept[k] - first_docid_] += scores_[k];
    end_ += num_kept;
    close_term();
  }

  /// The places in the stretch of the documents whose sums are `least` or more, ascending.
  using Places = std::array<std::uint32_t, kDocs + kQuickSlack>;
  std::span<const std::uint32_t> find(float least, Places& places) const {
    if (!are_few()) return {places.data(), find_large(sums_.data(), kDocs, least, places.data())};
    std::array<std::uint64_t, kDocs / 64> found{};
    for_each_place([&](std::uint32_t place) {
      found[place / 64] |= std::uint64_t{sums_[place] >= least} << place % 64;
    });
    std::size_t num_found = 0;
    for (std::uint32_t word = 0; word < found.size(); ++word) {
      for (std::uint64_t bits = found[word]; bits != 0; bits &= bits - 1) {
        places[num_found++] = word * 64 + static_cast<std::uint32_t>(std::countr_zero(bits));
      }
    }
    return {places.data(), num_found};
  }

  /// What the sums of k of these documents reach, of which there are as many; nearly the most that
  /// can be said. None of the sums are 0.
  double reached_by_best(std::size_t k, std::span<const std::uint32_t> places) const {
    // By how many have each 256th of the largest.
    float largest = 0;
    for (const std::uint32_t place : places) largest = std::max(largest, sums_[place]);
    const float scale = 255 / largest;
    std::array<std::uint32_t, 256> counts{};
    for (const std::uint32_t place : places) {
      ++counts[static_cast<std::size_t>(sums_[place] * scale)];
    }
    std::size_t part = counts.size(), num_best = 0;
    while (num_best < k) num_best += counts[--part];
    return static_cast<double>(part) / scale * kQuickMargin;
  }

  std::uint32_t docid(std::uint32_t place) const { return first_docid_ + place; }
  float sum(std::uint32_t place) const { return sums_[place]; }

  /// Of the i-th term, with kQuickSlack of kEnd behind the docids.
  const std::uint32_t* docids(std::size_t i) const { return &docids_[begins_[i]]; }
  const std::uint32_t* tfs(std::size_t i) const { return &tfs_[begins_[i]]; }

 private:
  void reserve(std::size_t size) {
    if (size <= docids_.size()) return;
    docids_.resize(2 * size);
    tfs_.resize(2 * size);
  }

  /// Puts kEnd behind its postings.
  void close_term() {
    reserve(end_ + kQuickSlack);
    std::fill_n(&docids_[end_], kQuickSlack, PostingsCursor::kEnd);
    end_ += kQuickSlack;
  }

  /// Then it costs less to go through them again than through the sums of the stretch.
  bool are_few() const { return end_ < kDocs / 16 + begins_.size() * kQuickSlack; }

  template <typename Visit>
  void for_each_place(Visit visit) const {
    for (std::size_t k = 0; k < end_; ++k) {
      if (docids_[k] != PostingsCursor::kEnd) visit(docids_[k] - first_docid_);
    }
  }

  std::uint32_t first_docid_ = 0;
  // The postings of all terms, with kEnds between them.
  std::vector<std::uint32_t> docids_, tfs_;
  std::vector<std::size_t> begins_;  ///< By term.
  std::size_t end_ = 0;
  std::array<float, kDocs> sums_{};  ///< By place.
  // For `add`.
  std::array<std::uint32_t, kBlockValues + kQuickSlack> lengths_;
  std::array<float, kBlockValues + kQuickSlack> scores_;
};

}  // namespace spimi
