#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

// The numbers and names of format/README.md, in one place for writers and readers.

namespace spimi {

inline constexpr std::uint32_t kFormatVersion = 4;

inline constexpr std::string_view kManifestName = "manifest";
inline constexpr std::string_view kLockName = "lock";
inline constexpr std::string_view kStagingName = "staging";

/// The directory of the segment with this build id (32 hex digits), relative to the index.
inline std::string segment_directory_name(std::string_view build_id_hex) {
  return "segment-" + std::string(build_id_hex);
}

/// The files of a segment, in the order in which the build id covers them.
enum class SegmentFile : std::uint8_t {
  kPaths,
  kPathsIndex,
  kLengths,
  kTerms,
  kTermsIndex,
  kPostings,
  kSkips,
  kPositions,  ///< Only in a segment with positions.
};
inline constexpr std::size_t kNumSegmentFiles = 8;

struct SegmentFileLayout {
  std::string_view name;
  std::string_view kind;  ///< 4 bytes.
};
inline constexpr std::array<SegmentFileLayout, kNumSegmentFiles> kSegmentFiles{{
    {"paths", "PATH"},
    {"paths.index", "PIDX"},
    {"lengths", "DLEN"},
    {"terms", "TERM"},
    {"terms.index", "TIDX"},
    {"postings", "POST"},
    {"skips", "SKIP"},
    {"positions", "POSN"},
}};
constexpr const SegmentFileLayout& layout_of(SegmentFile file) {
  return kSegmentFiles[static_cast<std::size_t>(file)];
}

// The header of a segment file: where each field starts.
inline constexpr std::string_view kSegmentMagic = "SPIMIseg";
inline constexpr std::size_t kHeaderMagicAt = 0;
inline constexpr std::size_t kHeaderKindAt = 8;
inline constexpr std::size_t kHeaderVersionAt = 12;
inline constexpr std::size_t kHeaderBuildIdAt = 16;
inline constexpr std::size_t kHeaderPayloadBytesAt = 32;
inline constexpr std::size_t kHeaderZeroAt = 40;
inline constexpr std::size_t kHeaderChecksumAt = 56;
inline constexpr std::size_t kHeaderBytes = 64;

inline constexpr std::size_t kPageBytes = 65536;
inline constexpr std::size_t kChecksumBytes = 8;

inline constexpr std::size_t kBuildIdBytes = 16;
using BuildId = std::array<std::uint8_t, kBuildIdBytes>;

constexpr std::uint64_t num_pages(std::uint64_t payload_bytes) {
  return payload_bytes / kPageBytes + (payload_bytes % kPageBytes != 0);
}
/// Holds for payload_bytes up to 2^63; what a header claims is compared with the file's size
/// before.
constexpr std::uint64_t segment_file_bytes(std::uint64_t payload_bytes) {
  return kHeaderBytes + payload_bytes + kChecksumBytes * num_pages(payload_bytes);
}

/// 32 would take 1.3 % more of the linux corpus's index, 16 4 %; a look-up reads half a block on
/// average.
inline constexpr std::size_t kTermsPerBlock = 64;
inline constexpr std::size_t kPathsPerBlock = 16;
/// Of a term block's first term, in `terms.index`: so much that a search rarely looks into a block
/// that it does not end in.
inline constexpr std::size_t kTermKeyBytes = 8;

/// The skip entries of so many blocks lie together.
inline constexpr std::size_t kSkipGroupEntries = 256;
/// Skips tell the impact of a list's best posting, and of these ranks.
inline constexpr std::array<std::size_t, 4> kImpactRanks = {1, 10, 100, 1000};
/// What is behind a list's last skip group: the tail's impact and those of the ranks.
inline constexpr std::size_t kSkipsEndBytes = 1 + kImpactRanks.size();

// Integers on disk are little-endian, and so are the machines this is built for.
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
inline std::uint16_t load_u16(const std::uint8_t* at) {
  std::uint16_t value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}
inline std::uint32_t load_u32(const std::uint8_t* at) {
  std::uint32_t value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}
inline std::uint64_t load_u64(const std::uint8_t* at) {
  std::uint64_t value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}
inline void store_u32(std::uint8_t* at, std::uint32_t value) {
  std::memcpy(at, &value, sizeof(value));
}
inline void store_u64(std::uint8_t* at, std::uint64_t value) {
  std::memcpy(at, &value, sizeof(value));
}

}  // namespace spimi
