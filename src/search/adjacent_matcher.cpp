#include "search/adjacent_matcher.h"

#include <algorithm>
#include <cstring>

namespace spimi {

std::uint32_t AdjacentMatcher::count(std::uint32_t most) {
  for (Word& word : words_) {
    word.cursor->begin_positions();
    word.own.size = word.own.at = 0;
    word.joined.size = word.joined.at = 0;
  }
  std::uint32_t found = 0;
  const std::size_t last = words_.size() - 1;
  while (found < most && read_joined(last, most - found)) {
    found += joined(last).size;
    joined(last).at = joined(last).size;
  }
  return std::min(found, most);
}

/// Reads the next starts that a word allows; false at the end.
bool AdjacentMatcher::read_own(Word& word) {
  auto starts = word.cursor->more_positions(word.offset);
  // What stands too near to the beginning of the document has wrapped around.
  while (!starts.empty() && starts.front() > ~word.offset) {
    starts = starts.size() > 1 ? starts.subspan(1) : word.cursor->more_positions(word.offset);
  }
  word.own = {starts.data(), static_cast<std::uint32_t>(starts.size()), 0};
  return !starts.empty();
}

/// Reads the next starts that words 0 to i allow, not many more than `least`; false at the end.
bool AdjacentMatcher::read_joined(std::size_t i, std::uint32_t least) {
  if (i == 0) return read_own(words_[0]);
  Word& word = words_[i];
  Starts& before = joined(i - 1);
  while (true) {
    if (before.is_done() && !read_joined(i - 1, least)) return false;
    if (word.own.is_done() && !read_own(word)) return false;
    if (word.own.values[word.own.size - 1] < before.values[before.at]) {
      word.own.at = word.own.size;
      continue;
    }
    const std::uint32_t size = join(before, word.own, least, word.found.data());
    if (size == 0) continue;
    std::fill_n(word.found.data() + size, PostingsCursor::kPieceSlack, word.found[size - 1]);
    word.joined = {word.found.data(), size, 0};
    return true;
  }
}

/// Moves through a and b until one is done, or `least` are found: the starts that both have. Goes
/// four by four, so that few branches depend on the data: which list is ahead cannot be predicted.
std::uint32_t AdjacentMatcher::join(Starts& a, Starts& b, std::uint32_t least,
                                    std::uint32_t* found) {
  using Four [[gnu::vector_size(16)]] = std::uint32_t;
  using Two [[gnu::vector_size(16)]] = std::uint64_t;
  std::uint32_t num_found = 0;
  std::uint32_t i = a.at, j = b.at;
  do {
    Four x, y;
    std::memcpy(&x, a.values + i, sizeof(x));
    std::memcpy(&y, b.values + j, sizeof(y));
    const auto equal = (x == y) | (x == __builtin_shufflevector(y, y, 1, 2, 3, 0)) |
                       (x == __builtin_shufflevector(y, y, 2, 3, 0, 1)) |
                       (x == __builtin_shufflevector(y, y, 3, 0, 1, 2));
    const auto any = reinterpret_cast<Two>(equal);
    if ((any[0] | any[1]) != 0) {
      // Of those that are repeated behind the end only one counts.
      for (std::uint32_t k = 0; k < 4 && i + k < a.size; ++k) {
        found[num_found] = x[k];
        num_found += equal[k] != 0;
      }
    }
    const std::uint32_t last_of_a = a.values[i + 3], last_of_b = b.values[j + 3];
    i += static_cast<std::uint32_t>(last_of_a <= last_of_b) * 4;
    j += static_cast<std::uint32_t>(last_of_b <= last_of_a) * 4;
  } while (i < a.size && j < b.size && num_found < least);
  a.at = i;
  b.at = j;
  return num_found;
}

}  // namespace spimi
