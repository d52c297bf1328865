#include "format/segment_file_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "format/build_id.h"
#include "spimi/error.h"
#include "support/segment_builder.h"
#include "support/temporary_directory.h"

namespace spimi::testing {
namespace {

using ::testing::HasSubstr;

const std::string kId = "00112233445566778899aabbccddeeff";

class SegmentFileReaderTest : public ::testing::Test {
 protected:
  SegmentFileReader open(const std::string& id = kId) {
    BuildId build_id;
    EXPECT_TRUE(parse_build_id(id, &build_id));
    return SegmentFileReader(directory_.path(), SegmentFile::kTerms, build_id);
  }
  void write(const std::string& bytes) {
    // Some file systems flush a file that is truncated and written again: slow, some thousand
    // times.
    std::filesystem::remove(directory_.path("terms"));
    directory_.write_file("terms", bytes);
  }
  void write_payload(const std::string& payload) { write(segment_file("TERM", kId, payload)); }

  /// The message of the Error(kCorrupt) that `action` throws; empty if it throws none.
  template <typename Action>
  std::string refusal(Action action) {
    try {
      action();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCorrupt) << error.what();
      EXPECT_EQ(error.path(), directory_.path("terms"));
      offset_ = error.offset().value_or(~0ull);
      return error.what();
    }
    return {};
  }

  TemporaryDirectory directory_;
  std::uint64_t offset_ = 0;
};

TEST_F(SegmentFileReaderTest, ReadsPayloadsAroundPageBoundaries) {
  for (const std::size_t size : {0u, 1u, 65535u, 65536u, 65537u, 131072u, 200000u}) {
    SCOPED_TRACE(size);
    std::string payload(size, '\0');
    for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<char>(i * 7 + i / 251);
    write_payload(payload);
    const SegmentFileReader reader = open();
    ASSERT_EQ(reader.payload_bytes(), size);
    EXPECT_EQ(reader.file_bytes(), std::filesystem::file_size(reader.path()));
    const std::uint8_t* const bytes = reader.bytes(0, size);
    EXPECT_TRUE(std::equal(payload.begin(), payload.end(), reinterpret_cast<const char*>(bytes)));
    reader.release();
    EXPECT_TRUE(std::equal(payload.begin(), payload.end(), reinterpret_cast<const char*>(bytes)));
    EXPECT_NO_THROW(reader.bytes(size, 0));
    EXPECT_NE(refusal([&] { reader.bytes(size, 1); }), "");
    EXPECT_NE(refusal([&] { reader.bytes(0, size + 1); }), "");
    EXPECT_NE(refusal([&] { reader.bytes(~0ull, 2); }), "");
    EXPECT_NE(refusal([&] { reader.bytes(2, ~0ull); }), "");
  }
}

TEST_F(SegmentFileReaderTest, RefusesOnlyThePageThatIsDamaged) {
  std::string file = segment_file("TERM", kId, std::string(3 * 65536, 'x'));
  file[64 + 65536 + 17] = 'y';
  write(file);
  const SegmentFileReader reader = open();
  EXPECT_NO_THROW(reader.bytes(0, 65536));
  EXPECT_NO_THROW(reader.bytes(2 * 65536, 65536));
  EXPECT_THAT(refusal([&] { reader.bytes(65535, 2); }), HasSubstr("checksum does not match"));
  EXPECT_EQ(offset_, 64 + 65536u) << "the offset is that of the page in the file";
  EXPECT_NE(refusal([&] { reader.bytes(2 * 65536 - 1, 1); }), "");
  EXPECT_TRUE(reader.page_is_sound(0));
  EXPECT_FALSE(reader.page_is_sound(1));
}

TEST_F(SegmentFileReaderTest, RefusesEveryDamagedHeaderBit) {
  const std::string file = segment_file("TERM", kId, "payload");
  for (std::size_t i = 0; i < 64 * 8; ++i) {
    std::string damaged = file;
    damaged[i / 8] = static_cast<char>(damaged[i / 8] ^ 1 << i % 8);
    write(damaged);
    EXPECT_NE(refusal([&] { open(); }), "") << "bit " << i;
  }
}

TEST_F(SegmentFileReaderTest, RefusesEveryTruncationAndAnAppendedByte) {
  const std::string file = segment_file("TERM", kId, "payload");
  for (std::size_t size = 0; size < file.size(); ++size) {
    write(file.substr(0, size));
    EXPECT_NE(refusal([&] { open(); }), "") << size;
  }
  write(file + '\0');
  EXPECT_NE(refusal([&] { open(); }), "");
}

TEST_F(SegmentFileReaderTest, RefusesAFileOfAnotherKindBuildOrVersion) {
  write(segment_file("POST", kId, "payload"));
  EXPECT_THAT(refusal([&] { open(); }), HasSubstr("another kind"));
  write_payload("payload");
  EXPECT_THAT(refusal([&] { open("f" + kId.substr(1)); }), HasSubstr("another build"));
  std::string file = segment_file("TERM", kId, "payload");
  file[12] = 9;
  write(file);
  EXPECT_THAT(refusal([&] { open(); }), HasSubstr("segment format 9, this program reads format 4"));
}

TEST_F(SegmentFileReaderTest, RefusesALengthThatRunsOver) {
  // So many payload bytes that they and their checksums are 0 modulo 2^64, under a right header
  // checksum.
  std::string file = segment_file("TERM", kId, "");
  file.replace(32, 8, std::string("\xf8\x0f\x00\xfe\x3f\x00\xf8\xff", 8));
  const std::uint64_t checksum = [&] {
    std::string sealed = seal_manifest(file.substr(0, 56));  // The same hash, as hex digits.
    return std::stoull(sealed.substr(sealed.size() - 17, 16), nullptr, 16);
  }();
  for (std::size_t i = 0; i < 8; ++i) file[56 + i] = static_cast<char>(checksum >> 8 * i);
  write(file);
  EXPECT_THAT(refusal([&] { open(); }), HasSubstr("not what its header says"));
}

TEST_F(SegmentFileReaderTest, CallsAMissingFileDamage) {
  EXPECT_THAT(refusal([&] { open(); }), HasSubstr("missing"));
}

TEST(BuildId, ParsesOnly32LowerCaseHexDigits) {
  BuildId id;
  ASSERT_TRUE(parse_build_id(kId, &id));
  EXPECT_EQ(to_hex(id), kId);
  for (const std::string& hex :
       {kId.substr(1), kId + "0", "G" + kId.substr(1), "A" + kId.substr(1)}) {
    EXPECT_FALSE(parse_build_id(hex, &id)) << hex;
  }
}

}  // namespace
}  // namespace spimi::testing
