// Only what SPIMI_CPU_TARGETS picks from.
#define HWY_WANT_AVX3_DL
#define HWY_DISABLED_TARGETS (HWY_AVX3 | HWY_SSE4 | HWY_SSSE3)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "base/bitmap.cpp"
#include <hwy/foreach_target.h>  // compiles this file once for each instruction set

#include <hwy/highway.h>

#include "base/bitmap.h"
#include "base/cpu_targets.h"
#include "base/places_of_bits.h"

#include <algorithm>
#include <bit>
#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace spimi {
namespace HWY_NAMESPACE {

// The 64 bits from byte `i` on; none behind the end of the bitmap.
inline std::uint64_t word_at(const std::uint8_t* bitmap, std::size_t i, std::size_t size) {
  std::uint64_t word;
  if (i + 8 <= size) {
    std::memcpy(&word, bitmap + i, 8);
    return word;
  }
  std::memcpy(&word, bitmap + size - 8, 8);
  return word >> 8 * (i + 8 - size);
}

#if HWY_TARGET == HWY_AVX3_DL

namespace hn = hwy::HWY_NAMESPACE;
using Bytes = hn::FixedTag<std::uint8_t, 64>;
using Words = hn::FixedTag<std::uint64_t, 8>;

// How many bits of a bitmap are set, which are set in `to` as well unless that is null.
HWY_INLINE std::size_t count_and_lay(const std::uint8_t* bitmap, std::size_t size,
                                     std::uint8_t* to) {
  const Bytes d;
  auto counts = hn::Zero(d);
  for (std::size_t i = 0; i < size; i += hn::Lanes(d)) {
    const auto mask = hn::FirstN(d, size - i);
    const auto bits = hn::MaskedLoad(mask, d, bitmap + i);
    counts = hn::Add(counts, hn::PopulationCount(bits));
    if (to != nullptr) {
      hn::BlendedStore(hn::Or(bits, hn::MaskedLoad(mask, d, to + i)), mask, d, to + i);
    }
  }
  return static_cast<std::size_t>(hn::GetLane(hn::SumOfLanes(Words(), hn::SumsOf8(counts))));
}

std::size_t CountBits(const std::uint64_t* words, std::size_t num_words) {
  const Words d;
  auto counts = hn::Zero(d);
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= num_words; i += hn::Lanes(d)) {
    counts = hn::Add(counts, hn::PopulationCount(hn::LoadU(d, words + i)));
  }
  auto total = static_cast<std::size_t>(hn::GetLane(hn::SumOfLanes(d, counts)));
  for (; i < num_words; ++i) total += static_cast<std::size_t>(std::popcount(words[i]));
  return total;
}

// Of 64 places those whose bits are set move together, in bytes.
void DecodeBlock(const std::uint8_t* bitmap, std::uint32_t first, std::uint32_t last,
                 std::uint32_t* values) {
  const Bytes all;
  const hn::Half<decltype(all)> half;
  const hn::Half<decltype(half)> quarter;
  const hn::FixedTag<std::uint32_t, 16> wide;
  const std::size_t size = bitmap_bytes(first, last);
  for (std::size_t i = 0; i < size; i += 8) {
    const std::uint64_t word = word_at(bitmap, i, size);
    const auto places = hn::Compress(
        hn::Iota(all, 0), hn::LoadMaskBits(all, reinterpret_cast<const std::uint8_t*>(&word)));
    const auto base = hn::Set(wide, first / 8 * 8 + static_cast<std::uint32_t>(8 * i));
    const auto store = [&](auto bytes, std::size_t at) HWY_ATTR {
      hn::StoreU(hn::Add(base, hn::PromoteTo(wide, bytes)), wide, values + at);
    };
    const auto num_values = static_cast<std::size_t>(std::popcount(word));
    store(hn::LowerHalf(quarter, hn::LowerHalf(half, places)), 0);
    if (num_values > 16) store(hn::UpperHalf(quarter, hn::LowerHalf(half, places)), 16);
    if (num_values > 32) store(hn::LowerHalf(quarter, hn::UpperHalf(half, places)), 32);
    if (num_values > 48) store(hn::UpperHalf(quarter, hn::UpperHalf(half, places)), 48);
    values += num_values;
  }
}

#elif HWY_TARGET == HWY_AVX2

namespace hn = hwy::HWY_NAMESPACE;

// A word at a time: the processor counts its bits.
std::size_t CountBits(const std::uint64_t* words, std::size_t num_words) {
  std::size_t total = 0;
  for (std::size_t i = 0; i < num_words; ++i) {
    total += static_cast<std::size_t>(std::popcount(words[i]));
  }
  return total;
}

// How many bits of a bitmap are set, which are set in `to` as well unless that is null.
HWY_INLINE std::size_t count_and_lay(const std::uint8_t* bitmap, std::size_t size,
                                     std::uint8_t* to) {
  std::size_t total = 0;
  const auto take = [&](std::size_t i, std::size_t num_counted) HWY_ATTR {
    std::uint64_t word;
    std::memcpy(&word, bitmap + i, sizeof(word));
    if (to != nullptr) {
      std::uint64_t both;
      std::memcpy(&both, to + i, sizeof(both));
      both |= word;
      std::memcpy(to + i, &both, sizeof(both));
    }
    total += static_cast<std::size_t>(std::popcount(word >> 8 * (sizeof(word) - num_counted)));
  };
  std::size_t i = 0;
  for (; i + 8 <= size; i += 8) take(i, 8);
  // The last eight bytes may have been taken in part: those are laid again, but not counted.
  if (i < size) take(size - 8, size - i);
  return total;
}

// A byte at a time, by table: its numbers are a vector.
void DecodeBlock(const std::uint8_t* bitmap, std::uint32_t first, std::uint32_t last,
                 std::uint32_t* values) {
  const hn::FixedTag<std::uint32_t, 8> d;
  const hn::FixedTag<std::uint8_t, 8> places;
  const std::size_t size = bitmap_bytes(first, last);
  const auto eight = hn::Set(d, 8);
  auto base = hn::Set(d, first / 8 * 8);
  for (std::size_t i = 0; i < size; ++i) {
    const std::uint8_t byte = bitmap[i];
    const auto of_byte = hn::LoadU(places, kPlacesOfBits.places[byte].data());
    hn::StoreU(hn::Add(base, hn::PromoteTo(d, of_byte)), d, values);
    values += kPlacesOfBits.num_places[byte];
    base = hn::Add(base, eight);
  }
}

#else

// Sixteen bytes at a time, which every processor can: what there is to do is little enough.
using Sixteen [[gnu::vector_size(16)]] = std::uint8_t;

inline Sixteen load(const void* at) {
  Sixteen bytes;
  std::memcpy(&bytes, at, sizeof(bytes));
  return bytes;
}

// The number of bits in each byte.
inline Sixteen count_in_bytes(Sixteen bytes) {
  // Shifted in wider words, which every processor can; what comes in from the next byte is masked.
  using Eight [[gnu::vector_size(16)]] = std::uint16_t;
  auto bits = reinterpret_cast<Eight>(bytes);
  bits -= (bits >> 1) & 0x5555;
  bits = (bits & 0x3333) + ((bits >> 2) & 0x3333);
  bits = (bits + (bits >> 4)) & 0x0F0F;
  return reinterpret_cast<Sixteen>(bits);
}

inline std::size_t sum_of(Sixteen bytes) {
  using Two [[gnu::vector_size(16)]] = std::uint64_t;
  const auto words = reinterpret_cast<Two>(bytes);
  constexpr Two kEvenBytes = {0x00FF00FF00FF00FF, 0x00FF00FF00FF00FF};
  const Two pairs = (words & kEvenBytes) + ((words >> 8) & kEvenBytes);
  // The top 16 bits become the sum of all four; those of two such sums fit as well.
  return ((pairs[0] + pairs[1]) * 0x0001000100010001) >> 48;
}

// How many bits of a bitmap are set, which are set in `to` as well unless that is null.
inline std::size_t count_and_lay(const std::uint8_t* bitmap, std::size_t size, std::uint8_t* to) {
  Sixteen counts = {};
  const auto take = [&](std::size_t i, Sixteen mask) {
    const Sixteen bits = load(bitmap + i);
    counts += count_in_bytes(bits & mask);
    if (to == nullptr) return;
    const Sixteen both = bits | load(to + i);
    std::memcpy(to + i, &both, sizeof(both));
  };
  // The last sixteen bytes may have been taken in part: those are laid again, but not counted.
  static constexpr std::uint8_t kMasks[2 * sizeof(Sixteen)] = {
      0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,
      255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
  std::size_t i = 0;
  for (; i + sizeof(Sixteen) <= size; i += sizeof(Sixteen)) take(i, ~Sixteen{});
  if (i < size) take(size - sizeof(Sixteen), load(kMasks + (size - i)));
  return sum_of(counts);
}

std::size_t CountBits(const std::uint64_t* words, std::size_t num_words) {
  constexpr std::size_t kWords = sizeof(Sixteen) / sizeof(*words);
  // As many as their sums have room for.
  constexpr std::size_t kStretch = 31 * kWords;
  std::size_t total = 0, i = 0;
  while (i + kWords <= num_words) {
    Sixteen counts = {};
    const std::size_t end = std::min(num_words, i + kStretch);
    for (; i + kWords <= end; i += kWords) counts += count_in_bytes(load(words + i));
    total += sum_of(counts);
  }
  for (; i < num_words; ++i) total += static_cast<std::size_t>(std::popcount(words[i]));
  return total;
}

void DecodeBlock(const std::uint8_t* bitmap, std::uint32_t first, std::uint32_t last,
                 std::uint32_t* values) {
  const std::size_t size = bitmap_bytes(first, last);
  std::uint32_t base = first / 8 * 8;
  // A byte at a time takes as long however few bits it has, a bit at a time however near they are.
  constexpr std::size_t kMaxBytesByTable = 80;
  if (size <= kMaxBytesByTable) {
    for (std::size_t i = 0; i < size; ++i, base += 8) {
      const std::uint8_t byte = bitmap[i];
      const std::uint8_t* const places = kPlacesOfBits.places[byte].data();
#pragma GCC unroll 8
      for (unsigned k = 0; k < 8; ++k) values[k] = base + places[k];
      values += kPlacesOfBits.num_places[byte];
    }
    return;
  }
  for (std::size_t i = 0; i < size; i += 8, base += 64) {
    for (std::uint64_t word = word_at(bitmap, i, size); word != 0; word &= word - 1) {
      *values++ = base + static_cast<std::uint32_t>(std::countr_zero(word));
    }
  }
}

#endif

bool LayBlock(const std::uint8_t* bitmap, std::uint32_t first, std::uint32_t last,
              std::uint8_t* to) {
  return count_and_lay(bitmap, bitmap_bytes(first, last), to) == kBlockValues &&
         is_within(bitmap, first, last);
}

}  // namespace HWY_NAMESPACE
}  // namespace spimi
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace spimi {
namespace {

struct Target {
  decltype(&lay_block_bitmap) lay;
  decltype(&decode_bitmap) decode;
  decltype(&count_bits) count;
  bool can_run;
};

#define SPIMI_TARGET(space, can_run) \
  Target { space::LayBlock, space::DecodeBlock, space::CountBits, can_run }

TargetChoice<Target> target({SPIMI_CPU_TARGETS(SPIMI_TARGET)});

}  // namespace

std::uint8_t* encode_bitmap(const std::uint32_t* values, std::uint32_t first, std::uint8_t* out) {
  const std::size_t size = bitmap_bytes(first, values[kBlockValues - 1]);
  std::uint64_t words[(kMaxBitmapBytes + 7) / 8] = {};
  for (std::size_t i = 0; i < kBlockValues; ++i) {
    const std::uint32_t place = values[i] - first / 8 * 8;
    words[place / 64] |= std::uint64_t{1} << place % 64;
  }
  std::memcpy(out, words, size);
  return out + size;
}

bool is_block_bitmap(const std::uint8_t* bitmap, std::uint32_t first, std::uint32_t last) {
  return target->lay(bitmap, first, last, nullptr);
}

bool lay_block_bitmap(const std::uint8_t* bitmap, std::uint32_t first, std::uint32_t last,
                      std::uint8_t* to) {
  return target->lay(bitmap, first, last, to);
}

void decode_bitmap(const std::uint8_t* bitmap, std::uint32_t first, std::uint32_t last,
                   std::uint32_t* values) {
  target->decode(bitmap, first, last, values);
}

std::size_t count_bits(const std::uint64_t* words, std::size_t num_words) {
  return target->count(words, num_words);
}

namespace bitmap_testing {

std::size_t num_targets() { return target.all().size(); }
void use_target(std::size_t index) { target.choose(index); }

}  // namespace bitmap_testing
}  // namespace spimi
#endif  // HWY_ONCE
