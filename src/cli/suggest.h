#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace spimi::cli {

/// The candidate that `word` was probably meant to be: one that it begins, else the nearest within
/// one edit for each three of its characters. Empty if there is none.
std::string_view suggest(std::string_view word, std::span<const std::string_view> candidates);

/// Insertions, deletions, substitutions and swaps of neighbours that make `a` into `b`
/// (optimal string alignment distance).
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace spimi::cli
