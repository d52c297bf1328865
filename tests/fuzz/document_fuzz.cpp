// Input: a byte of options (bits 0 to 3 a chunk size, bit 4 binary files as text, bits 5 to 7 how
// often what is behind the first four bytes comes again), then a file. The text read is the same in
// chunks of any size; that of UTF-16 and UTF-32 is well-formed UTF-8.

#include <optional>
#include <span>

#include "base/utf8.h"
#include "fuzz/fuzz.h"
#include "input/document_reader.h"
#include "support/temporary_directory.h"

namespace spimi::testing {
namespace {

constexpr std::size_t kChunkBytes[16] = {1,  2,  3,  4,   5,    7,    8,    9,
                                         16, 31, 64, 255, 4096, 8191, 8192, 65536};
constexpr std::size_t kMarkBytes = 4;

/// Nothing of a file that is no text.
std::optional<std::string> read(const WalkEntry& file, std::size_t chunk_bytes, bool binary) {
  DocumentReader reader(chunk_bytes, binary, false);
  if (reader.open(file) != DocumentReader::Status::kOpen) return std::nullopt;
  std::string text;
  for (std::span<char> chunk; !(chunk = reader.next_chunk()).empty();) {
    require(chunk.size() <= chunk_bytes, "a chunk is no larger than asked for");
    text.append(chunk.data(), chunk.size());
  }
  return text;
}

bool is_well_formed(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const Utf8Char c = decode_utf8(text, i);
    if (!c.valid) return false;
    i += c.num_bytes;
  }
  return true;
}

void run(FuzzInput input) {
  static const TemporaryDirectory directory{TemporaryDirectory::memory_base()};
  static const auto handle = std::make_shared<const File>(File::open_directory(directory.path()));
  const unsigned options = input.u8();
  std::string bytes(input.take(kMarkBytes));
  for (unsigned times = (options >> 5) + 1; times > 0; --times) bytes += input.rest();
  directory.write_file("file", bytes);
  WalkEntry file;
  file.directory = handle;
  file.name = file.path = "file";

  const bool binary = (options & 16) != 0;
  const std::optional<std::string> text = read(file, kChunkBytes[options & 15], binary);
  require(text == read(file, 6, binary), "the text does not depend on the size of chunks");
  if (!text) {
    require(!binary && bytes.find('\0') != std::string::npos, "what has no NUL is text");
    return;
  }
  require(text->size() <= 3 * bytes.size(), "a code unit is at most three bytes of UTF-8");
  const bool is_wide = bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF") ||
                       bytes.starts_with(std::string_view("\0\0\xFE\xFF", 4));
  if (is_wide) {
    require(is_well_formed(*text), "what is converted is well-formed");
  } else {
    require(bytes.ends_with(*text), "UTF-8 passes as it is");
  }
}

}  // namespace

void fuzz_one(const std::uint8_t* data, std::size_t size) { run({data, size}); }

}  // namespace spimi::testing
