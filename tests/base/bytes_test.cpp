// ByteBuffer, common_prefix and padded strings.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "base/byte_buffer.h"
#include "base/common_prefix.h"
#include "base/padded_bytes.h"

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

TEST(PaddedBytesTest, PrefixIsThatOfTheStringsWhateverIsBehindThem) {
  for (std::size_t size = 0; size < 40; ++size) {
    for (std::size_t same = 0; same < 60; ++same) {
      // Equal up to `same`, whether that is in the strings or behind them.
      std::string a(size + kBytePadding, '\xee'), b = a;
      if (same < b.size()) b[same] = 'x';
      const std::size_t expected = std::min(same, size);
      EXPECT_EQ(common_prefix_padded(a.data(), b.data(), size), expected) << size << ' ' << same;
    }
  }
}

TEST(PaddedBytesTest, CopiesAllBytesAndNoneBehindThePadding) {
  for (std::size_t size = 0; size < 40; ++size) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i + 1);
    const PaddedString from(bytes);
    ASSERT_EQ(from.view(), bytes);
    std::string to(size + kBytePadding + 8, '#');
    copy_padded(to.data(), from.view().data(), size);
    EXPECT_EQ(to.substr(0, size), bytes);
    EXPECT_EQ(to.substr(size + kBytePadding), "########");
  }
}

}  // namespace
}  // namespace spimi::testing
