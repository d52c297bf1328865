#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "spimi/query.h"

namespace spimi {

/// The best k of the hits offered so far.
class TopK {
 public:
  /// Only takes hits that rank behind `after`.
  TopK(std::size_t k, const std::optional<Hit>& after) : k_(k), after_(after) {}

  /// Only a score above it can enter. A document that equals it would be a hit of greater docid,
  /// which ranks behind.
  double threshold() const { return threshold_; }

  /// Whether a score that is no more than `bound` may be above the threshold. Bounds are sums in
  /// another order than scores, so rounding can put a score above its bound by some units in the
  /// last place. The threshold gives way by far more than that, and far less than would cost speed.
  bool can_enter(double bound) const { return bound > lenient_threshold(); }
  double lenient_threshold() const { return threshold_ - std::abs(threshold_) * 1e-9; }

  /// Takes hits in ascending docid order.
  void offer(std::uint32_t docid, double score) {
    if (!(score > threshold_)) return;
    const Hit hit{docid, score};
    if (after_ && !RanksBefore()(*after_, hit)) return;
    if (hits_.size() == k_) {
      std::pop_heap(hits_.begin(), hits_.end(), RanksBefore());
      hits_.pop_back();
    }
    hits_.push_back(hit);
    std::push_heap(hits_.begin(), hits_.end(), RanksBefore());
    if (hits_.size() == k_) threshold_ = hits_.front().score;
  }

  std::vector<Hit> take() {
    std::sort_heap(hits_.begin(), hits_.end(), RanksBefore());
    return std::move(hits_);
  }

 private:
  /// The heap's top is the hit that ranks last.
  struct RanksBefore {
    bool operator()(const Hit& a, const Hit& b) const {
      return a.score > b.score || (a.score == b.score && a.docid < b.docid);
    }
  };

  std::size_t k_;
  std::optional<Hit> after_;
  double threshold_ = -std::numeric_limits<double>::infinity();
  std::vector<Hit> hits_;
};

}  // namespace spimi
