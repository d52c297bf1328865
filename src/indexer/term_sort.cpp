// A string quicksort with cached keys (Bentley & Sedgewick, SODA 1997; Ng & Kakehi, 2007): the next
// sixteen bytes of each term stand in the entry that is moved, as two numbers, so that comparing
// touches no other memory. Terms that agree in these are sorted by the sixteen behind.
//
// Where a term goes is next to random, so a partition with a branch would mispredict every second
// one: this one has none. That takes two thirds of std::sort's time.

#include "indexer/term_sort.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <optional>

namespace spimi {
namespace {

__extension__ using Uint128 = unsigned __int128;

constexpr std::uint32_t kWordBytes = 16;
constexpr std::ptrdiff_t kRankSort = 16;  // up to so many entries

Uint128 key_of(const TermRef& term) {
  return static_cast<Uint128>(term.words[0]) << 64 | term.words[1];
}

bool less(const TermRef& a, const TermRef& b) { return key_of(a) < key_of(b); }

Uint128 median(Uint128 a, Uint128 b, Uint128 c) {
  return std::max(std::min(a, b), std::min(std::max(a, b), c));
}

// Counts for each entry those that come before it. How far an entry has to move is next to random,
// so an insertion sort would mispredict the end of each move.
void rank_sort(TermRef* begin, TermRef* end) {
  const std::ptrdiff_t size = end - begin;
  TermRef terms[kRankSort];
  std::uint32_t ranks[kRankSort];
  for (std::ptrdiff_t i = 0; i < size; ++i) {
    terms[i] = begin[i];
    const Uint128 key = key_of(terms[i]);
    std::uint32_t rank = static_cast<std::uint32_t>(i);
    for (std::ptrdiff_t k = 0; k < i; ++k) {
      const std::uint32_t is_less = key < key_of(terms[k]);
      rank -= is_less;
      ranks[k] += is_less;
    }
    ranks[i] = rank;
  }
  for (std::ptrdiff_t i = 0; i < size; ++i) begin[ranks[i]] = terms[i];
}

// Moves the entries whose key is less than the pivot (kOrEqual: or equal to it) to the front, and
// returns where the others begin. Every entry is swapped with the first of the others, whether it
// stays there or not.
template <bool kOrEqual>
TermRef* partition(TermRef* begin, TermRef* end, Uint128 pivot) {
  TermRef* others = begin;
  for (TermRef* i = begin; i < end; ++i) {
    const TermRef term = *i;
    const Uint128 key = key_of(term);
    *i = *others;
    *others = term;
    others += kOrEqual ? !(pivot < key) : key < pivot;
  }
  return others;
}

Uint128 choose_pivot(const TermRef* begin, const TermRef* end) {
  const std::ptrdiff_t eighth = (end - begin) / 8;
  const auto sample = [&](std::ptrdiff_t i) { return key_of(begin[i * eighth]); };
  const Uint128 middle = median(sample(2), sample(4), sample(6));
  if (end - begin <= 256) return middle;
  return median(median(sample(0), sample(1), sample(3)), middle,
                median(sample(5), sample(7), key_of(end[-1])));
}

// By the words alone. No key is less than `least`, if given.
void sort_by_words(TermRef* begin, TermRef* end, std::optional<Uint128> least,
                   unsigned depth_left) {
  while (end - begin > kRankSort) {
    if (depth_left-- == 0) {
      // Bad pivots time and again: the worst case of this one is n log n.
      std::sort(begin, end, less);
      return;
    }
    const Uint128 pivot = choose_pivot(begin, end);
    if (least && !(*least < pivot)) {
      // Those that are not greater are all equal, and so in order.
      begin = partition<true>(begin, end, pivot);
      continue;
    }
    TermRef* const middle = partition<false>(begin, end, pivot);
    sort_by_words(begin, middle, least, depth_left);
    begin = middle;
    least = pivot;
  }
  if (end - begin > 1) rank_sort(begin, end);
}

void load_words(TermRef* term, std::uint32_t depth, const char* arena) {
  std::uint64_t words[2] = {0, 0};
  if (term->length > depth) {
    std::memcpy(words, arena + term->offset + depth,
                std::min<std::size_t>(term->length - depth, sizeof(words)));
  }
  term->words[0] = __builtin_bswap64(words[0]);
  term->words[1] = __builtin_bswap64(words[1]);
}

// Sorts terms that agree in their first `depth` bytes and have the next sixteen in their words.
void sort_from(TermRef* begin, TermRef* end, std::uint32_t depth, const char* arena) {
  if (end - begin > 1) {
    const auto size = static_cast<std::size_t>(end - begin);
    sort_by_words(begin, end, std::nullopt, 2 * static_cast<unsigned>(std::bit_width(size)));
    const std::uint32_t next_depth = depth + kWordBytes;
    for (TermRef* group = begin; group < end;) {
      TermRef* group_end = group + 1;
      while (group_end < end && key_of(*group_end) == key_of(*group)) ++group_end;
      if (group_end - group > 1) {
        // Of terms that end here each is a prefix of those that are longer: zero bytes fill it up.
        TermRef* const longer = std::partition(
            group, group_end, [=](const TermRef& term) { return term.length <= next_depth; });
        std::sort(group, longer,
                  [](const TermRef& a, const TermRef& b) { return a.length < b.length; });
        for (TermRef* term = longer; term < group_end; ++term) load_words(term, next_depth, arena);
        sort_from(longer, group_end, next_depth, arena);
      }
      group = group_end;
    }
  }
}

}  // namespace

void sort_terms(TermRef* begin, TermRef* end, const char* arena) {
  sort_from(begin, end, 0, arena);
}

}  // namespace spimi
