#include "base/region.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "spimi/error.h"

namespace spimi::testing {
namespace {

TEST(RegionTest, IsZeroedAndWritable) {
  // Below and above the size from which huge pages are asked for.
  for (const std::size_t size : {std::size_t{1}, std::size_t{4096}, std::size_t{3} << 20}) {
    const Region<std::uint8_t> region(size);
    ASSERT_EQ(region.size(), size);
    EXPECT_EQ(region[0], 0);
    EXPECT_EQ(region[size - 1], 0);
    region[0] = region[size - 1] = 7;
    EXPECT_EQ(region.data()[size - 1], 7);
  }
}

TEST(RegionTest, LargeOnesBeginAtAHugePage) {
  constexpr std::size_t kHugePage = std::size_t{2} << 20;
  std::vector<Region<char>> regions;
  for (const std::size_t size : {kHugePage, kHugePage + 1, 4 * kHugePage - 1, 5 * kHugePage}) {
    for (int i = 0; i < 3; ++i) {
      regions.emplace_back(size);
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(regions.back().data()) % kHugePage, 0u) << size;
    }
  }
  // Apart from each other, to the last byte.
  for (std::size_t i = 0; i < regions.size(); ++i) {
    std::memset(regions[i].data(), static_cast<int>(i), regions[i].size());
  }
  for (std::size_t i = 0; i < regions.size(); ++i) {
    const Region<char>& region = regions[i];
    for (const std::size_t at : {std::size_t{0}, region.size() / 2, region.size() - 1}) {
      EXPECT_EQ(region[at], static_cast<char>(i));
    }
  }
}

TEST(RegionTest, EmptyRegionHasNoMemory) {
  EXPECT_EQ(Region<int>().data(), nullptr);
  EXPECT_EQ(Region<int>(0).data(), nullptr);
}

TEST(RegionTest, MoveTakesTheMemoryAlong) {
  Region<std::uint64_t> a(10);
  a[9] = 5;
  std::uint64_t* const data = a.data();
  Region<std::uint64_t> b(std::move(a));
  EXPECT_EQ(b.data(), data);
  EXPECT_EQ(a.size(), 0u);  // NOLINT(bugprone-use-after-move)
  Region<std::uint64_t> c(20);
  c = std::move(b);
  EXPECT_EQ(c.data(), data);
  EXPECT_EQ(c.size(), 10u);
  EXPECT_EQ(c[9], 5u);
  Region<std::uint64_t>& same = c;
  c = std::move(same);
  EXPECT_EQ(c.data(), data);
}

TEST(RegionTest, MemoryThatIsNotThereIsAnError) {
  try {
    const Region<std::uint8_t> region(std::size_t{1} << 60);
    FAIL() << "2^60 bytes were allocated";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kIo);
  }
}

}  // namespace
}  // namespace spimi::testing
