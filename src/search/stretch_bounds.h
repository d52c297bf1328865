#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "search/scored_term.h"

namespace spimi {

/// What the terms of a query score at most in each of many stretches of documents: known from the
/// skip entries alone, before any posting is read.
class StretchBounds {
 public:
  /// So many are looked at together.
  static constexpr std::size_t kMaxStretches = 16;
  /// The bound of a stretch without matches.
  static constexpr double kNone = -std::numeric_limits<double>::infinity();

  /// A stretch has 2^shift documents.
  StretchBounds(const std::vector<ScoredTerm>& terms, unsigned shift);

  /// Looks at the stretches from docid `begin` on; not below the end of those before. Returns the
  /// docid behind them.
  std::uint32_t survey(std::uint32_t begin, std::uint64_t num_docs);

  /// What all terms score together.
  double total(std::size_t stretch) const { return totals_[stretch]; }

  /// Whether a term may occur.
  bool has(std::size_t slot, std::size_t stretch) const { return impacts_[slot][stretch] != 0; }
  double bound(std::size_t slot, std::size_t stretch) const {
    const ScoredTerm& term = terms_[slot];
    return term.weight.bound(impacts_[slot][stretch]);
  }

 private:
  const std::vector<ScoredTerm>& terms_;
  unsigned shift_;
  std::vector<SkipCursor> skips_;                                 ///< By slot.
  std::vector<std::array<std::uint8_t, kMaxStretches>> impacts_;  ///< By slot; 0 for none.
  std::array<double, kMaxStretches> totals_;
};

}  // namespace spimi
