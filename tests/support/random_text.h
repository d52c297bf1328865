#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace spimi::testing {

/// The seed of randomised tests: $SPIMI_TEST_SEED if set, otherwise a fixed one. Put it in a
/// SCOPED_TRACE.
std::uint64_t test_seed();

using Random = std::mt19937_64;

/// A number from 0 to `bound` - 1; `bound` is at least 1. The same on every platform, unlike the
/// standard distributions.
std::size_t random_below(Random& random, std::size_t bound);

/// Pieces of text that tokenizers find hard: every word break class, ill-formed UTF-8, characters
/// that fold to nothing or to several, and plain words.
const std::vector<std::string>& text_fragments();

/// `num_fragments` fragments, some of them repeated into long runs.
std::string random_text(Random& random, std::size_t num_fragments);

}  // namespace spimi::testing
