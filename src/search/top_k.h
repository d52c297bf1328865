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

  /// Nothing below it can enter.
  double threshold() const { return threshold_; }

  /// Whether a score that is no more than `bound` may be above the threshold. Bounds are sums in
  /// another order than scores, so rounding can put a score above its bound by some units in the
  /// last place. The threshold gives way by far more than that, and far less than would cost speed.
  bool can_enter(double bound) const { return bound > lenient_threshold(); }
  double lenient_threshold() const { return threshold_ - std::abs(threshold_) * 1e-9; }

  /// Tells that k documents or more score `score` at least, but for rounding, which all are offered
  /// in the end. Of 0 that says nothing: everything scores as much.
  void expect(double score) {
    if (!after_ && score > 0) threshold_ = std::max(threshold_, score - score * 1e-9);
  }
  std::size_t k() const { return k_; }
  bool is_full() const { return hits_.size() == k_; }

  /// Takes hits in any order.
  void offer(std::uint32_t docid, double score) {
    if (!(score >= threshold_)) return;
    const Hit hit{docid, score};
    if (hits_.size() == k_ && !RanksBefore()(hit, hits_.front())) return;
    if (after_ && !RanksBefore()(*after_, hit)) return;
    if (hits_.size() < k_) {
      hits_.push_back(hit);
      std::push_heap(hits_.begin(), hits_.end(), RanksBefore());
    } else {
      replace_last(hit);
    }
    if (hits_.size() == k_) threshold_ = std::max(threshold_, hits_.front().score);
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

  /// Puts `hit` in the place of the one that ranks last. Most hits rank not far before it, and so
  /// are sunk into the heap in few steps.
  void replace_last(const Hit& hit) {
    const RanksBefore ranks_before;
    std::size_t at = 0;
    for (std::size_t child; (child = 2 * at + 1) < hits_.size(); at = child) {
      if (child + 1 < hits_.size()) child += ranks_before(hits_[child], hits_[child + 1]);
      if (!ranks_before(hit, hits_[child])) break;
      hits_[at] = hits_[child];
    }
    hits_[at] = hit;
  }

  std::size_t k_;
  std::optional<Hit> after_;
  double threshold_ = -std::numeric_limits<double>::infinity();
  std::vector<Hit> hits_;
};

}  // namespace spimi
