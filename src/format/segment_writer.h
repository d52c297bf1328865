#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "format/dictionary_writer.h"
#include "format/list_writer.h"
#include "format/segment_file_writer.h"
#include "spimi/index.h"

namespace spimi {

/// Writes a segment: all documents, finish_documents, then lists and terms in term order, then
/// finish. What is written is synced early, but no file is whole, for it has no header, before
/// finish.
class SegmentWriter {
 public:
  /// Makes the directory, which is not there, and its files.
  SegmentWriter(const std::string& directory, bool positions);

  DocumentWriter& documents() { return documents_; }
  void finish_documents();
  /// For reading lengths back, after finish_documents: u32s from kHeaderBytes on.
  const File& lengths_file() const { return writer(SegmentFile::kLengths).file(); }

  DictionaryWriter& dictionary() { return dictionary_; }
  void append_lists(const ListBytes& lists);

  /// Sets the counts of documents, tokens and terms and the build id of `info`, of which the rest
  /// is set; writes headers; syncs files and directory. Returns the bytes of all files.
  std::uint64_t finish(IndexInfo* info);

 private:
  SegmentFileWriter& writer(SegmentFile file) const {
    return *writers_[static_cast<std::size_t>(file)];
  }
  void finish_file(SegmentFile file);

  const std::string directory_;
  const std::size_t num_files_;
  const std::array<std::unique_ptr<SegmentFileWriter>, kNumSegmentFiles> writers_;
  BackgroundSync early_sync_;  // of their files: ends before them
  SegmentDigest digest_{};
  DocumentWriter documents_;
  DictionaryWriter dictionary_;
};

}  // namespace spimi
