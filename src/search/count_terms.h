#pragma once

#include <cstdint>
#include <vector>

#include "format/segment_reader.h"

namespace spimi {

// Counting documents by single terms alone, which scores nothing and asks no iterator.

/// How many documents hold any of `terms`, of which there is at least one.
std::uint64_t count_any(std::vector<TermInfo> terms, const SegmentReader& segment);

/// How many documents hold all of `required`, of which there is at least one, and none of
/// `excluded`.
std::uint64_t count_every(std::vector<TermInfo> required, const std::vector<TermInfo>& excluded,
                          const SegmentReader& segment);

}  // namespace spimi
