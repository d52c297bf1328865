#include "format/segment_reader.h"

#include "format/build_id.h"
#include "format/layout.h"
#include "spimi/error.h"

namespace spimi {

SegmentReader::SegmentReader(const std::string& directory, const IndexInfo& info)
    : num_docs_(info.num_docs),
      average_length_(static_cast<double>(info.num_tokens) / static_cast<double>(info.num_docs)) {
  BuildId build_id;
  if (!parse_build_id(info.build_id, &build_id)) {
    throw Error(ErrorKind::kCorrupt, directory, "the build id is malformed");
  }
  const std::string segment = directory + "/" + segment_directory_name(info.build_id);
  const std::size_t num_files = info.positions ? kNumSegmentFiles : kNumSegmentFiles - 1;
  for (std::size_t i = 0; i < num_files; ++i) {
    files_[i].emplace(segment, static_cast<SegmentFile>(i), build_id);
  }
  const auto payload_bytes = [&](SegmentFile which) {
    const auto& reader = files_[static_cast<std::size_t>(which)];
    return reader ? reader->payload_bytes() : 0;
  };
  const SegmentFileReader& lengths = file(SegmentFile::kLengths);
  if (lengths.payload_bytes() % 4 != 0 || lengths.payload_bytes() / 4 != num_docs_) {
    lengths.corrupt(0, "its length is not that of " + std::to_string(num_docs_) + " documents");
  }
  list_files_ = {&file(SegmentFile::kPostings), &file(SegmentFile::kSkips),
                 info.positions ? &file(SegmentFile::kPositions) : nullptr, num_docs_};
  DictionaryLimits limits;
  limits.num_terms = info.num_terms;
  limits.num_docs = info.num_docs;
  limits.num_tokens = info.num_tokens;
  limits.postings_bytes = payload_bytes(SegmentFile::kPostings);
  limits.skips_bytes = payload_bytes(SegmentFile::kSkips);
  limits.positions_bytes = payload_bytes(SegmentFile::kPositions);
  limits.positions = info.positions;
  dictionary_.emplace(file(SegmentFile::kTerms), file(SegmentFile::kTermsIndex), limits);
  paths_.emplace(file(SegmentFile::kPaths), file(SegmentFile::kPathsIndex), num_docs_);
}

void SegmentReader::release() const {
  for (const auto& reader : files_) {
    if (reader) reader->release();
  }
}

}  // namespace spimi
