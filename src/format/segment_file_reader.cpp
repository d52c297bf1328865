#include "format/segment_file_reader.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/checksum.h"
#include "base/file.h"
#include "base/os_error.h"
#include "base/system_calls.h"
#include "spimi/error.h"

namespace spimi {
namespace {

File open_segment_file(const std::string& path) {
  try {
    return File::open_read(path);
  } catch (const Error&) {
    // The manifest promised it, so that it is gone is damage, not a failure of the system.
    std::error_code ignored;
    if (std::filesystem::symlink_status(path, ignored).type() ==
        std::filesystem::file_type::not_found) {
      throw Error(ErrorKind::kCorrupt, path, "a file of the index is missing");
    }
    throw;
  }
}

}  // namespace

SegmentFileReader::SegmentFileReader(const std::string& directory, SegmentFile file,
                                     const BuildId& build_id)
    : path_(directory + "/" + std::string(layout_of(file).name)) {
  const File handle = open_segment_file(path_);
  const struct stat status = handle.status();
  if (!S_ISREG(status.st_mode)) throw Error(ErrorKind::kCorrupt, path_, "it is not a regular file");
  const auto file_bytes = static_cast<std::uint64_t>(status.st_size);
  if (file_bytes < kHeaderBytes) {
    throw Error(ErrorKind::kCorrupt, path_, file_bytes, "the file ends inside its header");
  }
  void* const map = os::map_file(handle.fd(), static_cast<std::size_t>(file_bytes));
  if (map == MAP_FAILED) throw os_error(path_, "cannot map it into memory");
  map_ = static_cast<const std::uint8_t*>(map);
  map_bytes_ = file_bytes;
  payload_ = map_ + kHeaderBytes;
  try {
    check_header(file, build_id, file_bytes);
    verified_ = std::make_unique<std::atomic<bool>[]>(num_pages(payload_bytes_));
  } catch (...) {
    (void)os::unmap(map, static_cast<std::size_t>(file_bytes));
    throw;
  }
}

SegmentFileReader::~SegmentFileReader() {
  (void)os::unmap(const_cast<std::uint8_t*>(map_), static_cast<std::size_t>(map_bytes_));
}

void SegmentFileReader::check_header(SegmentFile file, const BuildId& build_id,
                                     std::uint64_t file_bytes) {
  const auto fail = [&](std::size_t at, std::string_view what) {
    throw Error(ErrorKind::kCorrupt, path_, at, what);
  };
  const auto equal = [&](std::size_t at, const void* expected, std::size_t size) {
    return std::memcmp(map_ + at, expected, size) == 0;
  };
  static constexpr std::uint8_t kZero[kHeaderChecksumAt - kHeaderZeroAt] = {};

  if (!equal(kHeaderMagicAt, kSegmentMagic.data(), kSegmentMagic.size())) {
    fail(kHeaderMagicAt, "it is not a spimi segment file");
  }
  const std::uint32_t version = load_u32(map_ + kHeaderVersionAt);
  if (version != kFormatVersion) {
    fail(kHeaderVersionAt, "segment format " + std::to_string(version) +
                               ", this program reads format " + std::to_string(kFormatVersion) +
                               ": build the index again");
  }
  if (load_u64(map_ + kHeaderChecksumAt) != checksum64(map_, kHeaderChecksumAt)) {
    fail(0, "the header's checksum does not match");
  }
  const std::string_view kind = layout_of(file).kind;
  if (!equal(kHeaderKindAt, kind.data(), kind.size())) {
    fail(kHeaderKindAt, "it is another kind of file than its name says");
  }
  if (!equal(kHeaderBuildIdAt, build_id.data(), build_id.size())) {
    fail(kHeaderBuildIdAt, "it belongs to another build than the manifest says");
  }
  if (!equal(kHeaderZeroAt, kZero, sizeof(kZero))) {
    fail(kHeaderZeroAt, "the header's unused bytes are not zero");
  }
  payload_bytes_ = load_u64(map_ + kHeaderPayloadBytesAt);
  // The first comparison keeps the sum of the second from running over.
  if (payload_bytes_ > file_bytes || segment_file_bytes(payload_bytes_) != file_bytes) {
    fail(kHeaderPayloadBytesAt, "the file has " + std::to_string(file_bytes) +
                                    " bytes, which is not what its header says");
  }
}

bool SegmentFileReader::page_is_sound(std::uint64_t page) const {
  const std::uint64_t begin = page * kPageBytes;
  const std::uint64_t size = std::min<std::uint64_t>(kPageBytes, payload_bytes_ - begin);
  const std::uint64_t stored = load_u64(payload_ + payload_bytes_ + page * kChecksumBytes);
  return checksum64(payload_ + begin, static_cast<std::size_t>(size)) == stored;
}

void SegmentFileReader::verify(std::uint64_t page) const {
  if (!page_is_sound(page)) corrupt(page * kPageBytes, "the page's checksum does not match");
  verified_[page].store(true, std::memory_order_relaxed);
}

std::uint64_t SegmentFileReader::checksum_of_checksums() const {
  return checksum64(payload_ + payload_bytes_,
                    static_cast<std::size_t>(num_pages(payload_bytes_) * kChecksumBytes));
}

void SegmentFileReader::release() const {
  // Only advice: where it is refused, the kernel takes the pages back when it needs them.
  (void)::madvise(const_cast<std::uint8_t*>(map_), static_cast<std::size_t>(map_bytes_),
                  MADV_DONTNEED);
}

void SegmentFileReader::corrupt(std::uint64_t offset, std::string_view what_happened) const {
  throw Error(ErrorKind::kCorrupt, path_, kHeaderBytes + offset, what_happened);
}

void SegmentFileReader::out_of_range(std::uint64_t offset) const {
  corrupt(std::min(offset, payload_bytes_), "an entry leads beyond the end of the file");
}

BlockIndex::BlockIndex(const SegmentFileReader& index, const SegmentFileReader& data,
                       std::uint64_t num_blocks, std::uint64_t entry_bytes)
    : index_(index), data_(data), num_blocks_(num_blocks), entry_bytes_(entry_bytes) {
  if (index.payload_bytes() % entry_bytes != 0 ||
      index.payload_bytes() / entry_bytes != num_blocks) {
    index.corrupt(0, "its length is not that of " + std::to_string(num_blocks) + " blocks");
  }
  if (num_blocks == 0 && data.payload_bytes() != 0) {
    data.corrupt(0, "it has bytes that no block covers");
  }
}

BlockIndex::Block BlockIndex::block(std::uint64_t block) const {
  const std::uint64_t begin = load_u64(entry(block));
  const std::uint64_t end =
      block + 1 == num_blocks_ ? data_.payload_bytes() : load_u64(entry(block + 1));
  if (begin >= end || (block == 0) != (begin == 0)) {
    index_.corrupt(block * entry_bytes_, "the offset of a block is out of order");
  }
  const std::uint8_t* const bytes = data_.bytes(begin, end - begin);
  return {begin, bytes, bytes + (end - begin)};
}

}  // namespace spimi
