#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "format/layout.h"
#include "spimi/index.h"

namespace spimi {

/// What a build id takes from one file of a segment.
struct SegmentFileDigest {
  std::uint64_t payload_bytes = 0;
  std::uint64_t checksum = 0;  ///< XXH3-64 of the file's page checksums as they stand on disk.
};
using SegmentDigest = std::array<SegmentFileDigest, kNumSegmentFiles>;

/// The id of a segment's contents. Of `info` it takes the tokenizer, Unicode version, token limit
/// and positions; without positions it ignores the last digest.
BuildId compute_build_id(const IndexInfo& info, const SegmentDigest& files);

/// 32 lower-case hex digits.
std::string to_hex(const BuildId& id);

/// The inverse; false if `hex` is not 32 lower-case hex digits.
bool parse_build_id(std::string_view hex, BuildId* id);

}  // namespace spimi
