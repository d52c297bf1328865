#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "format/dictionary_reader.h"
#include "search/term_matcher.h"

namespace spimi {

struct FoundTerm {
  std::string term;
  TermInfo info;
  unsigned distance;
};

struct FoundTerms {
  std::uint64_t num_found = 0;   ///< All that match.
  std::vector<FoundTerm> terms;  ///< The best of them, best first.
};

/// The terms of a dictionary that `matcher` accepts, all of which begin with `prefix`. Keeps
/// `max_terms`: nearest first, then those in most documents, then in byte order. Passes over terms
/// that share a beginning with one that cannot match.
FoundTerms find_terms(const DictionaryReader& dictionary, TermMatcher& matcher,
                      std::string_view prefix, std::size_t max_terms);

}  // namespace spimi
