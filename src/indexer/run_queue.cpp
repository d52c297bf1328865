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

RunQueue::Player RunQueue::player(std::size_t cursor, bool alive, std::uint32_t lcp) const {
  const bool in_range = alive && !(end_ && cursors_[cursor].record().prefix >= *end_);
  return {static_cast<std::uint32_t>(cursor), in_range ? static_cast<std::int32_t>(lcp) : -1};
}

// Puts the lesser of the two into *winner. The term that shares more with the term taken last,
// which is not greater than either, is the lesser one; then what the two share is what the other
// shared with that term.
inline void RunQueue::play(Player* winner, Player* loser) const {
  if (winner->lcp > loser->lcp) [[likely]]
    return;
  if (winner->lcp < loser->lcp || !compare(winner, loser)) std::swap(*winner, *loser);
}

// Of two that share the same number of bytes with the term taken last: whether *winner is the
// lesser, the earlier run's if the terms are equal. Sets what the greater shares with the lesser.
bool RunQueue::compare(Player* winner, Player* loser) const {
  if (winner->lcp < 0) return winner->cursor < loser->cursor;
  const TermRecord& x = cursors_[winner->cursor].record();
  const TermRecord& y = cursors_[loser->cursor].record();
  const auto known = static_cast<std::size_t>(winner->lcp);
  const std::size_t most = std::min(x.term_bytes, y.term_bytes);
  const std::size_t lcp =
      known + common_prefix_padded(x.term + known, y.term + known, most - known);
  bool less;
  if (lcp < most) {
    less = static_cast<unsigned char>(x.term[lcp]) < static_cast<unsigned char>(y.term[lcp]);
  } else if (x.term_bytes != y.term_bytes) {
    less = x.term_bytes < y.term_bytes;
  } else {
    less = winner->cursor < loser->cursor;
  }
  (less ? loser : winner)->lcp = static_cast<std::int32_t>(lcp);
  return less;
}

void RunQueue::open(std::uint64_t begin, std::optional<std::uint64_t> end) {
  end_ = end;
  winner_ = {};
  const std::size_t size = cursors_.size();
  if (size == 0) return;
  // winners[i] is the winner below node i. No term was taken yet: all share nothing with it.
  std::vector<Player> winners(2 * size);
  for (std::size_t i = 0; i < size; ++i)
    winners[size + i] = player(i, cursors_[i].seek(begin, end), 0);
  for (std::size_t node = size; node-- > 1;) {
    winners[node] = winners[2 * node];
    losers_[node] = winners[2 * node + 1];
    play(&winners[node], &losers_[node]);
  }
  winner_ = winners[1];
}

void RunQueue::pop() {
  const std::size_t size = cursors_.size();
  RunCursor& cursor = cursors_[winner_.cursor];
  const bool alive = cursor.next();
  Player candidate = player(winner_.cursor, alive, cursor.record().lcp);
  for (std::size_t node = (size + candidate.cursor) / 2; node >= 1; node /= 2) {
    play(&candidate, &losers_[node]);
  }
  winner_ = candidate;
}

}  // namespace spimi
