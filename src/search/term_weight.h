#pragma once

#include <cmath>
#include <cstdint>

#include "search/quick_scores.h"
#include "spimi/query.h"

namespace spimi {

/// What the rankings need of an index.
struct CollectionStats {
  double num_docs;
  double num_tokens;
  double average_length;
};

/// What a posting of one term adds to a score: the formulas of Ranking in spimi/query.h, times a
/// boost.
class TermWeight {
 public:
  TermWeight() = default;
  TermWeight(const RankOptions& options, const CollectionStats& stats, double df, double cf,
             double boost);

  double score(std::uint32_t tf, std::uint32_t length) const {
    if (ranking_ == Ranking::kBm25) return bm25_score(tf, bm25_norm(length));
    return other_score(tf, length);
  }

  /// `score` of BM25 in two steps, of which the first is the same for all terms of a query. 0 for a
  /// tf of 0, if k1 is not 0 either.
  double bm25_norm(std::uint32_t length) const {
    return k1_ * (1 - b_ + b_ * (length / average_length_));
  }
  double bm25_score(std::uint32_t tf, double norm) const {
    return factor_ * tf * (k1_ + 1) / (tf + norm);
  }

  /// False only if `score` is less than `least`, by more than rounding can change. Quicker than
  /// `score`, for it does not divide.
  bool may_reach(double least, std::uint32_t tf, std::uint32_t length) const {
    if (ranking_ != Ranking::kBm25) return true;
    return most_ * tf * (1 + 1e-9) >= least * (tf + length_base_ + length_slope_ * length);
  }

  /// Whether there is a `quick_score`.
  bool has_quick_score() const {
    return ranking_ == Ranking::kBm25 && k1_ > 1e-6 && k1_ < 1e6 && most_ > 1e-12 && most_ < 1e12;
  }
  /// `score` but for rounding, for loops in single precision.
  QuickScore quick_score() const {
    return {static_cast<float>(most_), static_cast<float>(length_base_),
            static_cast<float>(length_slope_)};
  }

  /// No posting with a smaller tf may reach `least`, however short its document.
  std::uint32_t least_tf(double least) const {
    if (ranking_ != Ranking::kBm25 || !(least > 0)) return 1;
    const double room = most_ * (1 + 1e-9) - least;
    const double tf = least * length_base_ * (1 - 1e-9) / room;
    return room > 0 && tf < 1e9 ? static_cast<std::uint32_t>(tf) : ~0u;
  }

  /// No posting of the term scores more; never negative.
  double bound() const { return bound_; }
  /// No posting whose impact is at most max_impact / 255 (format/README.md) scores more.
  double bound(std::uint8_t max_impact) const {
    return has_impacts_ ? bound_ * max_impact / 255 : bound_;
  }
  /// A posting with the largest impact of a block scores at least this, but for rounding.
  double reached(std::uint8_t max_impact) const {
    return has_impacts_ ? bound_ * (max_impact - 1) / 255 : 0;
  }
  /// True if more occurrences in a document never score less.
  bool grows_with_tf() const { return ranking_ != Ranking::kDph; }
  /// True if the impacts of skip entries bound scores: BM25 with the parameters they are made with.
  bool has_impacts() const { return has_impacts_; }

  double boost() const { return boost_; }
  /// idf; for kDirichlet cf / T.
  double statistic() const { return statistic_; }

 private:
  double other_score(std::uint32_t tf, std::uint32_t length) const;

  Ranking ranking_ = Ranking::kNone;
  bool has_impacts_ = false;
  double k1_ = 0, b_ = 0, delta_ = 0, mu_ = 0;
  double boost_ = 1;
  double statistic_ = 0;
  double factor_ = 0;  ///< boost × statistic.
  double average_length_ = 1;
  double bound_ = 0;
  // Of BM25 as most × tf / (tf + base + slope × length).
  double most_ = 0, length_base_ = 0, length_slope_ = 0;
};

/// The part of a Dirichlet score that every term of the query has, in the document or not, for one
/// of boost 1. Not above 0.
inline double dirichlet_length_score(double mu, std::uint32_t length) {
  return std::log(mu / (length + mu));
}

}  // namespace spimi
