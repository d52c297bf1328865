// Only what SPIMI_CPU_TARGETS picks from.
#define HWY_DISABLED_TARGETS (HWY_AVX3_DL | HWY_SSE4)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "indexer/record_words.cpp"
#include <hwy/foreach_target.h>  // compiles this file once for each instruction set

#include <hwy/highway.h>

#include "base/bit_places.h"
#include "base/cpu_targets.h"
#include "indexer/record_words.h"

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace spimi {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Words = hn::CappedTag<std::uint32_t, 8>;
using Ints = hn::RebindToSigned<Words>;  // what most processors can compare
using Halves = hn::Rebind<std::uint16_t, Words>;
using Bytes = hn::Rebind<std::uint8_t, Words>;
constexpr std::size_t kLanes = hn::MaxLanes(Words());
static_assert(kLanes <= kOccurrenceSlack);

// As a byte: the lowest bit is the first lane.
template <class Mask>
HWY_INLINE std::uint8_t bits_of(Ints d, Mask mask) {
  std::uint8_t bytes[8] = {};
  hn::StoreMaskBits(d, mask, bytes);
  return bytes[0];
}

template <class Vector>
HWY_INLINE void store_halves(Vector words, std::uint16_t* to) {
  hn::StoreU(hn::DemoteTo(Halves(), hn::BitCast(Ints(), words)), Halves(), to);
}

// The postings of some pieces, each of which has its occurrences from its start to the next one's.
// One more piece stands in front, one more start behind.
HWY_INLINE std::uint16_t* put_postings(const std::uint32_t* pieces, const std::uint32_t* starts,
                                       std::size_t size, std::uint16_t* to) {
  const Words d;
  const Ints ints;
  const auto one = hn::Set(d, 1);
  const auto less_than = [&](auto words, std::uint32_t bound) HWY_ATTR {
    return hn::Lt(hn::BitCast(ints, words), hn::Set(ints, static_cast<std::int32_t>(bound)));
  };
  for (std::size_t i = 0; i < size; i += kLanes) {
    const auto gap = hn::LoadU(d, pieces + i) - hn::LoadU(d, pieces + i - 1) - one;
    const auto tf_code = hn::LoadU(d, starts + i + 1) - hn::LoadU(d, starts + i) - one;
    const auto fits =
        hn::And(less_than(gap, kPostingGapEscape), less_than(tf_code, kPostingTfEscape));
    const std::size_t n = std::min(kLanes, size - i);
    const std::uint32_t wanted = (1u << n) - 1;
    if (HWY_LIKELY((bits_of(ints, fits) & wanted) == wanted)) {
      store_halves(hn::Or(hn::ShiftLeft<3>(gap), tf_code), to);
      to += n;
    } else {
      for (std::size_t k = i; k < i + n; ++k) {
        to = put_posting_words(pieces[k] - pieces[k - 1] - 1, starts[k + 1] - starts[k], to);
      }
    }
  }
  return to;
}

// Whether an occurrence is in the same document as the one before is next to random. A loop over
// the occurrences of each document would mispredict its end for most postings; here no branch
// depends on it. Eight at a time, this takes half the time of a loop over one after the other that
// has no such branch either.
OccurrenceWords PutOccurrenceWords(const std::uint32_t* occurrences, std::size_t size,
                                   unsigned position_bits, std::uint16_t* postings,
                                   std::uint16_t* gaps) {
  const Words d;
  const Ints ints;
  // Of each posting. What is behind the last one is garbage, and written over.
  std::uint32_t piece_buffer[1 + kRecordOccurrences + kLanes];
  std::uint32_t starts[kRecordOccurrences + 1 + kLanes];
  std::uint32_t* const pieces = piece_buffer + 1;
  pieces[-1] = ~std::uint32_t{0};  // so that the first gap counts from 0
  pieces[0] = occurrences[0] >> position_bits;
  starts[0] = 0;
  std::size_t num_postings = 1;
  const auto piece_mask = hn::Set(d, ~((std::uint32_t{1} << position_bits) - 1));
  const auto one = hn::Set(d, 1);
  const auto lanes = hn::Set(d, static_cast<std::uint32_t>(kLanes));
  const auto last = hn::Set(ints, static_cast<std::int32_t>(size));
  auto all_gaps = hn::Zero(d);
  auto index = hn::Iota(d, 1);
  for (std::size_t i = 1; i < size; i += kLanes) {
    const auto before = hn::LoadU(d, occurrences + i - 1);
    const auto now = hn::LoadU(d, occurrences + i);
    const auto is_there = hn::VecFromMask(ints, hn::Lt(hn::BitCast(ints, index), last));
    const auto piece = hn::And(now, piece_mask);
    const auto is_same = hn::Eq(piece, hn::And(before, piece_mask));
    const auto gap =
        hn::And(now - hn::IfThenElse(is_same, before + one, piece), hn::BitCast(d, is_there));
    all_gaps = hn::Or(all_gaps, gap);
    store_halves(gap, gaps + i - 1);
    const auto is_new = hn::AndNot(hn::BitCast(ints, hn::VecFromMask(d, is_same)), is_there);
    const std::uint8_t new_bits = bits_of(ints, hn::MaskFromVec(is_new));
    const auto places = hn::PromoteTo(d, hn::LoadU(Bytes(), kBitPlaces.of[new_bits]));
    const auto new_pieces = hn::TableLookupLanes(now, hn::IndicesFromVec(d, places));
    hn::StoreU(hn::ShiftRightSame(new_pieces, static_cast<int>(position_bits)), d,
               pieces + num_postings);
    hn::StoreU(places + hn::Set(d, static_cast<std::uint32_t>(i)), d, starts + num_postings);
    num_postings += kBitPlaces.size[new_bits];
    index = index + lanes;
  }
  starts[num_postings] = static_cast<std::uint32_t>(size);
  const bool gaps_fit = hn::AllTrue(
      ints, hn::Lt(hn::BitCast(ints, all_gaps), hn::Set(ints, std::int32_t{kPositionEscape})));
  return {put_postings(pieces, starts, num_postings, postings),
          static_cast<std::uint32_t>(num_postings), gaps_fit};
}

}  // namespace HWY_NAMESPACE
}  // namespace spimi
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace spimi {
namespace {

struct Target {
  decltype(&put_occurrence_words) put;
  bool can_run;
};

#define SPIMI_TARGET(space, can_run) \
  Target { space::PutOccurrenceWords, can_run }

TargetChoice<Target> target({SPIMI_CPU_TARGETS(SPIMI_TARGET)});

}  // namespace

OccurrenceWords put_occurrence_words(const std::uint32_t* occurrences, std::size_t size,
                                     unsigned position_bits, std::uint16_t* postings,
                                     std::uint16_t* gaps) {
  return target->put(occurrences, size, position_bits, postings, gaps);
}

namespace record_words_testing {

std::size_t num_targets() { return target.all().size(); }
void use_target(std::size_t index) { target.choose(index); }

}  // namespace record_words_testing
}  // namespace spimi
#endif  // HWY_ONCE
