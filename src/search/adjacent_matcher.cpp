#include "search/adjacent_matcher.h"

#include <algorithm>
#include <numeric>

namespace spimi {
namespace {

/// The positions of some documents are read at once if they are short, and so many at most. More
/// would make a query take so much memory that it is given back to the system after each.
constexpr std::uint32_t kRoom = 4096;

/// What the positions of a document can take of that: they may begin and end anywhere in a block.
constexpr std::uint32_t room_for(std::uint32_t tf) {
  return tf + 2 * static_cast<std::uint32_t>(kBlockValues);
}
static_assert(room_for(PositionSums::kMaxPiece) + kBlockValues <= kRoom);

}  // namespace

void AdjacentMatcher::add_word(const TermInfo& info, std::uint32_t offset) {
  // What is left of a block is kept before them.
  const auto room = static_cast<std::uint32_t>(std::min<std::uint64_t>(info.cf, kRoom));
  words_.push_back(
      {segment_.position_sums(info, room + kBlockValues), offset, 0, false, {}, {}, {}});
  std::uint32_t last = 0;
  for (const Word& word : words_) last = std::max(last, word.offset);
  for (Word& word : words_) word.to_end = last - word.offset;
}

void AdjacentMatcher::count(std::span<const PositionsRange* const> ranges, std::size_t num_docs,
                            std::uint32_t most, std::uint32_t* counts) {
  ranges_ = ranges;
  for (std::size_t doc = 0; doc < num_docs;) {
    std::size_t end = doc;
    for (std::uint32_t room = kRoom; end < num_docs; ++end) {
      std::uint32_t max_tf = 0;
      for (const PositionsRange* of_word : ranges) max_tf = std::max(max_tf, of_word[end].tf);
      if (max_tf > PositionSums::kMaxPiece || room_for(max_tf) > room) break;
      room -= room_for(max_tf);
    }
    if (end > doc) {
      count_short(doc, end, most, counts);
    } else {
      counts[end] = count_one(end, most);
      ++end;
    }
    doc = end;
  }
}

/// Documents, from `first` up to `end`, whose positions are read at once: word by word, for those
/// that have the words before it in place.
void AdjacentMatcher::count_short(std::size_t first, std::size_t end, std::uint32_t most,
                                  std::uint32_t* counts) {
  const std::size_t last = words_.size() - 1;
  const auto read = [&](std::size_t i, std::span<const PositionsRange> ranges, Runs& runs) {
    Word& word = words_[i];
    if (!word.sums.read(ranges, runs.data())) return false;
    for (std::size_t k = 0; k < ranges.size(); ++k) runs[k].shift -= word.to_end;
    return true;
  };
  const auto count_each = [&] {
    for (std::size_t doc = first; doc < end; ++doc) counts[doc] = count_one(doc, most);
  };
  std::size_t size = end - first;
  if (!read(0, {ranges_[0] + first, size}, before_)) return count_each();
  if (last == 1) {
    if (!read(1, {ranges_[1] + first, size}, own_)) return count_each();
    join_position_runs({before_.data(), size}, own_.data(), most, counts + first, nullptr);
    return;
  }
  std::array<std::uint32_t, kMaxDocs> docs, num_found;
  std::iota(docs.begin(), docs.begin() + size, static_cast<std::uint32_t>(first));
  std::fill(counts + first, counts + end, 0u);
  for (std::size_t i = 1; i <= last && size > 0; ++i) {
    for (std::size_t k = 0; k < size; ++k) own_ranges_[k] = ranges_[i][docs[k]];
    if (!read(i, {own_ranges_.data(), size}, own_)) return count_each();
    if (i == last) {
      join_position_runs({before_.data(), size}, own_.data(), most, num_found.data(), nullptr);
      for (std::size_t k = 0; k < size; ++k) counts[docs[k]] = num_found[k];
      return;
    }
    std::vector<std::uint32_t>& found = found_[i % 2];
    found.resize(kRoom + PositionSums::kSlack);
    join_position_runs({before_.data(), size}, own_.data(), ~0u, num_found.data(), found.data());
    const std::uint32_t* at = found.data();
    std::size_t num_left = 0;
    for (std::size_t k = 0; k < size; ++k) {
      before_[num_left] = {at, num_found[k], 0};
      docs[num_left] = docs[k];
      num_left += static_cast<std::size_t>(num_found[k] != 0);
      at += num_found[k];
    }
    size = num_left;
  }
}

/// Any document, in pieces.
std::uint32_t AdjacentMatcher::count_one(std::size_t doc, std::uint32_t most) {
  doc_ = doc;
  for (Word& word : words_) {
    word.is_begun = false;
    word.own.size = word.own.at = 0;
    word.joined.size = word.joined.at = 0;
  }
  std::uint32_t found = 0;
  const std::size_t last = words_.size() - 1;
  while (found < most && read_joined(last, most - found)) {
    found += joined(last).size;
    joined(last).at = joined(last).size;
  }
  return found;
}

/// Reads the next ends that a word allows; false when there are no more.
bool AdjacentMatcher::read_own(std::size_t i) {
  Word& word = words_[i];
  if (!word.is_begun) word.sums.begin(ranges_[i][doc_]);
  word.is_begun = true;
  ShiftedSums positions = word.sums.next();
  // What stands too near to the last position there can be would wrap around.
  while (positions.size != 0 && positions[positions.size - 1] > ~word.to_end) --positions.size;
  positions.shift -= word.to_end;
  word.own = {positions, 0};
  return positions.size != 0;
}

/// Reads the next ends that words 0 to i allow, not many more than `least`; false when there are no
/// more.
bool AdjacentMatcher::read_joined(std::size_t i, std::uint32_t least) {
  if (i == 0) return read_own(0);
  Word& word = words_[i];
  PositionRun& before = joined(i - 1);
  while (true) {
    if (before.is_done() && !read_joined(i - 1, least)) return false;
    if (word.own.is_done() && !read_own(i)) return false;
    if (word.own[word.own.size - 1] < before[before.at]) {
      word.own.at = word.own.size;
      continue;
    }
    const std::uint32_t size = join_positions(before, word.own, least, word.found.data());
    if (size == 0) continue;
    word.joined = {{word.found.data(), size, 0}, 0};
    return true;
  }
}

}  // namespace spimi
