#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "indexer/run.h"

namespace spimi {

// The words of one posting and of one position (run.h); both return the end.

inline std::uint16_t* put_posting_words(std::uint32_t gap, std::uint32_t tf, std::uint16_t* to) {
  const std::uint32_t gap_code = gap < kPostingGapEscape ? gap : kPostingGapEscape;
  const std::uint32_t tf_code = tf - 1 < kPostingTfEscape ? tf - 1 : kPostingTfEscape;
  *to++ = static_cast<std::uint16_t>(gap_code << 3 | tf_code);
  if (gap_code == kPostingGapEscape) [[unlikely]] {
    std::memcpy(to, &gap, 4);
    to += 2;
  }
  if (tf_code == kPostingTfEscape) [[unlikely]] {
    std::memcpy(to, &tf, 4);
    to += 2;
  }
  return to;
}

inline std::uint16_t* put_position_words(std::uint32_t gap, std::uint16_t* to) {
  if (gap < kPositionEscape) [[likely]] {
    *to = static_cast<std::uint16_t>(gap);
    return to + 1;
  }
  *to = kPositionEscape;
  std::memcpy(to + 1, &gap, 4);
  return to + 3;
}

/// Vector code may read so many numbers behind the occurrences, and write so many words behind both
/// of what it makes.
inline constexpr std::size_t kOccurrenceSlack = 8;

struct OccurrenceWords {
  std::uint16_t* postings_end;
  std::uint32_t num_postings;
  bool gaps_fit;  ///< False: a gap takes more than a word, and none of them is to be used.
};

/// Makes the words of 1 to kRecordOccurrences occurrences, which ascend, each a piece above and
/// `position_bits` of a position below: those of the postings to `postings`, and to `gaps` a word
/// for each position but the first. Picked for the processor at run time (Highway).
OccurrenceWords put_occurrence_words(const std::uint32_t* occurrences, std::size_t size,
                                     unsigned position_bits, std::uint16_t* postings,
                                     std::uint16_t* gaps);

/// For tests to hold the instruction sets that can run here against each other.
namespace record_words_testing {
std::size_t num_targets();
/// All later calls use this target; num_targets() means the best again.
void use_target(std::size_t index);
}  // namespace record_words_testing

}  // namespace spimi
