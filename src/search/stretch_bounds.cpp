#include "search/stretch_bounds.h"

#include <algorithm>

namespace spimi {

StretchBounds::StretchBounds(const std::vector<ScoredTerm>& terms, unsigned shift)
    : terms_(terms), shift_(shift), impacts_(terms.size()) {
  skips_.reserve(terms.size());
  for (const ScoredTerm& term : terms) skips_.push_back(term.skips());
}

std::uint32_t StretchBounds::survey(std::uint32_t begin, std::uint64_t num_docs) {
  const std::uint64_t end = std::min(num_docs, begin + (std::uint64_t{kMaxStretches} << shift_));
  const auto num_stretches = static_cast<std::size_t>((end - begin + (1u << shift_) - 1) >> shift_);
  std::fill_n(totals_.begin(), num_stretches, 0.0);
  std::array<bool, kMaxStretches> has_any{};
  for (std::size_t slot = 0; slot < terms_.size(); ++slot) {
    const ScoredTerm& term = terms_[slot];
    auto& impacts = impacts_[slot];
    std::fill_n(impacts.begin(), num_stretches, std::uint8_t{0});
    skips_[slot].raise_impacts(begin, shift_, std::span(impacts.data(), num_stretches));
    for (std::size_t i = 0; i < num_stretches; ++i) {
      has_any[i] |= impacts[i] != 0;
      totals_[i] += impacts[i] != 0 ? bound(slot, i) : term.is_required ? kNone : 0.0;
    }
  }
  for (std::size_t i = 0; i < num_stretches; ++i) {
    if (!has_any[i]) totals_[i] = kNone;
  }
  return static_cast<std::uint32_t>(end);
}

}  // namespace spimi
