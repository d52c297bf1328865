#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <span>

#include "search/candidate_batch.h"

namespace spimi {

/// What some terms of a query score together in each document of a stretch, in single precision,
/// and the postings of which that is the sum. Large: 17 KB a term.
class StretchSums {
 public:
  static constexpr std::uint32_t kDocs = 2048;

  explicit StretchSums(std::size_t num_terms)
      : postings_(std::make_unique_for_overwrite<Postings[]>(num_terms)) {}

  /// Begins with the documents from `first_docid` on and the first `num_terms`.
  void begin(std::uint32_t first_docid, std::size_t num_terms) {
    if (are_few()) {
      for_each_place([this](std::uint32_t place) { sums_[place] = 0; });
    } else {
      sums_.fill(0);
    }
    first_docid_ = first_docid;
    num_terms_ = num_terms;
    num_postings_ = 0;
    for (std::size_t i = 0; i < num_terms; ++i) postings_[i].set_size(0);
  }

  /// Adds those of some postings of a block that may score `least` or more: of the i-th term and
  /// behind its others.
  void add(std::size_t i, const TermWeight& weight, const U32Array& lengths, double least,
           std::span<const std::uint32_t> docids, std::span<const std::uint32_t> tfs) {
    Postings& postings = postings_[i];
    std::uint32_t* const kept = &postings.docids[postings.size];
    const PostingRows rows{kept, &postings.tfs[postings.size], lengths_.data(), scores_.data()};
    const std::size_t num_kept = keep_postings(weight, lengths, least, docids, tfs, rows);
    for (std::size_t k = 0; k < num_kept; ++k) sums_[kept[k] - first_docid_] += scores_[k];
    postings.set_size(postings.size + num_kept);
    num_postings_ += num_kept;
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
  const std::uint32_t* docids(std::size_t i) const { return postings_[i].docids.data(); }
  const std::uint32_t* tfs(std::size_t i) const { return postings_[i].tfs.data(); }

 private:
  struct Postings {
    std::size_t size;
    std::array<std::uint32_t, kDocs + kBlockValues + kQuickSlack> docids, tfs;

    void set_size(std::size_t new_size) {
      size = new_size;
      std::fill_n(&docids[size], kQuickSlack, PostingsCursor::kEnd);
    }
  };

  /// Then it costs less to go through them again than through the sums of the stretch.
  bool are_few() const { return num_postings_ < kDocs / 16; }

  template <typename Visit>
  void for_each_place(Visit visit) const {
    for (std::size_t i = 0; i < num_terms_; ++i) {
      const Postings& postings = postings_[i];
      for (std::size_t k = 0; k < postings.size; ++k) visit(postings.docids[k] - first_docid_);
    }
  }

  std::uint32_t first_docid_ = 0;
  std::size_t num_terms_ = 0, num_postings_ = 0;
  std::array<float, kDocs> sums_{};  ///< By place.
  std::unique_ptr<Postings[]> postings_;
  // For `add`.
  std::array<std::uint32_t, kBlockValues + kQuickSlack> lengths_;
  std::array<float, kBlockValues + kQuickSlack> scores_;
};

}  // namespace spimi
