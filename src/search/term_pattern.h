#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "search/term_matcher.h"

namespace spimi {

/// One step of a pattern as a nondeterministic automaton (Thompson, CACM 1968).
struct PatternStep {
  enum class Kind : std::uint8_t { kChar, kFork, kAccept };
  struct Range {
    char32_t first, last;
  };

  Kind kind = Kind::kAccept;
  std::vector<Range> ranges;     ///< kChar: what it takes, then goes on with the next step.
  std::uint32_t to[2] = {0, 0};  ///< kFork: the steps it goes on with, without taking anything.
};

/// A wildcard or regular expression that must match a whole term.
struct TermPattern {
  std::vector<PatternStep> steps;
  std::string prefix;  ///< All that it matches begins with these bytes.
};

/// Folds literal text as the index folds terms.
using FoldFunction = std::function<std::string(std::string_view)>;

/// `*` is any characters, `?` one; a backslash takes the meaning from what follows. Throws
/// QueryError with places that begin at `begin`.
TermPattern wildcard_pattern(std::string_view text, std::size_t begin, const FoldFunction& fold);

/// Characters, `.`, `[a-z]`, `[^a-z]`, `\d`, `\w`, `( )`, `|`, `*`, `+`, `?`, `{m,n}`. Throws
/// QueryError.
TermPattern regexp_pattern(std::string_view text, std::size_t begin, const FoldFunction& fold);

/// Runs a pattern: as a deterministic automaton that is made as far as terms lead into it.
class PatternMatcher : public TermMatcher {
 public:
  explicit PatternMatcher(TermPattern pattern);

  bool push(char32_t c) override;
  void pop(unsigned num_chars) override { path_.resize(path_.size() - num_chars); }
  bool accepts() const override { return states_[path_.back()].accepts; }

 private:
  using StepSet = std::vector<std::uint32_t>;
  struct State {
    StepSet steps;  ///< kChar steps, ascending.
    bool accepts = false;
    std::vector<std::uint32_t> next;  ///< By ASCII character; kUnknown.
  };
  static constexpr std::uint32_t kUnknown = 0xFFFFFFFFu;

  void close(std::uint32_t step, StepSet& set, bool& accepts);
  std::uint32_t state_of(StepSet set, bool accepts);
  std::uint32_t step_from(std::uint32_t state, char32_t c);
  void forget_states();

  TermPattern pattern_;
  std::vector<State> states_;
  std::vector<std::vector<std::uint32_t>> buckets_;  ///< Of states_, by hash.
  std::vector<std::uint32_t> path_;                  ///< The state before each character and now.
  std::vector<std::uint32_t> stamps_;                ///< Per step: the closure that saw it last.
  std::uint32_t stamp_ = 0;
};

}  // namespace spimi
