#include "base/packed_block.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/block_shape.h"
#include "support/random_text.h"
#include "support/segment_builder.h"

namespace spimi::testing {
namespace {

using Values = std::vector<std::uint32_t>;

std::string encode(const Values& values) {
  std::vector<std::uint8_t> out(kPackedSlack);
  const std::uint8_t* const end = encode_packed(values.data(), out.data());
  return {reinterpret_cast<const char*>(out.data()), static_cast<std::size_t>(end - out.data())};
}

/// The number of bytes read, or -1 when they are refused. The bytes are in a block of exactly their
/// size, so that a read beyond them is caught by the address sanitizer; skipping must agree with
/// decoding when that succeeds, and decoding with 1 added always but for a value that runs over.
int decode(const std::string& bytes, Values* values) {
  const std::unique_ptr<std::uint8_t[]> exact(new std::uint8_t[bytes.size()]);
  std::memcpy(exact.get(), bytes.data(), bytes.size());
  const std::uint8_t* const end = exact.get() + bytes.size();
  values->assign(kBlockValues, 0);
  const std::uint8_t* const skipped = skip_packed(exact.get(), end);
  const std::uint8_t* const next = decode_packed(exact.get(), end, values->data());
  Values plus_one(kBlockValues);
  const std::uint8_t* const plus_one_next =
      decode_packed_plus_one(exact.get(), end, plus_one.data());
  const bool runs_over = std::find(values->begin(), values->end(), ~0u) != values->end();
  EXPECT_EQ(plus_one_next, runs_over ? nullptr : next);
  if (next == nullptr) return -1;
  EXPECT_EQ(skipped, next);
  for (std::size_t i = 0; i < kBlockValues && !runs_over; ++i) {
    EXPECT_EQ(plus_one[i], (*values)[i] + 1);
  }
  const auto size = static_cast<int>(next - exact.get());
  // What is behind a block is nothing to it.
  for (const char behind : {'\0', '\xff'}) {
    const std::string more =
        bytes.substr(0, static_cast<std::size_t>(size)) + std::string(200, behind);
    const auto* const begin = reinterpret_cast<const std::uint8_t*>(more.data());
    Values same(kBlockValues);
    EXPECT_EQ(decode_packed(begin, begin + more.size(), same.data()) - begin, size);
    EXPECT_EQ(skip_packed(begin, begin + more.size()) - begin, size);
    EXPECT_EQ(same, *values);
  }
  return size;
}

void expect_round_trip(const Values& values) {
  const std::string bytes = encode(values);
  EXPECT_LE(bytes.size(), kMaxPackedBytes);
  EXPECT_EQ(bytes, encode_packed_simply(values));
  // With every instruction set that runs here; the first is the best one, which is the default.
  for (std::size_t target = block_shape_testing::num_targets(); target-- > 0;) {
    block_shape_testing::use_target(target);
    EXPECT_EQ(encode(values), bytes) << "target " << target;
  }
  Values decoded;
  ASSERT_EQ(decode(bytes, &decoded), static_cast<int>(bytes.size()));
  EXPECT_EQ(decoded, values);
}

std::uint32_t random_bits(Random& random, unsigned bits) {
  return bits == 0 ? 0 : static_cast<std::uint32_t>(random() >> (64 - bits));
}

// Widths are found by way of floats, which know 24 bits and a sign.
TEST(PackedBlock, FindsTheWidthOfAnyPatternBelowTheTopBit) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE("SPIMI_TEST_SEED=" + std::to_string(seed));
  Random random(seed);
  for (unsigned bits = 1; bits <= 32; ++bits) {
    const std::uint32_t top = 1u << (bits - 1);
    for (const std::uint32_t below : {0u, ~0u, 0xAAAAAAAAu, 0x55555555u, top / 2, top / 4}) {
      SCOPED_TRACE(std::to_string(bits) + " bits, " + std::to_string(below));
      expect_round_trip(Values(kBlockValues, top | (below & (top - 1))));
      Values some(kBlockValues);
      for (std::uint32_t& value : some)
        value = random_bits(random, bits) | (random() % 8 == 0) * top;
      expect_round_trip(some);
    }
  }
}

TEST(PackedBlock, RoundTripsEveryWidthWithEveryNumberOfExceptions) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE("SPIMI_TEST_SEED=" + std::to_string(seed));
  Random random(seed);
  for (unsigned width = 0; width <= 32; ++width) {
    for (const unsigned num_exceptions : {0u, 1u, 2u, 5u, 20u, 64u, 127u, 128u}) {
      SCOPED_TRACE("width " + std::to_string(width) + ", exceptions " +
                   std::to_string(num_exceptions));
      Values values(kBlockValues);
      for (std::uint32_t& value : values) value = random_bits(random, width);
      for (unsigned e = 0; e < num_exceptions; ++e) {
        const unsigned bits = width + static_cast<unsigned>(random_below(random, 33 - width));
        values[random_below(random, kBlockValues)] = random_bits(random, bits);
      }
      expect_round_trip(values);
    }
  }
}

TEST(PackedBlock, RoundTripsUniformBlocksOfEveryBoundaryValue) {
  for (unsigned bits = 0; bits <= 32; ++bits) {
    const std::uint64_t top = std::uint64_t{1} << bits;
    expect_round_trip(Values(kBlockValues, static_cast<std::uint32_t>(top - 1)));
    expect_round_trip(Values(
        kBlockValues, static_cast<std::uint32_t>(std::min<std::uint64_t>(top, 0xFFFFFFFFu))));
  }
}

TEST(PackedBlock, ReadsAnyWidthNotOnlyTheSmallest) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE("SPIMI_TEST_SEED=" + std::to_string(seed));
  Random random(seed);
  for (unsigned width = 0; width <= 32; ++width) {
    Values values(kBlockValues), decoded;
    for (std::uint32_t& value : values) value = random_bits(random, 32);
    const std::string bytes = encode_packed_with_width(values, width);
    ASSERT_EQ(decode(bytes, &decoded), static_cast<int>(bytes.size())) << width;
    EXPECT_EQ(decoded, values) << width;
  }
}

TEST(PackedBlock, RefusesEveryTruncationAndReadsNothingBeyondTheEnd) {
  Values values(kBlockValues), decoded;
  for (unsigned i = 0; i < kBlockValues; ++i) values[i] = i % 30 == 0 ? 0xFFFFFFFFu - i : i % 5;
  const std::string bytes = encode(values);
  ASSERT_GT(bytes[1], 0) << "the block was to have exceptions";
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(decode(bytes.substr(0, size), &decoded), -1) << size;
  }
}

TEST(PackedBlock, RefusesWhatNoEncoderWrites) {
  Values decoded;
  const std::string body(16 * 33 + 300, '\1');
  const auto block = [&](int width, int num_exceptions, const std::string& rest) {
    return std::string{static_cast<char>(width), static_cast<char>(num_exceptions)} + rest;
  };
  EXPECT_EQ(decode(block(33, 0, body), &decoded), -1) << "width over 32";
  EXPECT_EQ(decode(block(255, 0, body + std::string(4096, '\0')), &decoded), -1);
  EXPECT_EQ(decode(block(32, 1, body), &decoded), -1) << "width 32 with an exception";
  EXPECT_EQ(decode(block(0, 129, body), &decoded), -1) << "more exceptions than values";
  EXPECT_EQ(decode(block(0, 1, "\x80\x01"), &decoded), -1) << "an index over 127";
  EXPECT_EQ(decode(block(0, 1, "\x80" + body), &decoded), -1) << "the same, with bytes behind";
  // An exception of 32 bits, and one of 33.
  for (int width = 25; width < 32; ++width) {
    const std::string lanes(static_cast<std::size_t>(16 * width), '\0');
    const int top = 1 << (32 - width);
    const int size = 2 + 16 * width + 2;
    const std::string fits = lanes + '\0' + static_cast<char>(top - 1);
    EXPECT_EQ(decode(block(width, 1, fits), &decoded), size) << width;
    EXPECT_EQ(decoded[0], static_cast<std::uint32_t>(top - 1) << width);
    const std::string ones(static_cast<std::size_t>(16 * width), '\xff');
    EXPECT_EQ(decode(block(width, 1, ones + '\0' + static_cast<char>(top - 1)), &decoded), size);
    EXPECT_EQ(decoded[0], ~0u) << "to which 1 cannot be added";
    const std::string is_long(width == 25 ? "\x80\x01" : std::string(1, static_cast<char>(top)));
    EXPECT_EQ(decode(block(width, 1, lanes + '\0' + is_long), &decoded), -1) << width;
  }
}

TEST(PackedBlock, RandomBytesAreRefusedOrReadWithinBounds) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE("SPIMI_TEST_SEED=" + std::to_string(seed));
  Random random(seed);
  int num_read = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string bytes(random_below(random, 200), '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    if (bytes.size() >= 2) {
      bytes[0] = static_cast<char>(random_below(random, 8));
      bytes[1] = static_cast<char>(random_below(random, 10));
    }
    Values decoded;
    const int size = decode(bytes, &decoded);
    EXPECT_LE(size, static_cast<int>(bytes.size()));
    num_read += size >= 0;
  }
  EXPECT_GT(num_read, 100);
}

}  // namespace
}  // namespace spimi::testing
