#pragma once

#include <string>
#include <string_view>

#include "spimi/index.h"

namespace spimi {

/// The first bytes of every manifest, of whatever version.
inline constexpr std::string_view kManifestMagic = "spimi index, format ";

/// No valid manifest is longer, in bytes: a guard against reading some other large file whole.
inline constexpr std::size_t kMaxManifestBytes = std::size_t{64} << 20;

/// The manifest of an index, as format/README.md says. A pure function of `info`.
std::string manifest_text(const IndexInfo& info);

/// Reads a manifest. `path` is for messages. Throws Error(kCorrupt) unless every field is there, of
/// its type, in range, and the whole agrees with its checksum.
IndexInfo parse_manifest(const std::string& path, std::string_view text);

}  // namespace spimi
