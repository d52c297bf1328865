// Only what SPIMI_CPU_TARGETS picks from.
#define HWY_DISABLED_TARGETS (HWY_AVX3_DL | HWY_SSE4 | HWY_SSSE3)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "search/join_positions.cpp"
#include <hwy/foreach_target.h>  // compiles this file once for each instruction set

#include <hwy/highway.h>

#include "base/chosen_lanes.h"
#include "base/cpu_targets.h"
#include "search/join_positions.h"

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace spimi {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using Words = hn::CappedTag<std::uint32_t, PositionSums::kSlack>;

/// Four numbers of `a` are compared with sixteen of `b` at a time, where there are vectors, so that
/// few branches depend on the data: which run is ahead cannot be predicted.
template <bool kStore>
HWY_INLINE std::uint32_t join(const ShiftedSums& a, const ShiftedSums& b, std::uint32_t& a_at,
                              std::uint32_t& b_at, std::uint32_t least, std::uint32_t* found) {
  const Words d;
  constexpr auto kLanes = static_cast<std::uint32_t>(hn::MaxLanes(d));
  constexpr std::uint32_t kAtOnce = kLanes == 1 ? 1 : PositionSums::kSlack;
  // What makes a sum of `a` of one of `b`.
  const auto shift = hn::Set(d, a.shift - b.shift);
  const std::uint32_t* const a_sums = a.sums;
  const std::uint32_t* const b_sums = b.sums;
  const std::uint32_t a_shift = a.shift, a_size = a.size, b_size = b.size;
  std::uint32_t num_found = 0;
  std::uint32_t i = a_at, j = b_at;
  do {
    const auto of_a = [&](std::uint32_t k)
                          HWY_ATTR { return hn::Set(d, a_sums[std::min(i + k, a_size - 1)]); };
    const auto a0 = of_a(0), a1 = of_a(1), a2 = of_a(2), a3 = of_a(3);
    for (std::uint32_t k = 0; k < kAtOnce; k += kLanes) {
      const auto values = hn::Add(hn::LoadU(d, b_sums + j + k), shift);
      const auto equal = hn::And(hn::Or(hn::Or(hn::Eq(values, a0), hn::Eq(values, a1)),
                                        hn::Or(hn::Eq(values, a2), hn::Eq(values, a3))),
                                 hn::FirstN(d, std::min(b_size - std::min(b_size, j + k), kLanes)));
      const ChosenLanes<Words> chosen(equal);
      if constexpr (kStore) {
        hn::StoreU(chosen.to_front(hn::Sub(values, hn::Set(d, a_shift))), d, found + num_found);
      }
      num_found += static_cast<std::uint32_t>(chosen.size());
    }
    const std::uint32_t last_of_a = a_sums[std::min(i + 3, a_size - 1)] - a_shift;
    const std::uint32_t last_of_b = b_sums[std::min(j + kAtOnce, b_size) - 1] - b.shift;
    i += static_cast<std::uint32_t>(last_of_a <= last_of_b) * 4;
    j += static_cast<std::uint32_t>(last_of_b <= last_of_a) * kAtOnce;
  } while (i < a_size && j < b_size && num_found < least);
  a_at = i;
  b_at = j;
  return num_found;
}

/// The same of two short runs, which most are: what `b` has is compared at once.
template <bool kStore>
HWY_INLINE std::uint32_t join_short(const ShiftedSums& a, const ShiftedSums& b,
                                    std::uint32_t* found) {
  const Words d;
  const auto values = hn::Add(hn::LoadU(d, b.sums), hn::Set(d, a.shift - b.shift));
  const auto is_equal = [&](std::uint32_t k) HWY_ATTR {
    return hn::Eq(values, hn::Set(d, a.sums[std::min(k, a.size - 1)]));
  };
  const auto equal =
      hn::And(hn::Or(hn::Or(is_equal(0), is_equal(1)), hn::Or(is_equal(2), is_equal(3))),
              hn::FirstN(d, b.size));
  const ChosenLanes<Words> chosen(equal);
  if constexpr (kStore) {
    hn::StoreU(chosen.to_front(hn::Sub(values, hn::Set(d, a.shift))), d, found);
  }
  return static_cast<std::uint32_t>(chosen.size());
}

template <bool kStore>
HWY_INLINE std::uint32_t join_run(const ShiftedSums& a, const ShiftedSums& b, std::uint32_t most,
                                  std::uint32_t* found) {
  if (a.size <= 4 && b.size <= hn::Lanes(Words())) return join_short<kStore>(a, b, found);
  std::uint32_t a_at = 0, b_at = 0;
  return join<kStore>(a, b, a_at, b_at, most, found);
}

std::uint32_t JoinPositions(PositionRun& a, PositionRun& b, std::uint32_t least,
                            std::uint32_t* found) {
  return join<true>(a, b, a.at, b.at, least, found);
}

void JoinPositionRuns(std::span<const ShiftedSums> a, const ShiftedSums* b, std::uint32_t most,
                      std::uint32_t* counts, std::uint32_t* found) {
  if (found == nullptr) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      counts[i] = join_run<false>(a[i], b[i], most, nullptr);
    }
    return;
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    counts[i] = join_run<true>(a[i], b[i], most, found);
    found += counts[i];
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace spimi
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace spimi {
namespace {

struct Target {
  decltype(&join_positions) join;
  decltype(&join_position_runs) join_runs;
  bool can_run;
};

#define SPIMI_TARGET(space, can_run) \
  Target { space::JoinPositions, space::JoinPositionRuns, can_run }

TargetChoice<Target> target({SPIMI_CPU_TARGETS(SPIMI_TARGET)});

}  // namespace

std::uint32_t join_positions(PositionRun& a, PositionRun& b, std::uint32_t least,
                             std::uint32_t* found) {
  return target->join(a, b, least, found);
}

void join_position_runs(std::span<const ShiftedSums> a, const ShiftedSums* b, std::uint32_t most,
                        std::uint32_t* counts, std::uint32_t* found) {
  target->join_runs(a, b, most, counts, found);
}

namespace join_positions_testing {

std::size_t num_targets() { return target.all().size(); }
void use_target(std::size_t index) { target.choose(index); }

}  // namespace join_positions_testing
}  // namespace spimi
#endif  // HWY_ONCE
