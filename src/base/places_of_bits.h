#pragma once

#include <array>
#include <cstdint>

namespace spimi {

/// For each byte the places of its set bits, ascending and then zeros, and how many they are.
struct PlacesOfBits {
  alignas(64) std::array<std::array<std::uint8_t, 8>, 256> places{};
  std::array<std::uint8_t, 256> num_places{};
};

constexpr PlacesOfBits make_places_of_bits() {
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

inline constexpr PlacesOfBits kPlacesOfBits = make_places_of_bits();

}  // namespace spimi
