#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "input/walk.h"

namespace spimi {

/// Bytes behind a chunk that may be read and written (not used), so that vector code needs no tail
/// case.
inline constexpr std::size_t kChunkPadding = 64;

/// Reads one document after another in chunks of UTF-8. UTF-16 and UTF-32 files, told by their byte
/// order mark, are converted; a leading byte order mark is dropped in every encoding; code units
/// that are ill-formed become U+FFFD. UTF-8 passes as it is, ill-formed parts included. Memory: two
/// chunks at most, the second only once a file needs conversion.
class DocumentReader {
 public:
  enum class Status {
    kOpen,         ///< Text; read it with next_chunk.
    kBinary,       ///< A NUL in the first 8 KiB and no UTF-16 or UTF-32 mark.
    kSpecialFile,  ///< No regular file any more (replaced since the walk).
    kUnreadable,   ///< open or the first read failed, or it changed meanwhile; see cause().
  };

  /// `chunk_bytes` (1 or more) bounds the bytes of a chunk. `binary_as_text` turns off kBinary.
  DocumentReader(std::size_t chunk_bytes, bool binary_as_text, bool follow_links);
  ~DocumentReader();
  DocumentReader(const DocumentReader&) = delete;
  DocumentReader& operator=(const DocumentReader&) = delete;

  /// Memory that a reader of this chunk size holds.
  static std::size_t memory_bytes(std::size_t chunk_bytes);

  /// Begins a document; whatever was open is closed. Never blocks on a FIFO (O_NONBLOCK, then
  /// fstat). Throws Error(kIo) when descriptors or memory run out, which is no fault of the file.
  Status open(const WalkEntry& entry);

  /// The next chunk, the caller's until the next call; empty at the end. kChunkPadding bytes behind
  /// it may be read and written, but small and capital letters of ASCII are all that may be changed
  /// there. Throws Error(kIo) with the entry's path and the offset when reading fails, and when
  /// the file was changed since it was opened.
  std::span<char> next_chunk();

  /// Of the file when it was opened; nothing if it could not be.
  const std::optional<struct stat>& status() const;
  /// Bytes read from the file so far.
  std::uint64_t bytes_read() const;
  /// Why open returned kUnreadable.
  const std::string& cause() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace spimi
