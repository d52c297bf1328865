// ByteBuffer and common_prefix.

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "base/byte_buffer.h"
#include "base/common_prefix.h"

namespace spimi::testing {
namespace {

TEST(ByteBufferTest, KeepsWhatWasAppendedWhileItGrows) {
  ByteBuffer buffer;
  std::string expected;
  for (std::size_t i = 0; i < 300; ++i) {
    const std::string piece(i, static_cast<char>('a' + i % 26));
    if (i % 2 == 0) {
      buffer.append(piece.data(), piece.size());
    } else {
      // More room than is used of it.
      std::uint8_t* const to = buffer.reserve(piece.size() + 100);
      std::memcpy(to, piece.data(), piece.size());
      EXPECT_EQ(buffer.commit(to + piece.size()), piece.size());
    }
    expected += piece;
    ASSERT_EQ(buffer.size(), expected.size());
  }
  EXPECT_EQ(std::memcmp(buffer.data(), expected.data(), expected.size()), 0);
  buffer.clear();
  EXPECT_EQ(buffer.size(), 0u);
  buffer.append("x", 1);
  EXPECT_EQ(buffer.data()[0], 'x');
}

TEST(CommonPrefixTest, FindsTheFirstDifferenceAtEveryPlace) {
  for (std::size_t size = 0; size < 40; ++size) {
    const std::string text(size, '\xee');
    EXPECT_EQ(common_prefix(text, text), size);
    for (std::size_t shorter = 0; shorter < size; ++shorter) {
      EXPECT_EQ(common_prefix(text, std::string_view(text).substr(0, shorter)), shorter);
      EXPECT_EQ(common_prefix(std::string_view(text).substr(0, shorter), text), shorter);
      for (const int bit : {0, 7}) {
        std::string other = text;
        other[shorter] = static_cast<char>(other[shorter] ^ 1 << bit);
        EXPECT_EQ(common_prefix(text, other), shorter);
      }
    }
  }
}

}  // namespace
}  // namespace spimi::testing
