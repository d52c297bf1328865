// Only what SPIMI_CPU_TARGETS picks from.
#define HWY_DISABLED_TARGETS (HWY_AVX3_DL | HWY_SSE4 | HWY_SSSE3)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "base/gap_sums.cpp"
#include <hwy/foreach_target.h>  // compiles this file once for each instruction set

#include <hwy/highway.h>

#include "base/cpu_targets.h"
#include "base/gap_sums.h"

#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace spimi {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2

namespace hn = hwy::HWY_NAMESPACE;

using Words = hn::CappedTag<std::uint32_t, kGapSlack + 1>;
using WordVector = hn::Vec<Words>;

// Of the sums of each four values: the sums from the first of all.
HWY_INLINE WordVector sums_of_all(WordVector sums) {
  const Words d;
  if constexpr (hn::MaxLanes(d) == 8) {
    // By halves, which takes one step where lanes between them take two.
    return hn::Add(sums, hn::ConcatLowerLower(d, hn::Broadcast<3>(sums), hn::Zero(d)));
  }
  // Those of four go on to the next four, then those of eight to the next eight.
  HWY_ALIGN static constexpr std::uint32_t kLastOfFour[16] = {0, 0, 0, 0, 3,  3,  3,  3,
                                                              7, 7, 7, 7, 11, 11, 11, 11};
  HWY_ALIGN static constexpr std::uint32_t kLastOfEight[16] = {0, 0, 0, 0, 0, 0, 0, 0,
                                                               3, 3, 3, 3, 7, 7, 7, 7};
  const auto last_of_four = hn::SetTableIndices(d, kLastOfFour);
  const auto last_of_eight = hn::SetTableIndices(d, kLastOfEight);
  sums = hn::Add(sums, hn::IfThenElseZero(hn::Not(hn::FirstN(d, 4)),
                                          hn::TableLookupLanes(sums, last_of_four)));
  return hn::Add(sums, hn::IfThenElseZero(hn::Not(hn::FirstN(d, 8)),
                                          hn::TableLookupLanes(sums, last_of_eight)));
}

// The last of them in all lanes.
HWY_INLINE WordVector last_of(WordVector sums) {
  const Words d;
  if constexpr (hn::MaxLanes(d) == 8) {
    const WordVector last = hn::Broadcast<3>(sums);
    return hn::ConcatUpperUpper(d, last, last);
  }
  return hn::TableLookupLanes(
      sums, hn::IndicesFromVec(d, hn::Set(d, static_cast<std::uint32_t>(hn::MaxLanes(d) - 1))));
}

std::uint32_t AddUpGaps(std::uint32_t base, const std::uint32_t* gaps, std::size_t size,
                        std::uint32_t* values) {
  const Words d;
  const auto one = hn::Set(d, 1);
  auto before = hn::Set(d, base - 1);
  auto seen = hn::Zero(d);
  for (std::size_t i = 0; i < size; i += hn::MaxLanes(d)) {
    auto sums = hn::LoadU(d, gaps + i);
    seen = hn::Or(seen, sums);
    sums = hn::Add(sums, one);
    sums = hn::Add(sums, hn::ShiftLeftLanes<1>(sums));
    sums = sums_of_all(hn::Add(sums, hn::ShiftLeftLanes<2>(sums)));
    hn::StoreU(hn::Add(sums, before), d, values + i);
    before = hn::Add(before, last_of(sums));
  }
  return hn::GetLane(hn::MaxOfLanes(d, seen));
}

#else

// Four at a time, which every processor can: adding up is bound by how fast the sums follow each
// other, not by how many are made at once.
std::uint32_t AddUpGaps(std::uint32_t base, const std::uint32_t* gaps, std::size_t size,
                        std::uint32_t* values) {
  using Four [[gnu::vector_size(16)]] = std::uint32_t;
  constexpr Four kZero = {};
  Four before = kZero + (base - 1);
  Four seen = kZero;
  for (std::size_t i = 0; i < size; i += 4) {
    Four sums;
    std::memcpy(&sums, gaps + i, sizeof(sums));
    seen |= sums;
    sums += 1;
    sums += __builtin_shufflevector(kZero, sums, 0, 4, 5, 6);
    sums += __builtin_shufflevector(kZero, sums, 0, 1, 4, 5);
    const Four four_values = sums + before;
    std::memcpy(values + i, &four_values, sizeof(four_values));
    before += __builtin_shufflevector(sums, sums, 3, 3, 3, 3);
  }
  return seen[0] | seen[1] | seen[2] | seen[3];
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace spimi
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace spimi {
namespace {

struct Target {
  decltype(&add_up_gaps) add_up;
  bool can_run;
};

#define SPIMI_TARGET(space, can_run) \
  Target { space::AddUpGaps, can_run }

TargetChoice<Target> target({SPIMI_CPU_TARGETS(SPIMI_TARGET)});

}  // namespace

std::uint32_t add_up_gaps(std::uint32_t base, const std::uint32_t* gaps, std::size_t size,
                          std::uint32_t* values) {
  return target->add_up(base, gaps, size, values);
}

namespace gap_sums_testing {

std::size_t num_targets() { return target.all().size(); }
void use_target(std::size_t index) { target.choose(index); }

}  // namespace gap_sums_testing
}  // namespace spimi
#endif  // HWY_ONCE
