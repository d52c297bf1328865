#pragma once

#include <filesystem>
#include <vector>

#include "format/segment_reader.h"
#include "spimi/index.h"

namespace spimi {

struct Index::State {
  State(const std::filesystem::path& directory_, IndexInfo info_, std::uint64_t manifest_bytes_);

  std::filesystem::path directory;
  IndexInfo info;
  std::uint64_t manifest_bytes;
  SegmentReader segment;
  std::vector<std::uint64_t> root_ends;  ///< For each root, the docid after its last document.
};

}  // namespace spimi
