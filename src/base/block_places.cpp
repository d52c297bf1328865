// Only what SPIMI_CPU_TARGETS picks from.
#define HWY_DISABLED_TARGETS (HWY_AVX3_DL | HWY_SSE4 | HWY_SSSE3)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "base/block_places.cpp"
#include <hwy/foreach_target.h>  // compiles this file once for each instruction set

#include <hwy/highway.h>

#include "base/block_places.h"
#include "base/cpu_targets.h"

#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace spimi {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2

namespace hn = hwy::HWY_NAMESPACE;

inline std::uint32_t count_ones(std::uint64_t bits) {
  return static_cast<std::uint32_t>(__builtin_popcountll(bits));
}

// Each number is held against the last values of the parts, then against the values of one.
FoundPlaces FindInBlock(const std::uint32_t* values, std::uint32_t last,
                        const std::uint32_t* numbers, std::size_t size, std::uint32_t* places) {
  const hn::CappedTag<std::uint32_t, 16> d;
  constexpr std::size_t kPart = 16;
  const hn::FixedTag<std::uint32_t, kBlockValues / kPart> parts;
  HWY_ALIGN std::uint32_t lasts[kBlockValues / kPart];
  for (std::size_t i = 0; i < kBlockValues / kPart; ++i) lasts[i] = values[kPart * (i + 1) - 1];
  const auto last_of_parts = hn::Load(parts, lasts);
  FoundPlaces done{0, 0};
  for (; done.num_numbers < size && numbers[done.num_numbers] <= last; ++done.num_numbers) {
    const std::uint32_t number = numbers[done.num_numbers];
    const auto wanted = hn::Set(d, number);
    const std::size_t at =
        kPart * hn::CountTrue(parts, hn::Lt(last_of_parts, hn::Set(parts, number)));
    std::size_t num_less = 0, is_found = 0;
    for (std::size_t i = 0; i < kPart; i += hn::Lanes(d)) {
      const auto some = hn::LoadU(d, values + at + i);
      num_less += hn::CountTrue(d, hn::Lt(some, wanted));
      is_found += hn::CountTrue(d, hn::Eq(some, wanted));
    }
    places[done.num_numbers] = static_cast<std::uint32_t>((at + num_less + 1) & -is_found);
    done.num_found += is_found;
  }
  return done;
}

#else

// std::popcount without an instruction that not every processor has, or else a call.
inline std::uint32_t count_ones(std::uint64_t bits) {
  bits -= bits >> 1 & 0x5555555555555555;
  bits = (bits & 0x3333333333333333) + (bits >> 2 & 0x3333333333333333);
  bits = (bits + (bits >> 4)) & 0x0F0F0F0F0F0F0F0F;
  return static_cast<std::uint32_t>(bits * 0x0101010101010101 >> 56);
}

FoundPlaces FindInBlock(const std::uint32_t* values, std::uint32_t last,
                        const std::uint32_t* numbers, std::size_t size, std::uint32_t* places) {
  FoundPlaces done{0, 0};
  for (; done.num_numbers < size && numbers[done.num_numbers] <= last; ++done.num_numbers) {
    const std::uint32_t at = place_in_block(values, numbers[done.num_numbers]);
    const std::uint32_t is_found = values[at] == numbers[done.num_numbers] ? 1 : 0;
    places[done.num_numbers] = (at + 1) & -is_found;
    done.num_found += is_found;
  }
  return done;
}

#endif

FoundPlaces FindInBitmap(const RankedBitmap& ranked, const std::uint32_t* numbers, std::size_t size,
                         std::uint32_t* places) {
  FoundPlaces done{0, 0};
  for (; done.num_numbers < size && numbers[done.num_numbers] <= ranked.last; ++done.num_numbers) {
    const std::uint32_t bit = numbers[done.num_numbers] - ranked.begin;
    // The bits up to that of the number, which is the top one.
    const std::uint64_t up_to = ranked.words[bit / 64] << (63 - bit % 64);
    const auto is_found = static_cast<std::uint32_t>(up_to >> 63);
    places[done.num_numbers] = (ranked.num_before[bit / 64] + count_ones(up_to)) & -is_found;
    done.num_found += is_found;
  }
  return done;
}

bool RankBitmap(const std::uint8_t* bitmap, std::uint32_t first, std::uint32_t last,
                RankedBitmap& ranked) {
  const std::size_t size = bitmap_bytes(first, last);
  ranked.begin = first / 8 * 8;
  ranked.last = last;
  std::uint32_t num_before = 0;
  const auto add = [&](std::size_t i, std::uint64_t word) {
    ranked.words[i] = word;
    ranked.num_before[i] = num_before;
    num_before += count_ones(word);
  };
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < size / 8; ++i) {
    std::memcpy(&word, bitmap + 8 * i, 8);
    add(i, word);
  }
  if (size % 8 != 0) {
    std::memcpy(&word, bitmap + size - 8, 8);
    add(size / 8, word >> 8 * (8 - size % 8));
  }
  return num_before == kBlockValues && is_within(bitmap, first, last);
}

}  // namespace HWY_NAMESPACE
}  // namespace spimi
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace spimi {
namespace {

struct Target {
  decltype(&rank_bitmap) rank;
  FoundPlaces (*find_in_block)(const std::uint32_t* values, std::uint32_t last,
                               const std::uint32_t* numbers, std::size_t size,
                               std::uint32_t* places);
  FoundPlaces (*find_in_bitmap)(const RankedBitmap& ranked, const std::uint32_t* numbers,
                                std::size_t size, std::uint32_t* places);
  bool can_run;
};

#define SPIMI_TARGET(space, can_run) \
  Target { space::RankBitmap, space::FindInBlock, space::FindInBitmap, can_run }

TargetChoice<Target> target({SPIMI_CPU_TARGETS(SPIMI_TARGET)});

}  // namespace

bool rank_bitmap(const std::uint8_t* bitmap, std::uint32_t first, std::uint32_t last,
                 RankedBitmap& ranked) {
  return target->rank(bitmap, first, last, ranked);
}

FoundPlaces find_places(const std::uint32_t* values, std::uint32_t last,
                        const std::uint32_t* numbers, std::size_t size, std::uint32_t* places) {
  return target->find_in_block(values, last, numbers, size, places);
}

FoundPlaces find_places(const RankedBitmap& ranked, const std::uint32_t* numbers, std::size_t size,
                        std::uint32_t* places) {
  return target->find_in_bitmap(ranked, numbers, size, places);
}

namespace block_places_testing {

std::size_t num_targets() { return target.all().size(); }
void use_target(std::size_t index) { target.choose(index); }

}  // namespace block_places_testing
}  // namespace spimi
#endif  // HWY_ONCE
