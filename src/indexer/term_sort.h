#pragma once

#include <cstdint>

namespace spimi {

/// A term to sort and write, with all that takes of it but the bytes of a long one behind the
/// sixteenth.
struct TermRef {
  std::uint64_t words[2];  ///< The first sixteen bytes as big-endian numbers, filled up with zeros.
  std::uint32_t offset;    ///< Of a term of more than sixteen bytes in the arena.
  std::uint32_t length;
  std::uint32_t id;
  std::uint32_t count;  ///< Of its occurrences.
};

/// Sorts [begin, end) by the bytes of the terms, which are distinct. In place; the stack grows with
/// the logarithm of their number and with the length of the longest prefix that two terms share.
/// The words of terms of more than sixteen bytes are used up.
void sort_terms(TermRef* begin, TermRef* end, const char* arena);

}  // namespace spimi
