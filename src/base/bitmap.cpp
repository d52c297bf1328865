#include "base/bitmap.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace spimi {
namespace {

// Sixteen bytes at a time, which every processor can: what there is to do is little enough.
using Sixteen [[gnu::vector_size(16)]] = std::uint8_t;

[[gnu::always_inline]] inline Sixteen load(const void* at) {
  Sixteen bytes;
  std::memcpy(&bytes, at, sizeof(bytes));
  return bytes;
}

/// The number of bits in each byte.
[[gnu::always_inline]] inline Sixteen count_in_bytes(Sixteen bytes) {
  // Shifted in wider words, which every processor can; what comes in from the next byte is masked.
  using Eight [[gnu::vector_size(16)]] = std::uint16_t;
  auto bits = reinterpret_cast<Eight>(bytes);
  bits -= (bits >> 1) & 0x5555;
  bits = (bits & 0x3333) + ((bits >> 2) & 0x3333);
  bits = (bits + (bits >> 4)) & 0x0F0F;
  return reinterpret_cast<Sixteen>(bits);
}

[[gnu::always_inline]] inline std::size_t sum_of(Sixteen bytes) {
  using Two [[gnu::vector_size(16)]] = std::uint64_t;
  const auto words = reinterpret_cast<Two>(bytes);
  constexpr Two kEvenBytes = {0x00FF00FF00FF00FF, 0x00FF00FF00FF00FF};
  const Two pairs = (words & kEvenBytes) + ((words >> 8) & kEvenBytes);
  // The top 16 bits become the sum of all four; those of two such sums fit as well.
  return ((pairs[0] + pairs[1]) * 0x0001000100010001) >> 48;
}

/// For each byte the places of its bits, ascending, and how many they are.
struct PlacesOfBits {
  std::array<std::array<std::uint8_t, 8>, 256> places{};
  std::array<std::uint8_t, 256> num_places{};
};
constexpr PlacesOfBits places_of_bits() {
  PlacesOfBits table;
  for (unsigned byte = 0; byte < 256; ++byte) {
    std::uint8_t n = 0;
    for (unsigned bit = 0; bit < 8; ++bit) {
      if ((byte >> bit & 1) != 0) table.places[byte][n++] = static_cast<std::uint8_t>(bit);
    }
    table.num_places[byte] = n;
  }
  return table;
}
constexpr PlacesOfBits kBits = places_of_bits();

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
  const std::size_t size = bitmap_bytes(first, last);
  Sixteen counts = {};
  std::size_t i = 0;
  for (; i + sizeof(Sixteen) <= size; i += sizeof(Sixteen)) {
    counts += count_in_bytes(load(bitmap + i));
  }
  if (i < size) {
    // The last sixteen, less those that are counted.
    static constexpr std::uint8_t kMask[2 * sizeof(Sixteen)] = {
        0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    counts += count_in_bytes(load(bitmap + size - sizeof(Sixteen)) & load(kMask + (size - i)));
  }
  return sum_of(counts) == kBlockValues && (bitmap[0] & ((1u << first % 8) - 1)) == 0 &&
         bitmap[size - 1] >> last % 8 == 1;
}

void decode_bitmap(const std::uint8_t* bitmap, std::uint32_t first, std::uint32_t last,
                   std::uint32_t* values) {
  const std::size_t size = bitmap_bytes(first, last);
  const std::uint32_t base = first / 8 * 8;
  // A byte at a time takes as long however few bits it has, a bit at a time however near they are.
  constexpr std::size_t kMaxBytesByTable = 80;
  if (size <= kMaxBytesByTable) {
    for (std::size_t i = 0; i < size; ++i) {
      const std::uint8_t byte = bitmap[i];
      const std::uint8_t* const places = kBits.places[byte].data();
      const std::uint32_t before = base + static_cast<std::uint32_t>(8 * i);
#pragma GCC unroll 8
      for (unsigned k = 0; k < 8; ++k) values[k] = before + places[k];
      values += kBits.num_places[byte];
    }
    return;
  }
  for (std::size_t i = 0; i < size; i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bitmap + i, std::min<std::size_t>(8, size - i));
    for (; word != 0; word &= word - 1) {
      *values++ = base + static_cast<std::uint32_t>(8 * i) +
                  static_cast<std::uint32_t>(std::countr_zero(word));
    }
  }
}

void lay_bitmap(const std::uint8_t* bitmap, std::size_t size, std::uint8_t* to) {
  const auto lay = [&](std::size_t i) {
    const Sixteen both = load(bitmap + i) | load(to + i);
    std::memcpy(to + i, &both, sizeof(both));
  };
  for (std::size_t i = 0; i + sizeof(Sixteen) < size; i += sizeof(Sixteen)) lay(i);
  // Some of them again, which changes nothing.
  lay(size - sizeof(Sixteen));
}

std::size_t count_bits(const std::uint64_t* words, std::size_t num_words) {
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

}  // namespace spimi
