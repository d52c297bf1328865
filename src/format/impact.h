#pragma once

#include <algorithm>
#include <cstdint>

namespace spimi {

/// The part of a BM25 score (k1 = 1.2, b = 0.75) that a skip entry bounds, below 1 but for
/// rounding. Writer and readers share it, for the order of its operations decides the bytes.
inline double bm25_impact(std::uint32_t tf, std::uint32_t length, double average_length) {
  return tf / (tf + 1.2 * (0.25 + 0.75 * length / average_length));
}

/// `max_impact` of format/README.md, from the largest bm25_impact of a block: 1 to 255.
inline std::uint8_t quantize_impact(double impact) {
  return static_cast<std::uint8_t>(std::min(255, static_cast<int>(255 * impact) + 1));
}

}  // namespace spimi
