#include "base/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>

#include "spimi/error.h"
#include "support/random_text.h"
#include "support/temporary_directory.h"

namespace spimi::testing {
namespace {

class FileTest : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return directory_.path(name); }

  template <class Function>
  static ErrorKind kind_of(Function function) {
    try {
      function();
    } catch (const Error& error) {
      return error.kind();
    }
    ADD_FAILURE() << "no Error was thrown";
    return ErrorKind::kUsage;
  }

  TemporaryDirectory directory_;
};

TEST_F(FileTest, CreateRefusesWhatIsThere) {
  directory_.write_file("file", "mine");
  EXPECT_EQ(kind_of([&] { File::create(path("file")); }), ErrorKind::kIo);
  EXPECT_EQ(directory_.read_file("file"), "mine");
  directory_.make_link("link", path("new"));
  EXPECT_EQ(kind_of([&] { File::create(path("link")); }), ErrorKind::kIo);
  EXPECT_FALSE(std::filesystem::exists(path("new")));
}

TEST_F(FileTest, LinksAreNotOpened) {
  directory_.write_file("file", "mine");
  directory_.make_link("link", path("file"));
  EXPECT_EQ(kind_of([&] { File::open_read(path("link")); }), ErrorKind::kIo);
  EXPECT_EQ(kind_of([&] { File::open_spill(path("link")); }), ErrorKind::kIo);
}

TEST_F(FileTest, ReadsStopAtTheEndOfTheFile) {
  directory_.write_file("file", "0123456789");
  const File file = File::open_read(path("file"));
  EXPECT_EQ(file.size(), 10u);
  char bytes[16];
  EXPECT_EQ(file.pread_some(0, bytes, 10), 10u);
  EXPECT_EQ(file.pread_some(4, bytes, 16), 6u);
  EXPECT_EQ(std::string(bytes, 6), "456789");
  EXPECT_EQ(file.pread_some(10, bytes, 1), 0u);
  EXPECT_EQ(file.pread_some(1000, bytes, 1), 0u);
  file.pread_exact(8, bytes, 2);
  EXPECT_EQ(std::string(bytes, 2), "89");
}

TEST_F(FileTest, ReadBeyondTheEndTellsWhereItIs) {
  directory_.write_file("file", "0123456789");
  const File file = File::open_read(path("file"));
  char bytes[16];
  try {
    file.pread_exact(8, bytes, 3);
    FAIL() << "read beyond the end";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
    EXPECT_EQ(error.offset(), 10u);
    EXPECT_EQ(error.path(), path("file"));
  }
}

TEST_F(FileTest, FailedWriteIsAnError) {
  directory_.write_file("file", "");
  File file = File::open_read(path("file"));
  EXPECT_EQ(kind_of([&] { file.pwrite_all(0, "x", 1); }), ErrorKind::kIo);
}

TEST_F(FileTest, MoveTakesTheDescriptorAlong) {
  File a = File::create(path("a"));
  const int fd = a.fd();
  File b(std::move(a));
  EXPECT_FALSE(a.is_open());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(b.fd(), fd);
  File c = File::create(path("c"));
  c = std::move(b);
  EXPECT_EQ(c.fd(), fd);
  EXPECT_EQ(c.path(), path("a"));
  c.close();
  EXPECT_FALSE(c.is_open());
  c.close();  // Closing twice does nothing.
}

TEST_F(FileTest, HoleReadsAsZerosAndKeepsTheSize) {
  directory_.write_file("file", std::string(10000, 'x'));
  File file = File::open_spill(path("file"));
  file.punch_hole(0, 4096);
  EXPECT_EQ(file.size(), 10000u);
  char byte;
  file.pread_exact(4096, &byte, 1);
  EXPECT_EQ(byte, 'x');
}

TEST_F(FileTest, SmallFileIsReadWholeUpToItsLimit) {
  directory_.write_file("file", "0123456789");
  EXPECT_EQ(read_small_file(path("file"), 10), "0123456789");
  EXPECT_EQ(kind_of([&] { read_small_file(path("file"), 9); }), ErrorKind::kCorrupt);
  EXPECT_EQ(kind_of([&] { read_small_file(path("none"), 9); }), ErrorKind::kIo);
  directory_.write_file("empty", "");
  EXPECT_EQ(read_small_file(path("empty"), 0), "");
}

TEST_F(FileTest, AtomicWriteReplacesTheFileAndLeavesNoTemporary) {
  directory_.write_file("file", "old");
  directory_.write_file("file.tmp", "of a write that was cut short");
  write_file_atomically(path("file"), "new");
  EXPECT_EQ(directory_.read_file("file"), "new");
  EXPECT_FALSE(std::filesystem::exists(path("file.tmp")));
}

TEST_F(FileTest, AtomicWriteDoesNotFollowALinkAtItsTemporaryName) {
  directory_.write_file("other", "mine");
  directory_.make_link("file.tmp", path("other"));
  write_file_atomically(path("file"), "new");
  EXPECT_EQ(directory_.read_file("other"), "mine");
  EXPECT_EQ(directory_.read_file("file"), "new");
}

TEST_F(FileTest, AtomicWriteThatFailsKeepsTheOldFile) {
  directory_.write_file("file", "old");
  // The temporary name cannot be taken.
  directory_.write_file("file.tmp/inside", "");
  EXPECT_EQ(kind_of([&] { write_file_atomically(path("file"), "new"); }), ErrorKind::kIo);
  EXPECT_EQ(directory_.read_file("file"), "old");
}

TEST_F(FileTest, ListingNamesEveryEntryOnce) {
  std::vector<std::string> expected;
  // More than one buffer of names.
  for (int i = 0; i < 1200; ++i) {
    expected.push_back(std::string(200, 'n') + std::to_string(i));
    directory_.write_file("many/" + expected.back(), "");
  }
  directory_.make_directory("many/sub");
  expected.push_back("sub");
  EXPECT_THAT(list_directory(path("many")), ::testing::UnorderedElementsAreArray(expected));
  EXPECT_EQ(kind_of([&] { list_directory(path("none")); }), ErrorKind::kIo);
}

TEST_F(FileTest, RenameNamesBothPathsWhenItFails) {
  try {
    rename_path(path("none"), path("target"));
    FAIL() << "a missing file was renamed";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(path("none")), std::string::npos);
    EXPECT_NE(std::string(error.what()).find(path("target")), std::string::npos);
  }
}

class BufferedWriterTest : public FileTest {};

TEST_F(BufferedWriterTest, AppendsOfEverySizeAroundTheBufferGiveTheSameFile) {
  constexpr std::size_t kBuffer = 16;
  for (std::size_t before = 0; before <= kBuffer; ++before) {
    for (std::size_t size = 0; size <= 2 * kBuffer + 1; ++size) {
      SCOPED_TRACE(::testing::Message() << before << ", then " << size);
      std::filesystem::remove(path("file"));
      File file = File::create(path("file"));
      BufferedWriter writer(file, kBuffer);
      const std::string expected = std::string(before, 'a') + std::string(size, 'b') + "end";
      writer.append(std::string(before, 'a'));
      EXPECT_EQ(writer.offset(), before);
      writer.append(std::string(size, 'b'));
      EXPECT_EQ(writer.offset(), before + size);
      writer.append("end");
      writer.flush();
      EXPECT_EQ(writer.offset(), expected.size());
      ASSERT_EQ(directory_.read_file("file"), expected);
      writer.flush();  // Nothing is buffered: nothing is written again.
      ASSERT_EQ(directory_.read_file("file"), expected);
    }
  }
}

TEST_F(BufferedWriterTest, BeginsAtItsOffset) {
  File file = File::create(path("file"));
  file.pwrite_all(0, "0123456789", 10);
  BufferedWriter writer(file, 4, 3);
  EXPECT_EQ(writer.offset(), 3u);
  writer.append("abc");
  writer.append("de");
  writer.flush();
  EXPECT_EQ(directory_.read_file("file"), "012abcde89");
}

TEST_F(BufferedWriterTest, WritesNothingItWasNotToldToFlush) {
  File file = File::create(path("file"));
  {
    BufferedWriter writer(file, 100);
    writer.append("lost");
  }
  EXPECT_EQ(file.size(), 0u);
}

}  // namespace
}  // namespace spimi::testing
