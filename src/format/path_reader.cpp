#include "format/path_reader.h"

#include "base/varint.h"

namespace spimi {

PathReader::PathReader(const SegmentFileReader& paths, const SegmentFileReader& index,
                       std::uint64_t num_docs)
    : blocks_(index, paths, num_docs / kPathsPerBlock + (num_docs % kPathsPerBlock != 0)),
      num_docs_(num_docs) {}

std::string PathReader::path(std::uint32_t docid) const {
  PathIterator paths(*this, docid / kPathsPerBlock);
  for (std::size_t i = 0; i <= docid % kPathsPerBlock; ++i) paths.next();
  return std::string(paths.path());
}

PathIterator::PathIterator(const PathReader& paths, std::uint64_t block)
    : paths_(&paths), next_docid_(block * kPathsPerBlock) {}

void PathIterator::fail(std::string_view what) const {
  paths_->blocks_.data().corrupt(block_.offset + static_cast<std::uint64_t>(in_ - block_.begin),
                                 what);
}

bool PathIterator::next() {
  const bool at_end = next_docid_ >= paths_->num_docs_;
  if (at_end || next_docid_ % kPathsPerBlock == 0) {
    if (in_ != block_.end) fail("a path block is longer than its paths");
    if (at_end) return false;
    block_ = paths_->blocks_.block(next_docid_ / kPathsPerBlock);
    in_ = block_.begin;
    path_.clear();
  }
  std::uint64_t lcp = 0, suffix_length = 0;
  const std::uint8_t* in = get_varint64(in_, block_.end, &lcp);
  if (in != nullptr) in = get_varint64(in, block_.end, &suffix_length);
  if (in == nullptr || lcp > path_.size() ||
      suffix_length > static_cast<std::uint64_t>(block_.end - in)) {
    fail("a path entry is malformed");
  }
  path_.resize(static_cast<std::size_t>(lcp));
  path_.append(reinterpret_cast<const char*>(in), static_cast<std::size_t>(suffix_length));
  in_ = in + suffix_length;
  ++next_docid_;
  return true;
}

}  // namespace spimi
