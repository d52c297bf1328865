#include "format/build_id.h"

#include <xxhash.h>

#include <cstring>

namespace spimi {

BuildId compute_build_id(const IndexInfo& info, const SegmentDigest& files) {
  std::string bytes = "tokenizer=" + std::string(tokenizer_name(info.tokenizer)) +
                      " unicode=" + info.unicode_version +
                      " max_token_bytes=" + std::to_string(info.max_token_bytes) +
                      " positions=" + (info.positions ? "1" : "0") + "\n";
  const std::size_t num_files = info.positions ? kNumSegmentFiles : kNumSegmentFiles - 1;
  for (std::size_t i = 0; i < num_files; ++i) {
    std::uint8_t numbers[16];
    store_u64(numbers, files[i].payload_bytes);
    store_u64(numbers + 8, files[i].checksum);
    bytes += kSegmentFiles[i].kind;
    bytes.append(reinterpret_cast<const char*>(numbers), sizeof(numbers));
  }
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes.data(), bytes.size()));
  BuildId id;
  static_assert(sizeof(canonical.digest) == kBuildIdBytes);
  std::memcpy(id.data(), canonical.digest, kBuildIdBytes);
  return id;
}

std::string to_hex(const BuildId& id) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const std::uint8_t byte : id) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

bool parse_build_id(std::string_view hex, BuildId* id) {
  if (hex.size() != 2 * kBuildIdBytes) return false;
  const auto value = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
  };
  for (std::size_t i = 0; i < kBuildIdBytes; ++i) {
    const int high = value(hex[2 * i]), low = value(hex[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    (*id)[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return true;
}

}  // namespace spimi
