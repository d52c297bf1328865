#include "input/document_reader.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/utf8.h"
#include "spimi/error.h"
#include "support/random_text.h"
#include "support/temporary_directory.h"

namespace spimi {
namespace {

using Status = DocumentReader::Status;
using ::testing::HasSubstr;
using namespace std::string_literals;

constexpr std::size_t kHeadBytes = 8192;
const std::string kReplacement = "\xEF\xBF\xBD";

std::vector<std::size_t> chunk_sizes() {
  std::vector<std::size_t> sizes(40);
  std::iota(sizes.begin(), sizes.end(), 1);
  sizes.insert(sizes.end(), {4096, 8191, 8192, 8193, 8195, 65536});
  return sizes;
}

class DocumentReaderTest : public ::testing::Test {
 protected:
  WalkEntry entry(const std::string& name) const {
    WalkEntry entry;
    entry.directory = std::make_shared<const File>(File::open_directory(directory_.path()));
    entry.name = name;
    entry.path = "sub/" + name;  // As a walk would say from further up.
    return entry;
  }

  WalkEntry write(std::string_view bytes) const {
    directory_.write_file("file", bytes);
    return entry("file");
  }

  /// What every chunk size gives for a file of these bytes; they must all agree.
  std::string read_all(std::string_view bytes) const {
    const WalkEntry file = write(bytes);
    std::string first;
    for (const std::size_t chunk_bytes : chunk_sizes()) {
      DocumentReader reader(chunk_bytes, false, false);
      EXPECT_EQ(reader.open(file), Status::kOpen);
      const std::string text = rest(reader, chunk_bytes);
      EXPECT_EQ(reader.bytes_read(), bytes.size());
      if (chunk_bytes == 1) first = text;
      EXPECT_EQ(text, first) << "chunk_bytes " << chunk_bytes;
    }
    return first;
  }

  static std::string rest(DocumentReader& reader, std::size_t chunk_bytes) {
    std::string text;
    for (;;) {
      const std::span<char> chunk = reader.next_chunk();
      if (chunk.empty()) break;
      EXPECT_LE(chunk.size(), chunk_bytes);
      text.append(chunk.data(), chunk.size());
      // To be written, too: the address sanitizer objects if it is not.
      volatile char* const bytes = chunk.data();
      for (std::size_t i = 0; i < chunk.size() + kChunkPadding; ++i) bytes[i] = bytes[i];
    }
    EXPECT_TRUE(reader.next_chunk().empty());
    return text;
  }

  Status status_of(std::string_view bytes, bool binary_as_text = false) const {
    DocumentReader reader(65536, binary_as_text, false);
    return reader.open(write(bytes));
  }

  testing::TemporaryDirectory directory_;
};

std::string utf8(const std::u32string& text) {
  std::string out;
  for (const char32_t c : text) {
    char bytes[4];
    out.append(bytes, encode_utf8(c, bytes));
  }
  return out;
}

std::string units(const std::vector<char32_t>& values, std::size_t unit_bytes, bool big_endian) {
  std::string out;
  for (const char32_t value : values) {
    for (std::size_t i = 0; i < unit_bytes; ++i) {
      const std::size_t shift = 8 * (big_endian ? unit_bytes - 1 - i : i);
      out += static_cast<char>(value >> shift & 0xFF);
    }
  }
  return out;
}

std::vector<char32_t> utf16_units(const std::u32string& text) {
  std::vector<char32_t> out;
  for (const char32_t c : text) {
    if (c < 0x10000) {
      out.push_back(c);
    } else {
      out.push_back(0xD800 + ((c - 0x10000) >> 10));
      out.push_back(0xDC00 + ((c - 0x10000) & 0x3FF));
    }
  }
  return out;
}

TEST_F(DocumentReaderTest, AnEmptyFileHasNoChunk) { EXPECT_EQ(read_all(""), ""); }

TEST_F(DocumentReaderTest, AFileOfAnySizeAroundTheHeadAndTheChunk) {
  for (const std::size_t size : {1u, 39u, 40u, 41u, 8191u, 8192u, 8193u, 20000u, 65536u, 65537u}) {
    std::string bytes(size, 'x');
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>('a' + i * 7 % 26);
    EXPECT_EQ(read_all(bytes), bytes) << size;
  }
}

TEST_F(DocumentReaderTest, IllFormedUtf8PassesAsItIs) {
  const std::string bytes = "a\xff\xc3(\xed\xa0\x80 cut \xf0\x9f";
  EXPECT_EQ(read_all(bytes), bytes);
}

TEST_F(DocumentReaderTest, ALeadingByteOrderMarkIsDroppedAndNoOther) {
  EXPECT_EQ(read_all("\xEF\xBB\xBFtext"), "text");
  EXPECT_EQ(read_all("\xEF\xBB\xBF"), "");
  EXPECT_EQ(read_all("\xEF\xBB\xBF\xEF\xBB\xBF"), "\xEF\xBB\xBF");
  EXPECT_EQ(read_all("\xEF\xBB"), "\xEF\xBB");
  EXPECT_EQ(read_all("x\xEF\xBB\xBF"), "x\xEF\xBB\xBF");
}

TEST_F(DocumentReaderTest, AnyTextInAnyEncodingBecomesTheSameUtf8) {
  const std::uint64_t seed = testing::test_seed();
  SCOPED_TRACE("SPIMI_TEST_SEED=" + std::to_string(seed));
  testing::Random random(seed);
  for (const std::size_t size : {0u, 1u, 2u, 50u, 2047u, 2730u, 2731u, 4095u, 9000u}) {
    std::u32string text = U"\uFEFF";
    while (text.size() < size + 1) {
      const char32_t bound = random() % 3 == 0 ? 0x110000 : random() % 2 == 0 ? 0x800 : 0x10000;
      const auto c = static_cast<char32_t>(random() % bound);
      // A U+0000 behind the UTF-16LE mark would make it that of UTF-32LE.
      if (c != 0 && (c < 0xD800 || c > 0xDFFF)) text += c;
    }
    const std::string expected = utf8(text.substr(1));
    const std::vector<char32_t> code_points(text.begin(), text.end());
    for (const bool big_endian : {false, true}) {
      EXPECT_EQ(read_all(units(utf16_units(text), 2, big_endian)), expected);
      EXPECT_EQ(read_all(units(code_points, 4, big_endian)), expected);
    }
  }
}

TEST_F(DocumentReaderTest, AUtf16FileWithNulCharactersIsText) {
  EXPECT_EQ(read_all("\xFF\xFE"
                     "a\0\0\0b\0"s),
            "a\0b"s);
  EXPECT_EQ(read_all("\xFE\xFF\0\0\0b"s), "\0b"s);
  EXPECT_EQ(read_all("\0\0\xFE\xFF\0\0\0\0\0\0\0b"s), "\0b"s);
}

TEST_F(DocumentReaderTest, TheUtf32MarkIsNotTakenForTheUtf16MarkThatBeginsIt) {
  EXPECT_EQ(read_all("\xFF\xFE\0\0"
                     "a\0\0\0"s),
            "a");
  EXPECT_EQ(read_all("\xFF\xFE\0\0"s), "");
  EXPECT_EQ(read_all("\xFF\xFE"), "");
  EXPECT_EQ(read_all("\xFF\xFE\0"s), kReplacement);
}

TEST_F(DocumentReaderTest, UnpairedSurrogatesBecomeReplacementCharacters) {
  const auto read_units = [&](std::vector<char32_t> values, bool big_endian) {
    values.insert(values.begin(), 0xFEFF);
    return read_all(units(values, 2, big_endian));
  };
  for (const bool big_endian : {false, true}) {
    EXPECT_EQ(read_units({'a', 0xD800, 'b'}, big_endian), "a" + kReplacement + "b");
    EXPECT_EQ(read_units({'a', 0xDFFF, 'b'}, big_endian), "a" + kReplacement + "b");
    EXPECT_EQ(read_units({'a', 0xDBFF}, big_endian), "a" + kReplacement);
    EXPECT_EQ(read_units({0xD800, 0xD800, 0xDC00}, big_endian), kReplacement + "\xF0\x90\x80\x80");
    EXPECT_EQ(read_units({0xDC00, 0xD800}, big_endian), kReplacement + kReplacement);
    EXPECT_EQ(read_units({0xDBFF, 0xDFFF}, big_endian), "\xF4\x8F\xBF\xBF");
  }
}

TEST_F(DocumentReaderTest, ASurrogatePairAcrossEveryReadBoundary) {
  for (std::size_t before = kHeadBytes / 2 - 4; before < kHeadBytes / 2 + 2; ++before) {
    std::u32string text = U"\uFEFF";
    text.append(before, U'x');
    text += U"\U0001F600y\U0001F600";
    EXPECT_EQ(read_all(units(utf16_units(text), 2, false)), utf8(text.substr(1)));
  }
}

TEST_F(DocumentReaderTest, Utf32OutOfRangeBecomesReplacementCharacters) {
  const std::vector<char32_t> values = {0xFEFF,   'a',      0xD800,     0xDFFF,
                                        0x10FFFF, 0x110000, 0xFFFFFFFF, 'b'};
  const std::string two = kReplacement + kReplacement;
  const std::string expected = "a" + two + "\xF4\x8F\xBF\xBF" + two + "b";
  for (const bool big_endian : {false, true}) {
    EXPECT_EQ(read_all(units(values, 4, big_endian)), expected);
  }
}

TEST_F(DocumentReaderTest, ATruncatedUnitAtTheEndIsOneReplacementCharacter) {
  EXPECT_EQ(read_all("\xFF\xFE"
                     "a\0b"s),
            "a" + kReplacement);
  EXPECT_EQ(read_all("\xFE\xFF\0a\0"s), "a" + kReplacement);
  EXPECT_EQ(read_all("\xFF\xFE"
                     "a\0\x00\xD8z"s),
            "a" + kReplacement + kReplacement);
  for (const std::size_t cut : {1u, 2u, 3u}) {
    const std::string whole =
        "\xFF\xFE\0\0"
        "a\0\0\0"
        "b\0\0\0"s;
    EXPECT_EQ(read_all(whole.substr(0, whole.size() - cut)), "a" + kReplacement);
  }
}

TEST_F(DocumentReaderTest, ANulInTheFirst8KiBIsBinary) {
  EXPECT_EQ(status_of("\0"s), Status::kBinary);
  EXPECT_EQ(status_of("\xEF\xBB\xBF\0"s), Status::kBinary);
  EXPECT_EQ(status_of(std::string(kHeadBytes - 1, 'x') + '\0'), Status::kBinary);
  EXPECT_EQ(status_of(std::string(kHeadBytes, 'x') + '\0'), Status::kOpen);
  for (const std::size_t chunk_bytes : chunk_sizes()) {
    DocumentReader reader(chunk_bytes, false, false);
    EXPECT_EQ(reader.open(write(std::string(kHeadBytes - 1, 'x') + '\0')), Status::kBinary);
    EXPECT_TRUE(reader.next_chunk().empty());
    EXPECT_EQ(reader.open(write(std::string(kHeadBytes, 'x') + '\0')), Status::kOpen);
  }
}

TEST_F(DocumentReaderTest, BinaryAsTextPassesNuls) {
  DocumentReader reader(7, true, false);
  ASSERT_EQ(reader.open(write("a\0b"s)), Status::kOpen);
  EXPECT_EQ(rest(reader, 7), "a\0b"s);
  ASSERT_EQ(reader.open(write("\xFF\xFE"
                              "a\0"s)),
            Status::kOpen);
  EXPECT_EQ(rest(reader, 7), "a");
}

TEST_F(DocumentReaderTest, OneReaderReadsManyDocumentsWhateverWasLeftOfTheLast) {
  directory_.write_file("wide", "\xFE\xFF\0w\0i\0d\0e"s);
  directory_.write_file("long", std::string(100'000, 'l'));
  directory_.write_file("binary", "\0"s);
  directory_.write_file("short", "s");
  for (const std::size_t chunk_bytes : {3u, 8192u}) {
    DocumentReader reader(chunk_bytes, false, false);
    for (int round = 0; round < 3; ++round) {
      ASSERT_EQ(reader.open(entry("wide")), Status::kOpen);
      EXPECT_EQ(rest(reader, chunk_bytes), "wide");
      ASSERT_EQ(reader.open(entry("long")), Status::kOpen);
      EXPECT_EQ(reader.next_chunk().front(), 'l');
      ASSERT_EQ(reader.open(entry("wide")), Status::kOpen);
      EXPECT_EQ(reader.next_chunk().front(), 'w');
      ASSERT_EQ(reader.open(entry("binary")), Status::kBinary);
      ASSERT_EQ(reader.open(entry("absent")), Status::kUnreadable);
      EXPECT_TRUE(reader.next_chunk().empty());
      ASSERT_EQ(reader.open(entry("short")), Status::kOpen);
      EXPECT_EQ(rest(reader, chunk_bytes), "s");
      EXPECT_EQ(reader.bytes_read(), 1u);
      EXPECT_EQ(reader.cause(), "");
    }
  }
}

TEST_F(DocumentReaderTest, AFileThatIsGoneOrALinkNowIsUnreadableWithTheCause) {
  directory_.write_file("file", "text");
  directory_.make_link("link", "file");
  DocumentReader reader(64, false, false);
  EXPECT_EQ(reader.open(entry("absent")), Status::kUnreadable);
  EXPECT_EQ(reader.cause(), "No such file or directory");
  EXPECT_EQ(reader.open(entry("link")), Status::kUnreadable);
  EXPECT_NE(reader.cause(), "");

  DocumentReader follower(64, false, true);
  ASSERT_EQ(follower.open(entry("link")), Status::kOpen);
  EXPECT_EQ(rest(follower, 64), "text");
}

TEST_F(DocumentReaderTest, ASpecialFileInAFilesPlaceIsNeverWaitedFor) {
  ASSERT_EQ(::mkfifo(directory_.path("fifo").c_str(), 0600), 0);
  ASSERT_EQ(::mknod(directory_.path("socket").c_str(), S_IFSOCK | 0600, 0), 0);
  directory_.make_directory("directory");
  DocumentReader reader(64, false, false);
  for (const char* name : {"fifo", "socket", "directory"}) {
    EXPECT_EQ(reader.open(entry(name)), Status::kSpecialFile) << name;
    EXPECT_TRUE(reader.next_chunk().empty());
  }
}

TEST_F(DocumentReaderTest, AFirstReadThatFailsIsUnreadable) {
  // A file that counts as regular, and whose first page no process may have.
  WalkEntry entry;
  entry.directory = std::make_shared<const File>(File::open_directory("/proc/self"));
  entry.name = "mem";
  DocumentReader reader(64, false, false);
  ASSERT_EQ(reader.open(entry), Status::kUnreadable);
  EXPECT_EQ(reader.cause(), "Input/output error");
}

/// The descriptor that the next open gives.
int next_descriptor() {
  const int fd = ::dup(STDIN_FILENO);
  ::close(fd);
  return fd;
}

TEST_F(DocumentReaderTest, ALaterReadThatFailsNamesPathAndOffset) {
  const WalkEntry file = write(std::string(30'000, 'x'));
  DocumentReader reader(10'000, false, false);
  const int fd = next_descriptor();
  ASSERT_EQ(reader.open(file), Status::kOpen);
  ASSERT_EQ(std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd)),
            directory_.path("file"));
  ASSERT_EQ(reader.next_chunk().size(), 10'000u);
  ASSERT_EQ(::dup2(file.directory->fd(), fd), fd);  // read() of a directory fails.
  try {
    reader.next_chunk();
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kIo);
    EXPECT_EQ(error.path(), "sub/file");
    EXPECT_EQ(error.offset(), 10'000u);
  }
}

TEST_F(DocumentReaderTest, RunningOutOfDescriptorsIsAnErrorAndNoFaultOfTheFile) {
  const WalkEntry file = write("text");
  DocumentReader reader(64, false, false);
  rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(next_descriptor());
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  EXPECT_THROW(reader.open(file), Error);
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(reader.open(file), Status::kOpen);
}

/// The message that reading the rest of a document ends with.
std::string failure(DocumentReader& reader) {
  try {
    while (!reader.next_chunk().empty()) {
    }
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kIo);
    EXPECT_TRUE(error.offset().has_value());
    return error.what();
  }
  return "no failure";
}

TEST_F(DocumentReaderTest, AFileThatChangesWhileItIsReadIsNoDocument) {
  const std::string path = directory_.path("file");
  const std::string bytes(30'000, 'x');
  const std::vector<std::function<void()>> changes = {
      [&] { ASSERT_EQ(::truncate(path.c_str(), 100), 0); },
      [&] { ASSERT_EQ(::truncate(path.c_str(), 0), 0); },
      [&] { ASSERT_EQ(::truncate(path.c_str(), 100'000), 0); },
      [&] { std::ofstream(path, std::ios::app) << "more"; },
      [&] {  // The same size; the clock of file times goes in steps of some milliseconds.
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        std::ofstream(path) << std::string(30'000, 'y');
      },
  };
  for (const std::string& text : {bytes, "\xFF\xFE" + bytes}) {
    for (const std::size_t chunk_bytes : {100u, 10'000u}) {
      for (std::size_t i = 0; i < changes.size(); ++i) {
        SCOPED_TRACE(::testing::Message() << "change " << i << ", chunks of " << chunk_bytes);
        const WalkEntry file = write(text);
        DocumentReader reader(chunk_bytes, false, false);
        ASSERT_EQ(reader.open(file), Status::kOpen);
        changes[i]();
        EXPECT_THAT(failure(reader), HasSubstr("it changed while it was read"));
      }
    }
  }
}

TEST_F(DocumentReaderTest, AFileThatGrowsForEverEnds) {
  const WalkEntry file = write(std::string(30'000, 'x'));
  DocumentReader reader(1000, false, false);
  ASSERT_EQ(reader.open(file), Status::kOpen);
  std::ofstream out(directory_.path("file"), std::ios::app);
  const std::string more(50'000, 'y');
  const auto read_all = [&] {
    while (!reader.next_chunk().empty()) {
      out << more;
      out.flush();
    }
  };
  EXPECT_THROW(read_all(), Error);
  EXPECT_LT(reader.bytes_read(), 200'000u);
}

TEST_F(DocumentReaderTest, WhatBecameOfAFileIsDecidedWhenItIsOpened) {
  const std::string path = directory_.path("file");
  const WalkEntry file = write("some text");
  // Written to between listing and opening: it is what it is now.
  directory_.write_file("file", "another text");
  DocumentReader reader(100, false, false);
  ASSERT_EQ(reader.open(file), Status::kOpen);
  EXPECT_EQ(rest(reader, 100), "another text");
  // Removed while it is read: what was opened is still there, as it was.
  ASSERT_EQ(reader.open(file), Status::kOpen);
  ASSERT_EQ(::unlink(path.c_str()), 0);
  EXPECT_EQ(rest(reader, 100), "another text");
  EXPECT_EQ(reader.open(file), Status::kUnreadable);
  EXPECT_THAT(reader.cause(), HasSubstr("No such file"));
  // Replaced by what could block, or by a link.
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(reader.open(file), Status::kSpecialFile);
  ASSERT_EQ(::unlink(path.c_str()), 0);
  directory_.make_link("file", directory_.write_file("elsewhere", "not of this corpus"));
  EXPECT_EQ(reader.open(file), Status::kUnreadable);
}

TEST_F(DocumentReaderTest, AFileOfTheKernelHasTheSizeItSays) {
  // Its status says 0 bytes, and stays so.
  WalkEntry file;
  file.directory = std::make_shared<const File>(File::open_directory("/proc/self"));
  file.name = file.path = "status";
  DocumentReader reader(100, false, false);
  ASSERT_EQ(reader.open(file), Status::kOpen);
  EXPECT_THAT(rest(reader, 100), HasSubstr("VmRSS"));
}

}  // namespace
}  // namespace spimi
