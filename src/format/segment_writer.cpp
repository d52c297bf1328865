#include "format/segment_writer.h"

#include <sys/stat.h>

#include "base/os_error.h"
#include "base/system_calls.h"

namespace spimi {
namespace {

const std::string& make_directory(const std::string& path) {
  if (os::mkdir(path.c_str(), 0777) != 0) throw os_error(path, "cannot make directory");
  return path;
}

std::array<std::unique_ptr<SegmentFileWriter>, kNumSegmentFiles> make_writers(
    const std::string& directory, std::size_t num_files, BackgroundSync& early_sync) {
  std::array<std::unique_ptr<SegmentFileWriter>, kNumSegmentFiles> writers;
  for (std::size_t i = 0; i < num_files; ++i) {
    writers[i] =
        std::make_unique<SegmentFileWriter>(directory, static_cast<SegmentFile>(i), early_sync);
  }
  return writers;
}

}  // namespace

SegmentWriter::SegmentWriter(const std::string& directory, bool positions)
    : directory_(make_directory(directory)),
      num_files_(positions ? kNumSegmentFiles : kNumSegmentFiles - 1),
      writers_(make_writers(directory_, num_files_, early_sync_)),
      documents_(writer(SegmentFile::kPaths), writer(SegmentFile::kPathsIndex),
                 writer(SegmentFile::kLengths)),
      dictionary_(writer(SegmentFile::kTerms), writer(SegmentFile::kTermsIndex), positions) {}

void SegmentWriter::finish_file(SegmentFile file) {
  digest_[static_cast<std::size_t>(file)] = writer(file).finish();
}

void SegmentWriter::finish_documents() {
  finish_file(SegmentFile::kPaths);
  finish_file(SegmentFile::kPathsIndex);
  finish_file(SegmentFile::kLengths);
}

void SegmentWriter::append_lists(const ListBytes& lists) {
  writer(SegmentFile::kPostings).append(lists.postings.data(), lists.postings.size());
  writer(SegmentFile::kSkips).append(lists.skips.data(), lists.skips.size());
  if (num_files_ == kNumSegmentFiles) {
    writer(SegmentFile::kPositions).append(lists.positions.data(), lists.positions.size());
  }
}

std::uint64_t SegmentWriter::finish(IndexInfo* info) {
  dictionary_.finish();
  for (auto i = static_cast<std::size_t>(SegmentFile::kTerms); i < num_files_; ++i) {
    finish_file(static_cast<SegmentFile>(i));
  }
  info->num_docs = documents_.num_docs();
  info->num_tokens = documents_.num_tokens();
  info->num_terms = dictionary_.num_terms();
  const BuildId build_id = compute_build_id(*info, digest_);
  info->build_id = to_hex(build_id);
  early_sync_.finish();
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < num_files_; ++i) {
    SegmentFileWriter& file = *writers_[i];
    file.write_header(build_id);
    file.sync();
    file.close();
    bytes += file.file_bytes();
  }
  sync_directory(directory_);
  return bytes;
}

}  // namespace spimi
