#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "search/term_matcher.h"

namespace spimi {

/// Accepts terms within `max_edits` insertions, deletions, substitutions and swaps of neighbouring
/// characters of a word (optimal string alignment: no part is edited twice). The usual table of
/// distances, a row for each character pushed.
class FuzzyMatcher : public TermMatcher {
 public:
  FuzzyMatcher(std::string_view word, unsigned max_edits);

  bool push(char32_t c) override;
  void pop(unsigned num_chars) override;
  bool accepts() const override { return distance() <= max_edits_; }
  unsigned distance() const override { return rows_.back(); }

 private:
  std::u32string word_;
  unsigned max_edits_;
  std::u32string pushed_;
  std::vector<std::uint8_t> rows_;  ///< Of word_.size() + 1 each; no more than max_edits + 1.
};

}  // namespace spimi
