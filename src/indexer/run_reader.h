#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

#include "base/file.h"
#include "indexer/run.h"

namespace spimi {

/// Reads the frames of [offset, end) of a file in order, through one buffer. Every payload is
/// checked.
class FrameReader {
 public:
  FrameReader() = default;
  /// `buffer_bytes` is at least that of the largest frame.
  FrameReader(const File& file, std::uint8_t* buffer, std::size_t buffer_bytes);
  void open(std::uint64_t offset, std::uint64_t end);
  /// The next payload, valid until the next call; empty at the end. Error(kCorrupt) where the bytes
  /// are damaged.
  std::string_view next();
  /// Offset of the frame that next returned.
  std::uint64_t frame_offset() const { return frame_offset_; }

 private:
  const File* file_ = nullptr;
  std::uint8_t* buffer_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0, end_ = 0;  // what is buffered and not yet handed out
  std::uint64_t offset_ = 0;         // file offset of buffer_[end_]
  std::uint64_t stop_ = 0;
  std::uint64_t frame_offset_ = 0;
};

/// A term record, decoded as far as its lists, which stay in the reader's buffer.
struct TermRecord {
  const char* term = nullptr;  ///< Padded (padded_bytes.h).
  std::uint32_t term_bytes = 0;
  std::uint32_t lcp = 0;  ///< Bytes in common with the cursor's record before; 0 behind a seek.
  std::uint64_t prefix = 0;
  std::uint32_t num_postings = 0;
  const std::uint8_t* posting_words = nullptr;  // unaligned u16s
  std::uint32_t num_posting_words = 0;
  const std::uint8_t* position_words = nullptr;
  std::uint32_t num_position_words = 0;
};

/// Iterates the term records of a run, in term order.
class RunCursor {
 public:
  /// `buffer` of `buffer_bytes` holds frames and the term; see min_buffer_bytes.
  RunCursor(const File& file, const RunInfo& run, bool positions, std::uint32_t max_token_bytes,
            std::uint8_t* buffer, std::size_t buffer_bytes);
  static std::size_t min_buffer_bytes(std::uint32_t max_token_bytes);

  /// Goes to the first record whose prefix is at least `prefix`; false if there is none. From there
  /// on, records whose prefix is at least `end` may be left out.
  bool seek(std::uint64_t prefix, std::optional<std::uint64_t> end = std::nullopt);
  /// Goes to the next record; false at the end.
  bool next();
  const TermRecord& record() const { return record_; }
  const RunInfo& run() const { return *run_; }
  [[noreturn]] void fail(const char* what) const;

 private:
  struct Place {
    std::uint64_t sample;         // the first whose prefix is at least the one sought
    std::uint64_t frame_offset;   // of its frame, or where the terms end
    std::uint64_t offset_before;  // of the frame of the sample before, or where the terms begin
  };
  Place find_sample(std::uint64_t prefix, std::uint64_t from) const;

  const File* file_;
  const RunInfo* run_;
  bool positions_;
  std::size_t max_term_bytes_;
  char* term_;
  FrameReader frames_;
  const std::uint8_t* at_ = nullptr;
  const std::uint8_t* end_ = nullptr;
  TermRecord record_;
  std::uint64_t sought_ = 0;  // what seek was last called with
  std::uint64_t sample_ = 0;  // the first sample that is not less
};

std::uint64_t num_samples(const RunInfo& run);
/// Reads the samples [first, first + size) of a run into `out`.
void read_samples(const File& file, const RunInfo& run, std::uint64_t first, std::size_t size,
                  RunSample* out);
/// Calls visit(RunSample) for all of them in order.
template <class Visit>
void for_each_sample(const File& file, const RunInfo& run, Visit visit) {
  RunSample block[256];
  const std::uint64_t n = num_samples(run);
  for (std::uint64_t i = 0; i < n; i += std::size(block)) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(std::size(block), n - i));
    read_samples(file, run, i, size, block);
    std::for_each(block, block + size, visit);
  }
}

/// A record's lists as numbers.
struct DecodedRecord {
  std::uint32_t docids[kRecordOccurrences];  // with the run's docid_base
  std::uint32_t tfs[kRecordOccurrences];
  std::uint32_t position_gaps[kRecordOccurrences];  // sum of tfs; none without positions
  std::uint32_t num_postings;
  std::uint32_t num_positions;
};

/// Decodes the record that a cursor stands on, without a posting that RunInfo::drop_last takes
/// away. Throws Error(kCorrupt) when its words are not what a writer writes.
void decode_record(const RunCursor& cursor, bool positions, DecodedRecord* out);

/// Iterates the document entries of a run.
class RunDocuments {
 public:
  /// `buffer` of `buffer_bytes` >= kMaxDocumentFrameBytes.
  RunDocuments(const File& file, const RunInfo& run, std::uint8_t* buffer,
               std::size_t buffer_bytes);
  bool next();
  std::string_view path() const { return path_; }
  std::uint32_t length() const { return length_; }

 private:
  const File& file_;
  FrameReader frames_;
  const std::uint8_t* at_ = nullptr;
  const std::uint8_t* end_ = nullptr;
  std::string_view path_;
  std::uint32_t length_ = 0;
};

}  // namespace spimi
