#include "search/term_weight.h"

#include <algorithm>
#include <numbers>

namespace spimi {

std::string_view ranking_name(Ranking ranking) {
  constexpr std::string_view kNames[kNumRankings] = {"bm25",   "bm25+", "dirichlet",
                                                     "tf-idf", "dph",   "none"};
  return kNames[static_cast<std::size_t>(ranking)];
}

TermWeight::TermWeight(const RankOptions& options, const CollectionStats& stats, double df,
                       double cf, double boost)
    : ranking_(options.ranking),
      k1_(options.k1),
      b_(options.b),
      delta_(options.delta),
      mu_(options.mu),
      boost_(boost),
      average_length_(stats.average_length) {
  const double most_tf = cf - df + 1;
  switch (ranking_) {
    case Ranking::kBm25:
      has_impacts_ = k1_ == 1.2 && b_ == 0.75;
      statistic_ = std::log(1 + (stats.num_docs - df + 0.5) / (df + 0.5));
      factor_ = boost_ * statistic_;
      bound_ = most_ = factor_ * (k1_ + 1);
      length_base_ = k1_ * (1 - b_);
      length_slope_ = k1_ * b_ / average_length_;
      break;
    case Ranking::kBm25Plus:
      statistic_ = std::log((stats.num_docs + 1) / df);
      factor_ = boost_ * statistic_;
      bound_ = factor_ * (delta_ + k1_ + 1);
      break;
    case Ranking::kDirichlet:
      statistic_ = cf / stats.num_tokens;
      bound_ = boost_ * std::log(1 + most_tf / (mu_ * statistic_));
      break;
    case Ranking::kTfIdf:
      statistic_ = std::log(stats.num_docs / df);
      factor_ = boost_ * statistic_;
      bound_ = factor_ * (1 + std::log(most_tf));
      break;
    case Ranking::kDph:
      // tf / (tf + 1) < 1, tf / length <= 1, and what the last logarithm adds is most for tf 1.
      statistic_ = stats.num_docs * average_length_ / cf;
      bound_ = boost_ * (std::max(0.0, std::log2(statistic_)) + 0.67);
      break;
    case Ranking::kNone:
      break;
  }
}

double TermWeight::other_score(std::uint32_t tf, std::uint32_t length) const {
  switch (ranking_) {
    case Ranking::kBm25Plus:
      return factor_ *
             (delta_ + tf * (k1_ + 1) / (tf + k1_ * (1 - b_ + b_ * (length / average_length_))));
    case Ranking::kDirichlet:
      return boost_ * std::log(1 + tf / (mu_ * statistic_));
    case Ranking::kTfIdf:
      return factor_ * (1 + std::log(tf));
    case Ranking::kDph: {
      const double f = static_cast<double>(tf) / length;
      if (f >= 1) return 0;
      const double norm = (1 - f) * (1 - f) / (tf + 1.0);
      return boost_ * norm *
             (tf * std::log2(f * statistic_) +
              0.5 * std::log2(2 * std::numbers::pi * tf * (1 - f)));
    }
    case Ranking::kBm25:
    case Ranking::kNone:
      break;
  }
  return 0;
}

}  // namespace spimi
