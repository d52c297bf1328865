#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/background_sync.h"
#include "base/file.h"
#include "base/region.h"
#include "format/build_id.h"
#include "format/layout.h"

namespace spimi {

/// Writes one file of a segment, front to back: append what is its payload, finish, write_header,
/// sync, close. The bytes are those of README.md. Memory: a page, and 8 bytes for every 64 KiB
/// written.
class SegmentFileWriter {
 public:
  /// Creates the file in `directory`. Asks `early_sync`, which is finished before this ends, to
  /// sync what is written.
  SegmentFileWriter(const std::string& directory, SegmentFile kind, BackgroundSync& early_sync);

  void append(const void* data, std::size_t size);
  /// Payload bytes so far.
  std::uint64_t size() const { return payload_bytes_; }

  /// Writes what is buffered and the page checksums. The digest goes into the build id.
  SegmentFileDigest finish();
  void write_header(const BuildId& build_id);
  void sync() { file_.sync(); }
  void close() { file_.close(); }
  std::uint64_t file_bytes() const { return segment_file_bytes(payload_bytes_); }
  /// For reading back the payload, which begins at kHeaderBytes. Bytes of the last page may still
  /// be in memory before finish.
  const File& file() const { return file_; }

 private:
  void write_pages(const std::uint8_t* data, std::size_t size);

  SegmentFile kind_;
  File file_;
  Region<std::uint8_t> page_;
  std::size_t used_ = 0;  // of page_
  std::uint64_t payload_bytes_ = 0;
  std::uint64_t written_bytes_ = 0;  // of the payload, to the file
  BackgroundSync& early_sync_;
  std::uint64_t early_sync_bytes_ = 0;  // of what is written, that it was asked to sync
  std::vector<std::uint64_t> checksums_;
};

}  // namespace spimi
