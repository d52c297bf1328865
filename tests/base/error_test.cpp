#include "spimi/error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/os_error.h"
#include "support/random_text.h"

namespace spimi::testing {
namespace {

using namespace std::string_literals;

TEST(ErrorTest, MessageHasThePartsThatAreKnown) {
  EXPECT_STREQ(Error(ErrorKind::kIo, "a/b", std::uint64_t{7}, "cannot read", "no luck").what(),
               "a/b: offset 7: cannot read: no luck");
  const std::uint64_t offset = 0;
  EXPECT_STREQ(Error(ErrorKind::kIo, "a/b", offset, "cannot read").what(),
               "a/b: offset 0: cannot read");
  EXPECT_STREQ(Error(ErrorKind::kIo, "a/b", "cannot read", "no luck").what(),
               "a/b: cannot read: no luck");
  EXPECT_STREQ(Error(ErrorKind::kUsage, {}, "bad option").what(), "bad option");
}

TEST(ErrorTest, PathIsKeptRawAndShownEscaped) {
  const Error error(ErrorKind::kCorrupt, "\x1b[31m\n\xff", std::uint64_t{3}, "damaged");
  EXPECT_EQ(error.path(), "\x1b[31m\n\xff");
  EXPECT_STREQ(error.what(), "\\x1b[31m\\x0a\\xff: offset 3: damaged");
  EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
  EXPECT_EQ(error.offset(), 3u);
}

TEST(ErrorTest, OsErrorTellsTheCauseOfErrno) {
  errno = ENOSPC;
  const Error error = os_error("file", 12, "cannot write");
  EXPECT_EQ(error.kind(), ErrorKind::kIo);
  EXPECT_EQ(error.what(), "file: offset 12: cannot write: "s + std::strerror(ENOSPC));
}

TEST(EscapeTest, PrintableUtf8Stays) {
  const std::string text = "plain \"text\", \u00e9\u6f22\U0001f600 ~";
  EXPECT_EQ(escape_bytes(text), text);
}

TEST(EscapeTest, WhatATerminalWouldObeyIsEscaped) {
  EXPECT_EQ(escape_bytes("\0\t\n\r\x1b\x7f"s), "\\x00\\x09\\x0a\\x0d\\x1b\\x7f");
  // C1 controls, as UTF-8: U+0080 and U+009F; U+00A0 is none.
  EXPECT_EQ(escape_bytes("\xc2\x80\xc2\x9f\xc2\xa0"), "\\xc2\\x80\\xc2\\x9f\xc2\xa0");
  EXPECT_EQ(escape_bytes("back\\slash"), "back\\x5cslash");
}

TEST(EscapeTest, IllFormedUtf8IsEscapedByteByByte) {
  EXPECT_EQ(escape_bytes("\xff\xfe"), "\\xff\\xfe");
  EXPECT_EQ(escape_bytes("\xe6\xbc"), "\\xe6\\xbc");           // cut short
  EXPECT_EQ(escape_bytes("\xc0\xaf"), "\\xc0\\xaf");           // overlong
  EXPECT_EQ(escape_bytes("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // surrogate
  EXPECT_EQ(escape_bytes("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
}

TEST(EscapeTest, RoundTripOfEveryByteAndOfRandomBytes) {
  SCOPED_TRACE("SPIMI_TEST_SEED=" + std::to_string(test_seed()));
  Random random(test_seed());
  for (int i = 0; i < 256; ++i) {
    const std::string byte(1, static_cast<char>(i));
    EXPECT_EQ(unescape_bytes(escape_bytes(byte)), byte);
  }
  for (int i = 0; i < 2000; ++i) {
    std::string bytes = random_text(random, 1 + random_below(random, 5));
    for (std::size_t n = random_below(random, 10); n > 0; --n) {
      bytes.insert(random_below(random, bytes.size() + 1), 1, static_cast<char>(random()));
    }
    const std::string text = escape_bytes(bytes);
    ASSERT_EQ(unescape_bytes(text), bytes);
    for (const char c : text) {
      ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
    }
    ASSERT_EQ(escape_bytes(unescape_bytes(text)), text);
  }
}

TEST(EscapeTest, HexDigitsInEitherCaseAreRead) {
  EXPECT_EQ(unescape_bytes("\\xfF\\x0A"), "\xff\n");
}

TEST(EscapeTest, MalformedEscapesAreRefused) {
  for (const std::string text : {"\\", "\\x", "\\x1", "a\\xg0", "\\x0g", "\\n", "\\\\", "\\X41"}) {
    SCOPED_TRACE(text);
    EXPECT_THROW(unescape_bytes(text), Error);
  }
}

}  // namespace
}  // namespace spimi::testing
