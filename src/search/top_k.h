#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <functional>
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
  bool is_full() const { return keys_.size() == k_; }

  /// Takes hits in any order.
  void offer(std::uint32_t docid, double score) {
    if (score >= threshold_) insert(key_of({docid, score}));
  }

  std::vector<Hit> take() {
    std::sort_heap(keys_.begin(), keys_.end(), std::greater<>());
    std::vector<Hit> hits;
    hits.reserve(keys_.size());
    for (const Key key : keys_) hits.push_back(hit_of(key));
    return hits;
  }

 private:
  /// Hits as whole numbers, which are compared without branches: the larger, the better.
  __extension__ using Key = unsigned __int128;
  static constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
  static Key key_of(const Hit& hit) {
    const auto bits = std::bit_cast<std::uint64_t>(hit.score + 0.0);  // No negative 0.
    return Key{(bits & kSign) != 0 ? ~bits : bits | kSign} << 32 | ~hit.docid;
  }
  static Hit hit_of(Key key) {
    const auto ordered = static_cast<std::uint64_t>(key >> 32);
    const std::uint64_t bits = (ordered & kSign) != 0 ? ordered ^ kSign : ~ordered;
    return {~static_cast<std::uint32_t>(key), std::bit_cast<double>(bits)};
  }

  /// Not inlined, for most are not offered this far.
  [[gnu::noinline]] void insert(Key key) {
    if (keys_.size() == k_ && key <= keys_.front()) return;
    if (after_ && key >= key_of(*after_)) return;
    if (keys_.size() < k_) {
      keys_.push_back(key);
      std::push_heap(keys_.begin(), keys_.end(), std::greater<>());
    } else {
      replace_last(key);
    }
    if (keys_.size() == k_) threshold_ = std::max(threshold_, hit_of(keys_.front()).score);
  }

  /// Puts `key` in the place of the one that ranks last. Most hits rank not far before it, and so
  /// are sunk into the heap in few steps.
  void replace_last(Key key) {
    std::size_t at = 0;
    for (std::size_t child; (child = 2 * at + 1) < keys_.size(); at = child) {
      if (child + 1 < keys_.size()) child += keys_[child + 1] < keys_[child] ? 1 : 0;
      if (keys_[child] >= key) break;
      keys_[at] = keys_[child];
    }
    keys_[at] = key;
  }

  std::size_t k_;
  std::optional<Hit> after_;
  double threshold_ = -std::numeric_limits<double>::infinity();
  std::vector<Key> keys_;
};

}  // namespace spimi
