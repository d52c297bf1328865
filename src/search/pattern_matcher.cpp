#include <algorithm>

#include "search/term_pattern.h"

namespace spimi {
namespace {

/// States to keep: each takes half a KiB and its steps.
constexpr std::size_t kMaxStates = 4096;
constexpr std::size_t kNumBuckets = 1024;
constexpr char32_t kNumAscii = 128;

std::size_t hash_of(const std::vector<std::uint32_t>& steps, bool accepts) {
  std::uint64_t hash = accepts ? 0x9E3779B97F4A7C15u : 0;
  for (const std::uint32_t step : steps) hash = (hash ^ step) * 0x100000001B3u;
  return static_cast<std::size_t>(hash >> 20) % kNumBuckets;
}

}  // namespace

PatternMatcher::PatternMatcher(TermPattern pattern)
    : pattern_(std::move(pattern)), buckets_(kNumBuckets), stamps_(pattern_.steps.size(), 0) {
  StepSet set;
  bool accepts = false;
  ++stamp_;
  close(0, set, accepts);
  path_.push_back(state_of(std::move(set), accepts));
}

/// Adds the steps that `step` leads to without a character.
void PatternMatcher::close(std::uint32_t step, StepSet& set, bool& accepts) {
  std::vector<std::uint32_t> open{step};
  while (!open.empty()) {
    const std::uint32_t at = open.back();
    open.pop_back();
    if (stamps_[at] == stamp_) continue;
    stamps_[at] = stamp_;
    const PatternStep& next = pattern_.steps[at];
    switch (next.kind) {
      case PatternStep::Kind::kAccept:
        accepts = true;
        break;
      case PatternStep::Kind::kChar:
        set.push_back(at);
        break;
      case PatternStep::Kind::kFork:
        open.push_back(next.to[0]);
        open.push_back(next.to[1]);
        break;
    }
  }
}

std::uint32_t PatternMatcher::state_of(StepSet set, bool accepts) {
  std::sort(set.begin(), set.end());
  auto& bucket = buckets_[hash_of(set, accepts)];
  for (const std::uint32_t state : bucket) {
    if (states_[state].accepts == accepts && states_[state].steps == set) return state;
  }
  const auto state = static_cast<std::uint32_t>(states_.size());
  bucket.push_back(state);
  states_.push_back({std::move(set), accepts, std::vector<std::uint32_t>(kNumAscii, kUnknown)});
  return state;
}

std::uint32_t PatternMatcher::step_from(std::uint32_t state, char32_t c) {
  StepSet set;
  bool accepts = false;
  ++stamp_;
  for (const std::uint32_t step : states_[state].steps) {
    const auto& ranges = pattern_.steps[step].ranges;
    const bool takes = std::any_of(ranges.begin(), ranges.end(), [c](const auto& range) {
      return range.first <= c && c <= range.last;
    });
    if (takes) close(step + 1, set, accepts);
  }
  return state_of(std::move(set), accepts);
}

/// Begins anew with the states that are in use.
void PatternMatcher::forget_states() {
  std::vector<State> old = std::move(states_);
  states_.clear();
  for (auto& bucket : buckets_) bucket.clear();
  for (std::uint32_t& state : path_) state = state_of(old[state].steps, old[state].accepts);
}

bool PatternMatcher::push(char32_t c) {
  if (states_.size() > kMaxStates) forget_states();
  const std::uint32_t state = path_.back();
  std::uint32_t next = c < kNumAscii ? states_[state].next[c] : kUnknown;
  if (next == kUnknown) {
    next = step_from(state, c);
    if (c < kNumAscii) states_[state].next[c] = next;
  }
  path_.push_back(next);
  return states_[next].accepts || !states_[next].steps.empty();
}

}  // namespace spimi
