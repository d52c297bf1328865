#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/region.h"
#include "indexer/run.h"

namespace spimi {

/// Collects the words of one term record. A posting's positions are put before the posting itself.
class RecordBuilder {
 public:
  RecordBuilder() : words_(kNumWords) {}
  // What is behind the last word may be read, see copy_words.
  static constexpr std::size_t kNumWords = kRecordOccurrences * 8 + 8;
  static constexpr std::size_t kMemoryBytes = kNumWords * sizeof(std::uint16_t);

  void clear() {
    posting_ = posting_words();
    position_ = position_words();
    num_postings_ = 0;
    next_piece_ = 0;
  }

  void put_position(std::uint32_t gap) {
    if (gap < kPositionEscape) [[likely]] {
      *position_++ = static_cast<std::uint16_t>(gap);
    } else {
      *position_++ = kPositionEscape;
      __builtin_memcpy(position_, &gap, 4);
      position_ += 2;
    }
  }

  void put_posting(std::uint32_t piece, std::uint32_t tf) {
    const std::uint32_t gap = piece - next_piece_;
    next_piece_ = piece + 1;
    const std::uint32_t gap_code = gap < kPostingGapEscape ? gap : kPostingGapEscape;
    const std::uint32_t tf_code = tf - 1 < kPostingTfEscape ? tf - 1 : kPostingTfEscape;
    *posting_++ = static_cast<std::uint16_t>(gap_code << 3 | tf_code);
    if (gap_code == kPostingGapEscape) [[unlikely]] {
      __builtin_memcpy(posting_, &gap, 4);
      posting_ += 2;
    }
    if (tf_code == kPostingTfEscape) [[unlikely]] {
      __builtin_memcpy(posting_, &tf, 4);
      posting_ += 2;
    }
    ++num_postings_;
  }

 private:
  friend class RunWriter;
  std::uint16_t* posting_words() const { return words_.data(); }
  std::uint16_t* position_words() const { return words_.data() + kRecordOccurrences * 5; }

  Region<std::uint16_t> words_;
  std::uint16_t* posting_ = nullptr;
  std::uint16_t* position_ = nullptr;
  std::uint32_t num_postings_ = 0;
  std::uint32_t next_piece_ = 0;
};

/// Appends runs to a spill file. For each run: begin, add_document for each, begin_terms,
/// add_record for each in term order, end.
class RunWriter {
 public:
  RunWriter(File& file, std::uint32_t file_index, std::uint32_t max_token_bytes, bool positions);
  static std::size_t memory_bytes(std::uint32_t max_token_bytes);

  /// Fills what it can of `run`: file and offsets.
  void begin(RunInfo* run);
  void add_document(std::string_view path, std::uint32_t length);
  void begin_terms();
  /// Of a padded term (padded_bytes.h). Error(kCorrupt) if it is less than the one before.
  void add_record(std::string_view term, const RecordBuilder& record);
  void end();

 private:
  std::uint8_t* reserve(std::size_t size);
  void commit(const std::uint8_t* end);
  void close_frame();
  std::uint8_t* payload() const { return frame_ + kFrameHeaderBytes; }

  BufferedWriter writer_;
  const std::uint32_t file_index_;
  const bool positions_;
  const std::size_t max_frame_bytes_;
  std::uint8_t* frame_ = nullptr;  // in the writer's buffer
  std::size_t used_ = 0;           // of its payload
  RunInfo* run_ = nullptr;
  Region<char> last_term_;
  std::size_t last_term_bytes_ = 0;
  std::vector<RunSample> samples_;
  std::size_t frames_per_sample_ = 1;
  std::size_t num_term_frames_ = 0;
};

}  // namespace spimi
