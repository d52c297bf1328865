#pragma once

#include <cstdint>

#include "spimi/index.h"

namespace spimi {

// What 32 bits of the format count. Everything else that grows with a corpus is 64 bits wide. Both
// are refused before they are exceeded; a test builds the indexer with lower ones.
#if defined(SPIMI_NARROW_LIMITS)
inline constexpr std::uint64_t kMaxDocs = 200;
inline constexpr std::uint64_t kMaxDocumentTokens = 40000;
#else
/// Of an index: their docids are below Cursor::kEnd, and so is their number.
inline constexpr std::uint64_t kMaxDocs = Cursor::kEnd - 1;
/// Of a document: each has a position.
inline constexpr std::uint64_t kMaxDocumentTokens = 0xFFFFFFFF;
#endif

}  // namespace spimi
