// Only what SPIMI_CPU_TARGETS picks from.
#define HWY_DISABLED_TARGETS (HWY_AVX3_DL | HWY_SSE4)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "indexer/record_words.cpp"
#include <hwy/foreach_target.h>  // compiles this file once for each instruction set

#include <hwy/highway.h>

#include "base/chosen_lanes.h"
#include "base/cpu_targets.h"
#include "indexer/record_words.h"

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace spimi {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Words = hn::CappedTag<std::uint32_t, 8>;
using Ints = hn::RebindToSigned<Words>;  // what most processors can compare
using WordVector = hn::Vec<Words>;
constexpr std::size_t kMaxLanes = hn::MaxLanes(Words());
static_assert(kMaxLanes <= kOccurrenceSlack);

HWY_INLINE auto less_than(WordVector numbers, std::uint32_t bound) {
  return hn::Lt(hn::BitCast(Ints(), numbers), hn::Set(Ints(), static_cast<std::int32_t>(bound)));
}

HWY_INLINE void store_halves(WordVector numbers, std::uint16_t* to) {
  const hn::Rebind<std::uint16_t, Words> halves;
  hn::StoreU(hn::DemoteTo(halves, hn::BitCast(Ints(), numbers)), halves, to);
}

// `a - b - 1`
HWY_INLINE WordVector between(WordVector a, WordVector b) {
  return hn::Sub(hn::Sub(a, b), hn::Set(Words(), 1));
}

// The postings of some pieces, each of which has its occurrences from its start to the next one's.
// One more piece stands in front, one more start behind.
HWY_INLINE std::uint16_t* put_postings(const std::uint32_t* pieces, const std::uint32_t* starts,
                                       std::size_t size, std::uint16_t* to) {
  const Words d;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t i = 0; i < size; i += lanes) {
    const auto gap = between(hn::LoadU(d, pieces + i), hn::LoadU(d, pieces + i - 1));
    const auto tf_code = between(hn::LoadU(d, starts + i + 1), hn::LoadU(d, starts + i));
    std::uint8_t fits[8] = {};
    hn::StoreMaskBits(
        Ints(), hn::And(less_than(gap, kPostingGapEscape), less_than(tf_code, kPostingTfEscape)),
        fits);
    const std::size_t n = std::min(lanes, size - i);
    const std::uint32_t wanted = (1u << n) - 1;
    if (HWY_LIKELY((fits[0] & wanted) == wanted)) {
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
// depends on it. With eight lanes this takes half the time of a loop over one occurrence after the
// other that has no such branch either.
OccurrenceWords PutOccurrenceWords(const std::uint32_t* occurrences, std::size_t size,
                                   unsigned position_bits, std::uint16_t* postings,
                                   std::uint16_t* gaps) {
  const Words d;
  const Ints ints;
  // Of each posting. Behind the last one is what the vectors had in lanes that nobody wants.
  std::uint32_t piece_buffer[1 + kRecordOccurrences + kMaxLanes];
  std::uint32_t starts[kRecordOccurrences + 1 + kMaxLanes];
  std::uint32_t* const pieces = piece_buffer + 1;
  pieces[-1] = ~std::uint32_t{0};  // so that the first gap counts from 0
  pieces[0] = occurrences[0] >> position_bits;
  starts[0] = 0;
  std::size_t num_postings = 1;
  const auto piece_mask = hn::Set(d, ~((std::uint32_t{1} << position_bits) - 1));
  auto largest = hn::Zero(ints);  // Gaps are less than 2^31.
  auto index = hn::Iota(d, 1);
  for (std::size_t i = 1; i < size; i += hn::Lanes(d)) {
    const auto before = hn::LoadU(d, occurrences + i - 1);
    const auto now = hn::LoadU(d, occurrences + i);
    const auto is_there =
        hn::BitCast(d, hn::VecFromMask(ints, less_than(index, static_cast<std::uint32_t>(size))));
    const auto piece = hn::And(now, piece_mask);
    const auto is_same = hn::Eq(piece, hn::And(before, piece_mask));
    const auto counted_from = hn::IfThenElse(is_same, hn::Add(before, hn::Set(d, 1)), piece);
    const auto gap = hn::And(hn::Sub(now, counted_from), is_there);
    largest = hn::Max(largest, hn::BitCast(ints, gap));
    store_halves(gap, gaps + i - 1);
    const ChosenLanes<Words> is_new(
        hn::MaskFromVec(hn::AndNot(hn::VecFromMask(d, is_same), is_there)));
    hn::StoreU(is_new.to_front(hn::ShiftRightSame(now, static_cast<int>(position_bits))), d,
               pieces + num_postings);
    hn::StoreU(is_new.to_front(index), d, starts + num_postings);
    num_postings += is_new.size();
    index = hn::Add(index, hn::Set(d, static_cast<std::uint32_t>(hn::Lanes(d))));
  }
  starts[num_postings] = static_cast<std::uint32_t>(size);
  return {put_postings(pieces, starts, num_postings, postings),
          static_cast<std::uint32_t>(num_postings),
          hn::AllTrue(ints, less_than(hn::BitCast(d, largest), kPositionEscape))};
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
