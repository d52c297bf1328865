#include "input/document_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "base/os_error.h"
#include "base/stage_clock.h"
#include "base/system_calls.h"
#include "base/utf8.h"
#include "spimi/error.h"

namespace spimi {
namespace {

/// The bytes at a file's start that decide what it is. A buffer holds at least these, whatever the
/// chunk size.
constexpr std::size_t kHeadBytes = std::size_t{8} << 10;

/// What no system call that reads fails with; here: see read_some.
constexpr int kChanged = EXDEV;
constexpr std::string_view kChangedText = "it changed while it was read";

constexpr std::size_t buffer_bytes(std::size_t chunk_bytes) {
  return std::max(chunk_bytes, kHeadBytes);
}

enum class Encoding { kUtf8, kUtf16Little, kUtf16Big, kUtf32Little, kUtf32Big };

struct Mark {
  std::string_view bytes;
  Encoding encoding;
};

/// UTF-32 comes before UTF-16, whose little-endian mark begins the other's.
constexpr Mark kMarks[] = {
    {{"\xEF\xBB\xBF", 3}, Encoding::kUtf8},     {{"\xFF\xFE\0\0", 4}, Encoding::kUtf32Little},
    {{"\0\0\xFE\xFF", 4}, Encoding::kUtf32Big}, {{"\xFF\xFE", 2}, Encoding::kUtf16Little},
    {{"\xFE\xFF", 2}, Encoding::kUtf16Big},
};

Mark find_mark(std::string_view head) {
  for (const Mark& mark : kMarks) {
    if (head.starts_with(mark.bytes)) return mark;
  }
  return {{}, Encoding::kUtf8};
}

char32_t load16(const char* bytes, bool big_endian) {
  const auto at = [&](int i) {
    return static_cast<char32_t>(static_cast<unsigned char>(bytes[i]));
  };
  return big_endian ? at(0) << 8 | at(1) : at(1) << 8 | at(0);
}

char32_t load32(const char* bytes, bool big_endian) {
  return big_endian ? load16(bytes, true) << 16 | load16(bytes + 2, true)
                    : load16(bytes + 2, false) << 16 | load16(bytes, false);
}

constexpr bool is_high_surrogate(char32_t unit) { return unit >= 0xD800 && unit < 0xDC00; }
constexpr bool is_low_surrogate(char32_t unit) { return unit >= 0xDC00 && unit < 0xE000; }

struct Decoded {
  char32_t code_point;
  std::size_t num_bytes;  ///< 0: more bytes are needed to tell.
};
constexpr char32_t kReplacement = 0xFFFD;
constexpr Decoded kNeedsMore{0, 0};

Decoded decode_utf16(std::string_view bytes, bool big_endian, bool at_end) {
  if (bytes.size() < 2) return at_end ? Decoded{kReplacement, bytes.size()} : kNeedsMore;
  const char32_t unit = load16(bytes.data(), big_endian);
  if (is_low_surrogate(unit)) return {kReplacement, 2};
  if (!is_high_surrogate(unit)) return {unit, 2};
  if (bytes.size() < 4) return at_end ? Decoded{kReplacement, 2} : kNeedsMore;
  const char32_t low = load16(bytes.data() + 2, big_endian);
  if (!is_low_surrogate(low)) return {kReplacement, 2};
  return {0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00), 4};
}

Decoded decode_utf32(std::string_view bytes, bool big_endian, bool at_end) {
  if (bytes.size() < 4) return at_end ? Decoded{kReplacement, bytes.size()} : kNeedsMore;
  const char32_t unit = load32(bytes.data(), big_endian);
  const bool valid = unit < 0xD800 || (unit >= 0xE000 && unit <= 0x10FFFF);
  return {valid ? unit : kReplacement, 4};
}

Decoded decode(Encoding encoding, std::string_view bytes, bool at_end) {
  if (encoding == Encoding::kUtf32Little || encoding == Encoding::kUtf32Big) {
    return decode_utf32(bytes, encoding == Encoding::kUtf32Big, at_end);
  }
  return decode_utf16(bytes, encoding == Encoding::kUtf16Big, at_end);
}

}  // namespace

struct DocumentReader::State {
  const std::size_t chunk_bytes;
  const bool binary_as_text;
  const bool follow_links;

  File file;  ///< Closed once its end was read.
  std::string path;
  std::string cause;
  std::uint64_t bytes_read = 0;
  std::optional<struct stat> status_before;  ///< When it was opened.
  Encoding encoding = Encoding::kUtf8;

  /// What next_chunk hands out, in pieces of a chunk: UTF-8, with kChunkPadding bytes of room
  /// behind it.
  std::unique_ptr<char[]> buffer;
  std::span<char> pending;
  /// What was read of a UTF-16 or UTF-32 file and is not converted yet.
  std::unique_ptr<char[]> raw;
  std::string_view raw_pending;

  State(std::size_t chunk_size, bool binary, bool follow)
      : chunk_bytes(std::max<std::size_t>(chunk_size, 1)),
        binary_as_text(binary),
        follow_links(follow),
        buffer(new_buffer()) {}

  std::unique_ptr<char[]> new_buffer() const {
    return std::make_unique_for_overwrite<char[]>(buffer_bytes(chunk_bytes) + kChunkPadding);
  }

  Status open(const WalkEntry& entry);
  Status unreadable(int error);
  ssize_t read_some(char* data, std::size_t size);
  bool has_changed() const;
  Error read_error() const;
  void start_conversion();
  void read_text();
  void convert();
};

DocumentReader::DocumentReader(std::size_t chunk_bytes, bool binary_as_text, bool follow_links)
    : state_(std::make_unique<State>(chunk_bytes, binary_as_text, follow_links)) {}

DocumentReader::~DocumentReader() = default;

std::size_t DocumentReader::memory_bytes(std::size_t chunk_bytes) {
  return sizeof(State) + 2 * (buffer_bytes(chunk_bytes) + kChunkPadding);
}

std::uint64_t DocumentReader::bytes_read() const { return state_->bytes_read; }
const std::optional<struct stat>& DocumentReader::status() const { return state_->status_before; }
const std::string& DocumentReader::cause() const { return state_->cause; }

DocumentReader::Status DocumentReader::open(const WalkEntry& entry) { return state_->open(entry); }

std::span<char> DocumentReader::next_chunk() {
  const StageScope stage(Stage::kRead);
  State& state = *state_;
  if (state.pending.empty()) {
    if (state.encoding == Encoding::kUtf8) {
      state.read_text();
    } else {
      state.convert();
    }
  }
  const std::span<char> chunk =
      state.pending.first(std::min(state.chunk_bytes, state.pending.size()));
  state.pending = state.pending.subspan(chunk.size());
  return chunk;
}

DocumentReader::Status DocumentReader::State::open(const WalkEntry& entry) {
  const StageScope stage(Stage::kFiles);
  path = entry.path;
  cause.clear();
  bytes_read = 0;
  encoding = Encoding::kUtf8;
  pending = {};
  raw_pending = {};
  status_before.reset();
  file = File();
  // O_NONBLOCK: a FIFO may have taken the file's place since the walk.
  const int flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | (follow_links ? 0 : O_NOFOLLOW);
  file = File(os::openat(entry.directory->fd(), entry.name.c_str(), flags), {});
  struct stat status;
  if (!file.is_open() || os::fstat(file.fd(), &status) != 0) return unreadable(errno);
  status_before = status;
  if (!S_ISREG(status.st_mode)) {
    file = File();
    return Status::kSpecialFile;
  }

  std::size_t size = 0;
  while (size < kHeadBytes && file.is_open()) {
    const ssize_t n = read_some(buffer.get() + size, buffer_bytes(chunk_bytes) - size);
    if (n < 0) return unreadable(errno);
    size += static_cast<std::size_t>(n);
  }
  const std::string_view head(buffer.get(), std::min(size, kHeadBytes));
  const Mark mark = find_mark(head);
  encoding = mark.encoding;
  pending = std::span(buffer.get(), size).subspan(mark.bytes.size());
  if (encoding != Encoding::kUtf8) {
    start_conversion();
  } else if (!binary_as_text && head.find('\0') != std::string_view::npos) {
    file = File();
    pending = {};
    return Status::kBinary;
  }
  return Status::kOpen;
}

DocumentReader::Status DocumentReader::State::unreadable(int error) {
  if (error == EMFILE || error == ENFILE || error == ENOMEM) throw os_error(path, "cannot open");
  file = File();
  if (error == ENXIO) return Status::kSpecialFile;  // What opening a socket says.
  cause = error == kChanged ? std::string(kChangedText) : std::generic_category().message(error);
  return Status::kUnreadable;
}

/// Like read(), but goes on after a signal, and closes the file at its end. A file that was written
/// to since it was opened fails with kChanged: what was read of it is neither what it was nor what
/// it is. One that grows as fast as it is read ends, too.
ssize_t DocumentReader::State::read_some(char* data, std::size_t size) {
  StageScope stage(Stage::kRead);
  ssize_t n;
  do {
    n = os::read(file.fd(), data, size);
  } while (n < 0 && errno == EINTR);
  stage.to(Stage::kFiles);
  if (n < 0) return n;
  bytes_read += static_cast<std::uint64_t>(n);
  const auto file_bytes = static_cast<std::uint64_t>(status_before->st_size);
  if ((n == 0 || bytes_read >= file_bytes) && has_changed()) {
    errno = kChanged;
    return -1;
  }
  // No read is needed to learn that nothing follows. (A file that the kernel makes up says that it
  // is empty, and goes on behind that.)
  if (n == 0 || bytes_read == file_bytes) file = File();
  return n;
}

/// By size and time. The files that the kernel makes up as they are read have the same all along.
bool DocumentReader::State::has_changed() const {
  struct stat now;
  return os::fstat(file.fd(), &now) != 0 || now.st_size != status_before->st_size ||
         modification_ns(now) != modification_ns(*status_before);
}

/// Why read_some failed.
Error DocumentReader::State::read_error() const {
  if (errno == kChanged) return {ErrorKind::kIo, path, bytes_read, kChangedText};
  return os_error(path, bytes_read, "cannot read");
}

void DocumentReader::State::read_text() {
  if (!file.is_open()) return;
  const ssize_t n = read_some(buffer.get(), buffer_bytes(chunk_bytes));
  if (n < 0) throw read_error();
  pending = {buffer.get(), static_cast<std::size_t>(n)};
}

/// The head is in the buffer that the conversion will write to, so the buffers change roles.
void DocumentReader::State::start_conversion() {
  if (!raw) raw = new_buffer();
  std::swap(raw, buffer);
  raw_pending = {pending.data(), pending.size()};
  pending = {};
}

void DocumentReader::State::convert() {
  char* out = buffer.get();
  const char* const last_start = buffer.get() + buffer_bytes(chunk_bytes) - 4;
  for (;;) {
    while (out <= last_start && !raw_pending.empty()) {
      const Decoded decoded = decode(encoding, raw_pending, !file.is_open());
      if (decoded.num_bytes == 0) break;
      out += encode_utf8(decoded.code_point, out);
      raw_pending.remove_prefix(decoded.num_bytes);
    }
    if (out != buffer.get() || !file.is_open()) break;
    // At most three bytes of an unfinished character are left.
    std::memmove(raw.get(), raw_pending.data(), raw_pending.size());
    const std::size_t kept = raw_pending.size();
    const ssize_t n = read_some(raw.get() + kept, buffer_bytes(chunk_bytes) - kept);
    if (n < 0) throw read_error();
    raw_pending = std::string_view(raw.get(), kept + static_cast<std::size_t>(n));
  }
  pending = {buffer.get(), out};
}

}  // namespace spimi
