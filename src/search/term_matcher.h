#pragma once

namespace spimi {

/// Takes terms a character at a time, and can take the last ones back: so a walk over a sorted
/// dictionary looks once at what neighbouring terms share.
class TermMatcher {
 public:
  virtual ~TermMatcher() = default;

  /// Adds a character. False if no term that begins like this can match; then only `pop` may
  /// follow.
  virtual bool push(char32_t c) = 0;
  /// Takes back the last `num_chars` characters pushed, the one that push refused among them.
  virtual void pop(unsigned num_chars) = 0;
  /// Whether the characters so far are a term that matches.
  virtual bool accepts() const = 0;
  /// How far it is from what was asked for; of a term it accepts.
  virtual unsigned distance() const { return 0; }
};

}  // namespace spimi
