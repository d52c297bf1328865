#include "indexer/run_queue.h"

#include <algorithm>
#include <utility>

#include "base/padded_bytes.h"

namespace spimi {

RunQueue::RunQueue(const RunSet& set, std::size_t first, std::size_t size, std::size_t buffer_bytes)
    : buffers_(size * buffer_bytes), losers_(size) {
  cursors_.reserve(size);
  for (std::size_t i = 0; i < size; ++i) {
    const RunInfo& run = set.runs[first + i];
    cursors_.emplace_back(set.files[run.file], run, set.positions, set.max_token_bytes,
                          buffers_.data() + i * buffer_bytes, buffer_bytes);
  }
}

RunQueue::Player RunQueue::player(std::uint32_t cursor, bool alive, std::uint32_t rank) const {
  const bool in_range = alive && !(end_ && cursors_[cursor].record().prefix >= *end_);
  return make_player(cursor, in_range ? rank : cursor);
}

// The term that shares more with the term taken last, which is not greater than either, is the
// lesser one; then what the two share is what the other shared with that term. Which of the two it
// will be is next to random, so there is no branch.
inline RunQueue::Result RunQueue::play(Player x, Player y) const {
  if (rank_of(x) == rank_of(y)) return compare(x, y);
  return {std::max(x, y), std::min(x, y)};
}

// The same for two that share as many bytes with the term taken last as each other: the earlier run
// comes first if the terms are equal. The loser's rank becomes what the two share.
RunQueue::Result RunQueue::compare(Player x, Player y) const {
  const std::uint32_t i = cursor_of(x), j = cursor_of(y);
  const TermRecord& a = cursors_[i].record();
  const TermRecord& b = cursors_[j].record();
  const auto known = static_cast<std::size_t>(rank_of(x) - first_rank());
  const std::size_t most = std::min(a.term_bytes, b.term_bytes);
  const std::size_t lcp =
      known + common_prefix_padded(a.term + known, b.term + known, most - known);
  bool is_x;
  std::uint32_t rank = first_rank() + static_cast<std::uint32_t>(lcp);
  if (lcp < most) {
    is_x = static_cast<unsigned char>(a.term[lcp]) < static_cast<unsigned char>(b.term[lcp]);
  } else if (a.term_bytes != b.term_bytes) {
    is_x = a.term_bytes < b.term_bytes;
  } else {
    is_x = i < j;
    rank = same_term_rank(std::max(i, j));
  }
  return is_x ? Result{x, make_player(j, rank)} : Result{y, make_player(i, rank)};
}

void RunQueue::open(std::uint64_t begin, std::optional<std::uint64_t> end) {
  end_ = end;
  winner_ = 0;
  const auto size = static_cast<std::uint32_t>(cursors_.size());
  if (size == 0) return;
  // winners[i] is the winner below node i. No term was taken yet: all share nothing with it.
  std::vector<Player> winners(2 * std::size_t{size});
  for (std::uint32_t i = 0; i < size; ++i)
    winners[size + i] = player(i, cursors_[i].seek(begin, end), first_rank());
  for (std::size_t node = size; node-- > 1;) {
    const Result result = play(winners[2 * node], winners[2 * node + 1]);
    winners[node] = result.winner;
    losers_[node] = result.loser;
  }
  winner_ = winners[1];
}

void RunQueue::pop() {
  const std::uint32_t number = cursor_of(winner_);
  RunCursor& cursor = cursors_[number];
  const std::uint32_t bytes_before = cursor.record().term_bytes;
  const bool alive = cursor.next();
  const TermRecord& record = cursor.record();
  // A long list goes on in the run's next record.
  const bool is_same = record.lcp == bytes_before && record.term_bytes == bytes_before;
  Player candidate =
      player(number, alive, is_same ? same_term_rank(number) : first_rank() + record.lcp);
  Player* const losers = losers_.data();
  for (std::size_t node = (cursors_.size() + number) / 2; node >= 1; node /= 2) {
    const Result result = play(candidate, losers[node]);
    candidate = result.winner;
    losers[node] = result.loser;
  }
  winner_ = candidate;
}

}  // namespace spimi
