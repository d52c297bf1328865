#include "base/varint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace spimi::testing {
namespace {

const std::vector<std::uint64_t> kBoundaries = [] {
  std::vector<std::uint64_t> values{0, 1};
  for (unsigned bits = 7; bits < 64; bits += 7) {
    values.push_back((std::uint64_t{1} << bits) - 1);
    values.push_back(std::uint64_t{1} << bits);
  }
  for (const std::uint64_t v : {0xFFFFFFFEull, 0xFFFFFFFFull, 0x100000000ull, ~0ull - 1, ~0ull}) {
    values.push_back(v);
  }
  return values;
}();

/// A copy in a block of exactly its size, so that a read beyond it is caught by the address
/// sanitizer.
struct Exact {
  explicit Exact(const std::vector<std::uint8_t>& bytes)
      : data(new std::uint8_t[bytes.size()]), size(bytes.size()) {
    std::copy(bytes.begin(), bytes.end(), data.get());
  }
  const std::uint8_t* begin() const { return data.get(); }
  const std::uint8_t* end() const { return data.get() + size; }
  std::unique_ptr<std::uint8_t[]> data;
  std::size_t size;
};

std::vector<std::uint8_t> encoded(std::uint64_t value) {
  std::uint8_t out[kMaxVarint64Bytes];
  return {out, put_varint(out, value)};
}

TEST(Varint, RoundTripsAtEveryLengthBoundary) {
  for (const std::uint64_t value : kBoundaries) {
    SCOPED_TRACE(value);
    const Exact bytes(encoded(value));
    EXPECT_EQ(bytes.size, varint_size(value));
    std::uint8_t out[kMaxVarint64Bytes] = {};
    std::uint8_t* const out_end = put_varint_blindly(out, value);
    EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), out, out_end));
    std::uint64_t wide = 0;
    ASSERT_EQ(get_varint64(bytes.begin(), bytes.end(), &wide), bytes.end());
    EXPECT_EQ(wide, value);
    std::uint32_t narrow = 0;
    const std::uint8_t* const end = get_varint32(bytes.begin(), bytes.end(), &narrow);
    if (value <= 0xFFFFFFFFu) {
      ASSERT_EQ(end, bytes.end());
      EXPECT_EQ(narrow, value);
    } else {
      EXPECT_EQ(end, nullptr);
    }
  }
}

TEST(Varint, RefusesOneCutShortAtEveryLength) {
  for (const std::uint64_t value : kBoundaries) {
    std::vector<std::uint8_t> bytes = encoded(value);
    while (!bytes.empty()) {
      bytes.pop_back();
      const Exact cut(bytes);
      std::uint64_t wide;
      std::uint32_t narrow;
      EXPECT_EQ(get_varint64(cut.begin(), cut.end(), &wide), nullptr) << value;
      EXPECT_EQ(get_varint32(cut.begin(), cut.end(), &narrow), nullptr) << value;
    }
  }
}

TEST(Varint, RefusesMoreThan64Bits) {
  std::uint64_t value;
  // Bit 64 set, then an eleventh byte.
  Exact too_large({255, 255, 255, 255, 255, 255, 255, 255, 255, 2});
  EXPECT_EQ(get_varint64(too_large.begin(), too_large.end(), &value), nullptr);
  Exact too_long({255, 255, 255, 255, 255, 255, 255, 255, 255, 129, 0});
  EXPECT_EQ(get_varint64(too_long.begin(), too_long.end(), &value), nullptr);
}

TEST(Varint, RefusesA32BitOneOfSixBytes) {
  std::uint32_t value;
  const Exact padded({129, 128, 128, 128, 128, 0});
  EXPECT_EQ(get_varint32(padded.begin(), padded.end(), &value), nullptr);
}

// Small ones with one of any size at every place; with bytes behind them, with none, cut short.
TEST(Varint, ThoseBesideEachOtherAreWhatEachIsAlone) {
  for (const std::uint64_t value : kBoundaries) {
    for (std::size_t at = 0; at < 5; ++at) {
      SCOPED_TRACE(std::to_string(value) + " at " + std::to_string(at));
      std::uint64_t values[] = {1, 127, 0, 64, 2};
      values[at] = value;
      std::vector<std::uint8_t> bytes;
      for (const std::uint64_t each : values) {
        for (const std::uint8_t byte : encoded(each)) bytes.push_back(byte);
      }
      std::uint8_t out[5 * kMaxVarint64Bytes];
      EXPECT_EQ(std::vector<std::uint8_t>(out, put_varints(out, values)), bytes);

      for (std::size_t size = 0; size <= bytes.size() + 8; ++size) {
        std::vector<std::uint8_t> part = bytes;
        part.resize(size, 255);
        const Exact input(part);
        std::uint64_t wide[5];
        std::uint32_t narrow[5];
        const std::uint8_t* const wide_end = get_varints(input.begin(), input.end(), wide);
        const std::uint8_t* const narrow_end = get_varints(input.begin(), input.end(), narrow);
        if (size < bytes.size()) {
          EXPECT_EQ(wide_end, nullptr);
          EXPECT_EQ(narrow_end, nullptr);
          continue;
        }
        EXPECT_EQ(wide_end, input.begin() + bytes.size());
        EXPECT_TRUE(std::equal(values, values + 5, wide));
        if (value > 0xFFFFFFFFu) {
          EXPECT_EQ(narrow_end, nullptr);
        } else {
          EXPECT_EQ(narrow_end, wide_end);
          EXPECT_TRUE(std::equal(values, values + 5, narrow));
        }
      }
    }
  }
}

}  // namespace
}  // namespace spimi::testing
