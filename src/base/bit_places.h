#pragma once

#include <cstdint>

namespace spimi {

/// The places of the set bits of each byte, from the lowest on; zeros behind them.
struct BitPlaces {
  alignas(64) std::uint8_t of[256][8];
  std::uint8_t size[256];
};

constexpr BitPlaces make_bit_places() {
  BitPlaces places{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    unsigned n = 0;
    for (std::uint8_t bit = 0; bit < 8; ++bit) {
      if (byte >> bit & 1) places.of[byte][n++] = bit;
    }
    places.size[byte] = static_cast<std::uint8_t>(n);
  }
  return places;
}

inline constexpr BitPlaces kBitPlaces = make_bit_places();

}  // namespace spimi
