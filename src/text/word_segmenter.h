#pragma once

#include <array>
#include <cstdint>

#include "text/word_break.h"

namespace spimi {

/// The word boundary rules of UAX #29 as an automaton over Word_Break values. A state is the last
/// value that rule WB4 does not ignore, as far as a later rule asks for it; its lowest bit says
/// that the very last code point was a ZWJ (WB3c).
///
/// Rules WB6, WB7b and WB12 look ahead over any number of ignored code points. The automaton does
/// not: it goes on as if the rule held (kPend), and says later whether it did (kResolve) or there
/// was a boundary before the code point where it pended (kFail…).
namespace word_segmenter {

enum Action : std::uint8_t {
  kJoin,       ///< No boundary before this code point.
  kBreak,      ///< A boundary before it.
  kPend,       ///< Perhaps a boundary before it.
  kResolve,    ///< No boundary before it, nor where it pended.
  kFailBreak,  ///< A boundary where it pended, and one before this code point.
  kFailJoin,   ///< A boundary where it pended, none before this code point.
};

/// States; each stands for two values, `state << 1 | after_zwj`.
enum State : std::uint8_t {
  kStart,         // of text, or after CR, LF, Newline: anything begins a segment
  kAny,           // a value that nothing but ignored ones joins to
  kLetter,        // ALetter
  kHebrew,        // Hebrew_Letter
  kNumber,        // Numeric
  kKana,          // Katakana
  kConnector,     // ExtendNumLet
  kOddRegional,   // an odd number of Regional_Indicator
  kSpace,         // WSegSpace, with nothing ignored behind it
  kHebrewQuote,   // Hebrew_Letter Single_Quote (WB7a)
  kLetterMid,     // pending: AHLetter (MidLetter | MidNumLetQ)
  kHebrewDouble,  // pending: Hebrew_Letter Double_Quote
  kNumberMid,     // pending: Numeric (MidNum | MidNumLetQ)
  kNumStates,
};

struct Transition {
  std::uint8_t next_state;  // with the ZWJ bit
  Action action;
};

constexpr State state_after(WordBreak value) {
  switch (value) {
    case kCr:
    case kLf:
    case kNewline:
      return kStart;
    case kALetter:
    case kALetterPictographic:
      return kLetter;
    case kHebrewLetter:
      return kHebrew;
    case kNumeric:
      return kNumber;
    case kKatakana:
      return kKana;
    case kExtendNumLet:
      return kConnector;
    case kRegionalIndicator:
      return kOddRegional;
    case kWSegSpace:
      return kSpace;
    default:
      return kAny;
  }
}

/// The state behind a boundary-free step from `state` to `value`, or kNumStates if a rule asks for
/// a boundary.
constexpr State joined_state(State state, WordBreak value) {
  const bool letter = value == kALetter || value == kALetterPictographic || value == kHebrewLetter;
  const bool after_word = state == kLetter || state == kHebrew || state == kNumber ||
                          state == kKana || state == kConnector;
  if (letter && (state == kLetter || state == kHebrew ||          // WB5
                 state == kLetterMid || state == kHebrewQuote ||  // WB7
                 state == kNumber ||                              // WB10
                 state == kConnector)) {                          // WB13b
    return state_after(value);
  }
  if (value == kHebrewLetter && state == kHebrewDouble) return kHebrew;                  // WB7c
  if (value == kSingleQuote && state == kHebrew) return kHebrewQuote;                    // WB7a
  if (value == kNumeric && (state == kNumber || state == kLetter || state == kHebrew ||  // WB8, WB9
                            state == kNumberMid || state == kConnector)) {  // WB11, WB13b
    return kNumber;
  }
  if (value == kKatakana && (state == kKana || state == kConnector)) return kKana;  // WB13, WB13b
  if (value == kExtendNumLet && after_word) return kConnector;                      // WB13a
  if (value == kRegionalIndicator && state == kOddRegional) return kAny;            // WB15, WB16
  if (value == kWSegSpace && state == kSpace) return kSpace;                        // WB3d
  return kNumStates;
}

/// The pending state that `value` leads to, or kNumStates.
constexpr State pending_state(State state, WordBreak value) {
  const bool mid_num_let_q = value == kMidNumLet || value == kSingleQuote;
  if ((state == kLetter || state == kHebrew) && (value == kMidLetter || mid_num_let_q)) {
    return kLetterMid;  // WB6
  }
  if (state == kHebrew && value == kDoubleQuote) return kHebrewDouble;             // WB7b
  if (state == kNumber && (value == kMidNum || mid_num_let_q)) return kNumberMid;  // WB12
  return kNumStates;
}

constexpr Transition transition(State state, bool after_zwj, WordBreak value) {
  const auto to = [](State next, Action action, bool zwj = false) {
    return Transition{static_cast<std::uint8_t>(next << 1 | (zwj ? 1 : 0)), action};
  };
  const bool pending = state == kLetterMid || state == kHebrewDouble || state == kNumberMid;
  if (state == kStart) return to(state_after(value), kBreak, value == kZwj);  // WB1, WB3a
  if (value == kExtend || value == kFormat || value == kZwj) {                // WB4
    return to(state == kSpace ? kAny : state, kJoin, value == kZwj);
  }
  const State joined = joined_state(state, value);
  if (joined != kNumStates) return to(joined, pending ? kResolve : kJoin);
  if (after_zwj && (value == kOtherPictographic || value == kALetterPictographic)) {  // WB3c
    return to(state_after(value), pending ? kFailJoin : kJoin);
  }
  const State pend = pending_state(state, value);
  if (pend != kNumStates) return to(pend, kPend);
  return to(state_after(value), pending ? kFailBreak : kBreak);  // WB3b, WB999
}

using Table = std::array<std::array<Transition, 32>, 2 * kNumStates>;

constexpr Table make_table() {
  Table table{};
  for (unsigned state = 0; state < kNumStates; ++state) {
    for (unsigned zwj = 0; zwj < 2; ++zwj) {
      for (unsigned value = 0; value < kNumWordBreaks; ++value) {
        table[state << 1 | zwj][value] =
            transition(static_cast<State>(state), zwj != 0, static_cast<WordBreak>(value));
      }
    }
  }
  return table;
}

inline constexpr Table kTable = make_table();

}  // namespace word_segmenter
}  // namespace spimi
