// Only what SPIMI_CPU_TARGETS picks from.
#define HWY_DISABLED_TARGETS (HWY_AVX3_DL | HWY_SSE4)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "base/block_shape.cpp"
#include <hwy/foreach_target.h>  // compiles this file once for each instruction set

#include <hwy/highway.h>

#include "base/block_shape.h"
#include "base/cpu_targets.h"

#include <algorithm>
#include <bit>
#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace spimi {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
constexpr std::size_t kValues = 128;
using Words = hn::ScalableTag<std::uint32_t>;
using Ints = hn::RebindToSigned<Words>;
using Floats = hn::RebindToFloat<Words>;
using Quarters = hn::Rebind<std::uint8_t, Words>;
// At most 64 bytes, so that a mask is one 64-bit word.
using Bytes = hn::CappedTag<std::int8_t, 64>;

// The indices of bytes of `numbers` that are greater than `bound`, 64 in each word.
HWY_INLINE void greater_than(const std::int8_t* numbers, unsigned bound, std::uint64_t masks[2]) {
  const Bytes d;
  const auto limit = hn::Set(d, static_cast<std::int8_t>(bound));
  masks[0] = masks[1] = 0;
  for (std::size_t i = 0; i < kValues; i += hn::Lanes(d)) {
    std::uint8_t bytes[8] = {};
    hn::StoreMaskBits(d, hn::Gt(hn::Load(d, numbers + i), limit), bytes);
    std::uint64_t mask;
    std::memcpy(&mask, bytes, sizeof(mask));
    masks[i / 64] |= mask << i % 64;
  }
}

void FindBlockShape(const std::uint32_t* values, BlockShape* shape) {
  const Words d;
  alignas(64) std::int8_t num_bits[kValues];  // of each value
  auto all = hn::Zero(d);
  for (std::size_t i = 0; i < kValues; i += hn::Lanes(d)) {
    const auto v = hn::LoadU(d, values + i);
    all = hn::Or(all, v);
    // A float's exponent tells the top bit: that of 1 is 127, and of 0 it is 0. With no two ones
    // side by side nothing is rounded up to the next power of two; what is no positive int becomes
    // 2^31.
    const auto sparse = hn::Min(hn::AndNot(hn::ShiftRight<1>(v), v), hn::Set(d, 0x7FFFFFFF));
    const auto exponent = hn::And(
        hn::ShiftRight<23>(hn::BitCast(d, hn::ConvertTo(Floats(), hn::BitCast(Ints(), sparse)))),
        hn::Set(d, 255));
    const auto bits = hn::SaturatedSub(hn::DemoteTo(Quarters(), hn::BitCast(Ints(), exponent)),
                                       hn::Set(Quarters(), 126));
    hn::StoreU(bits, Quarters(), reinterpret_cast<std::uint8_t*>(num_bits) + i);
  }
  alignas(64) std::uint32_t words[hn::MaxLanes(Words())];
  hn::Store(all, d, words);
  std::uint32_t any = 0;
  for (std::size_t i = 0; i < hn::Lanes(d); ++i) any |= words[i];
  const auto top = static_cast<unsigned>(32 - std::countl_zero(any));

  // An exception takes a byte for its index and one for each 7 bits above the width. So a block of
  // a width takes 16 bytes times the width, and for each value with more bits than w, w + 7,
  // w + 14, … a byte, and another one for the index.
  std::uint8_t num_above[33] = {};  // values with more bits than that
  std::uint64_t masks[2], best_masks[2] = {0, 0};
  unsigned best = top;
  std::uint32_t best_cost = 16 * top;
  for (unsigned width = top; width-- > 0;) {
    greater_than(num_bits, width, masks);
    const auto n = static_cast<std::uint32_t>(std::popcount(masks[0]) + std::popcount(masks[1]));
    num_above[width] = static_cast<std::uint8_t>(n);
    // A narrower width has no fewer exceptions.
    if (2 * n >= best_cost) break;
    std::uint32_t cost = 16 * width + 2 * n;
    for (unsigned w = width + 7; w < top; w += 7) cost += num_above[w];
    if (cost < best_cost) {
      best_cost = cost;
      best = width;
      best_masks[0] = masks[0];
      best_masks[1] = masks[1];
    }
  }
  shape->width = best;
  std::uint8_t* out = shape->exceptions;
  for (unsigned half = 0; half < 2; ++half) {
    for (std::uint64_t mask = best_masks[half]; mask != 0; mask &= mask - 1) {
      *out++ = static_cast<std::uint8_t>(64 * half + static_cast<unsigned>(std::countr_zero(mask)));
    }
  }
  shape->num_exceptions = static_cast<std::uint32_t>(out - shape->exceptions);
}

}  // namespace HWY_NAMESPACE
}  // namespace spimi
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace spimi {
namespace {

struct Target {
  decltype(&find_block_shape) find;
  bool can_run;
};

#define SPIMI_TARGET(space, can_run) \
  Target { space::FindBlockShape, can_run }

TargetChoice<Target> target({SPIMI_CPU_TARGETS(SPIMI_TARGET)});

}  // namespace

void find_block_shape(const std::uint32_t* values, BlockShape* shape) {
  target->find(values, shape);
}

namespace block_shape_testing {

std::size_t num_targets() { return target.all().size(); }
void use_target(std::size_t index) { target.choose(index); }

}  // namespace block_shape_testing
}  // namespace spimi
#endif  // HWY_ONCE
