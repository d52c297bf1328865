#include "indexer/run_queue.h"

#include <algorithm>
#include <cstring>

namespace spimi {

RunQueue::RunQueue(const RunSet& set, std::size_t first, std::size_t size, std::size_t buffer_bytes)
    : buffers_(size * buffer_bytes), alive_(size), losers_(size) {
  cursors_.reserve(size);
  for (std::size_t i = 0; i < size; ++i) {
    const RunInfo& run = set.runs[first + i];
    cursors_.emplace_back(set.files[run.file], run, set.positions, set.max_token_bytes,
                          buffers_.data() + i * buffer_bytes, buffer_bytes);
  }
}

void RunQueue::advance(std::size_t cursor, bool alive) {
  alive_[cursor] = alive && !(end_ && cursors_[cursor].record().prefix >= *end_);
}

// Cursors at their end come last. Of equal terms the earlier run's come first, all of them.
bool RunQueue::less(std::size_t a, std::size_t b) const {
  if (alive_[a] != alive_[b]) return alive_[a] != 0;
  if (alive_[a] == 0) return a < b;
  const TermRecord &x = cursors_[a].record(), &y = cursors_[b].record();
  if (x.prefix != y.prefix) return x.prefix < y.prefix;
  const std::uint32_t size = std::min(x.term_bytes, y.term_bytes);
  // Equal prefixes are equal first bytes, but for zero bytes, which fill up short terms and may
  // also stand in one.
  const int order = std::memcmp(x.term, y.term, size);
  if (order != 0) return order < 0;
  if (x.term_bytes != y.term_bytes) return x.term_bytes < y.term_bytes;
  return a < b;
}

void RunQueue::open(std::uint64_t begin, std::optional<std::uint64_t> end) {
  end_ = end;
  for (std::size_t i = 0; i < cursors_.size(); ++i) advance(i, cursors_[i].seek(begin));
  build();
}

void RunQueue::build() {
  const std::size_t size = cursors_.size();
  winner_ = kNone;
  if (size == 0) return;
  // winners[i] is the winner below node i.
  std::vector<std::size_t> winners(2 * size);
  for (std::size_t i = 0; i < size; ++i) winners[size + i] = i;
  for (std::size_t node = size; node-- > 1;) {
    const std::size_t a = winners[2 * node], b = winners[2 * node + 1];
    const bool a_wins = less(a, b);
    winners[node] = a_wins ? a : b;
    losers_[node] = a_wins ? b : a;
  }
  winner_ = size == 1 ? 0 : winners[1];
  if (alive_[winner_] == 0) winner_ = kNone;
}

void RunQueue::pop() {
  const std::size_t size = cursors_.size();
  std::size_t candidate = winner_;
  advance(candidate, cursors_[candidate].next());
  for (std::size_t node = (size + candidate) / 2; node >= 1; node /= 2) {
    if (less(losers_[node], candidate)) std::swap(losers_[node], candidate);
  }
  winner_ = alive_[candidate] != 0 ? candidate : kNone;
}

}  // namespace spimi
