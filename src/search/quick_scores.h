#pragma once

#include <cstddef>
#include <cstdint>

namespace spimi {

/// Loops over postings or documents, picked for the processor at run time (Highway). They find out
/// in single precision which of them need to be scored.

/// BM25 as most × tf / (tf + base + slope × length). All are positive and far from what a float
/// cannot hold, but base or slope may be 0.
struct QuickScore {
  float most, base, slope;
};

/// How many values each of the loops may read and write behind its arrays of `size`.
inline constexpr std::size_t kQuickSlack = 16;

/// Moves the postings whose tf is `least_tf` or more to `kept_docids` and `kept_tfs`; returns how
/// many. Reads nothing behind `size`.
std::size_t keep_frequent(const std::uint32_t* docids, const std::uint32_t* tfs, std::size_t size,
                          std::uint32_t least_tf, std::uint32_t* kept_docids,
                          std::uint32_t* kept_tfs);

/// Moves the postings that score `least`, but for rounding by 1e-6 of it, to `kept_docids` and
/// `kept_tfs`, which may be the same arrays, and to the beginning of `lengths`; writes their
/// scores. Returns how many.
std::size_t keep_scores(const QuickScore& score, float least, const std::uint32_t* docids,
                        const std::uint32_t* tfs, std::size_t size, std::uint32_t* kept_docids,
                        std::uint32_t* kept_tfs, std::uint32_t* lengths, float* scores);

/// Adds what the postings score to `sums`, but for rounding; 0 for a tf of 0.
void add_quick_scores(const QuickScore& score, const std::uint32_t* tfs,
                      const std::uint32_t* lengths, float* sums, std::size_t size);

/// Writes for each sum the impact, out of 255, that it lacks for `least` where an impact of 255
/// adds `most`: the least whole number above it, at least 1 and at most 256.
void lacking_impacts(const float* sums, std::size_t size, float least, float most,
                     std::uint16_t* impacts);

/// A set of the indices of up to kMaxKept values. What its bytes mean is up to these loops.
inline constexpr std::size_t kMaxKept = 256;
struct KeptSet {
  std::uint8_t bytes[kMaxKept + 8];  ///< Down to vectors of one value.
};
/// The sums that are `least` or more, and have a tf that is not 0 unless `tfs` is null; returns how
/// many.
std::size_t find_kept(const float* sums, const std::uint32_t* tfs, std::size_t size, float least,
                      KeptSet& kept);
/// Moves the values that are kept, of `size`, to the beginning, in their order.
void keep_values(const KeptSet& kept, std::size_t size, std::uint32_t* values);
void keep_values(const KeptSet& kept, std::size_t size, float* values);

/// Writes the indices of the values that are `least` or more to `places`; returns how many. `size`
/// is a multiple of kQuickSlack.
std::size_t find_large(const float* values, std::size_t size, float least, std::uint32_t* places);

/// For tests to hold the instruction sets that can run here against each other.
namespace quick_scores_testing {
std::size_t num_targets();
/// All later calls use this target; num_targets() means the best again.
void use_target(std::size_t index);
}  // namespace quick_scores_testing

}  // namespace spimi
