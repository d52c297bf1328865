#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/region.h"
#include "indexer/record_builder.h"
#include "indexer/run.h"

namespace spimi {

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
