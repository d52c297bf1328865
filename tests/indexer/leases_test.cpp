#include "indexer/leases.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "input/walk.h"
#include "support/random_text.h"
#include "support/temporary_directory.h"

namespace spimi::testing {
namespace {

/// A corpus of files with these sizes, named so that the walk finds them in that order, in a few
/// directories.
void make_files(const TemporaryDirectory& directory, const std::vector<std::size_t>& sizes) {
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const std::string number = std::to_string(100000 + i);
    directory.write_file("d" + number.substr(0, 4) + "/" + number, std::string(sizes[i], 'x'));
  }
}

Leases::Limits limits(std::uint64_t text_bytes, std::uint64_t split_bytes) {
  return {.text_bytes = text_bytes,
          .split_bytes = split_bytes,
          .memory_bytes = 1 << 20,
          .directories = 100};
}

TEST(LeasesTest, EachFileGoesToOneThread) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    Random random(seed);
    const TemporaryDirectory directory;
    std::vector<std::size_t> sizes(1 + random_below(random, 120));
    for (std::size_t& size : sizes) size = random_below(random, 2) ? random_below(random, 3000) : 0;
    make_files(directory, sizes);
    Walk walk(directory.path(), {}, {});
    const auto num_threads = 1 + static_cast<unsigned>(random_below(random, 5));
    // Some were read by an earlier build.
    std::set<std::uint64_t> done;
    for (std::uint64_t i = 0; i < sizes.size(); ++i) {
      if (random_below(random, 8) == 0) done.insert(i);
    }
    Leases leases(walk, limits(1 + random_below(random, 20000), random_below(random, 3000)),
                  num_threads,
                  [&](std::uint64_t number, const WalkEntry&) { return done.contains(number); });

    std::map<std::uint64_t, std::string> seen;
    std::vector<unsigned> going;
    for (unsigned t = 0; t < num_threads; ++t) going.push_back(t);
    WalkEntry entry;
    std::uint64_t number;
    while (!going.empty()) {
      const std::size_t i = random_below(random, going.size());
      if (!leases.next(going[i], &entry, &number)) {
        going.erase(going.begin() + static_cast<std::ptrdiff_t>(i));
        continue;
      }
      EXPECT_TRUE(seen.emplace(number, entry.path).second) << number;
      EXPECT_EQ(entry.path.substr(entry.path.size() - 6), entry.name);
      EXPECT_EQ(walk.status(entry)->st_size, static_cast<off_t>(sizes.at(number)));
    }
    for (std::uint64_t i = 0; i < sizes.size(); ++i) {
      ASSERT_EQ(seen.contains(i), !done.contains(i)) << "file " << i << ", seed " << seed;
      if (seen.contains(i)) {
        EXPECT_EQ(seen[i].substr(6), std::to_string(100000 + i));
      }
    }
  }
}

TEST(LeasesTest, ThreadsThatRunTogetherReadAll) {
  const TemporaryDirectory directory;
  make_files(directory, std::vector<std::size_t>(400, 500));
  Walk walk(directory.path(), {}, {});
  Leases leases(walk, limits(20000, 1000), 4);
  std::vector<std::vector<std::uint64_t>> numbers(4);
  {
    std::vector<std::jthread> threads;
    for (unsigned t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        WalkEntry entry;
        std::uint64_t number;
        while (leases.next(t, &entry, &number)) numbers[t].push_back(number);
      });
    }
  }
  std::set<std::uint64_t> all;
  std::size_t num_read = 0;
  for (const auto& of_thread : numbers) {
    all.insert(of_thread.begin(), of_thread.end());
    num_read += of_thread.size();
  }
  EXPECT_EQ(num_read, 400u);
  EXPECT_EQ(all.size(), 400u);
}

TEST(LeasesTest, WhoComesLateGetsHalfOfWhatIsLeft) {
  const TemporaryDirectory directory;
  make_files(directory, std::vector<std::size_t>(20, 1000));
  Walk walk(directory.path(), {}, {});
  Leases leases(walk, limits(1 << 20, 3000), 3);
  WalkEntry entry;
  std::uint64_t number;
  // The first has them all, and reads four; 16 are left.
  for (std::uint64_t i = 0; i < 4; ++i) {
    ASSERT_TRUE(leases.next(0, &entry, &number));
    EXPECT_EQ(number, i);
  }
  ASSERT_TRUE(leases.next(1, &entry, &number));
  EXPECT_EQ(number, 12u);  // 12 to 19; it has 7 left, the first 8.
  ASSERT_TRUE(leases.next(2, &entry, &number));
  EXPECT_EQ(number, 8u);  // 8 to 11
  for (std::uint64_t i = 4; i < 8; ++i) {
    ASSERT_TRUE(leases.next(0, &entry, &number));
    EXPECT_EQ(number, i);
  }
  // Of 13 to 19 the second half. Seven thousand bytes: four files.
  ASSERT_TRUE(leases.next(0, &entry, &number));
  EXPECT_EQ(number, 16u);
}

TEST(LeasesTest, WhatIsLeftIsToldByTheSizeOfEachFile) {
  // Those that a lease asks for their sizes as it is filled are the small ones.
  std::vector<std::size_t> sizes(24, 1000);
  for (std::size_t i = 0; i < sizes.size(); i += 8) sizes[i] = 1;
  const TemporaryDirectory directory;
  make_files(directory, sizes);
  Walk walk(directory.path(), {}, {});
  Leases leases(walk, limits(1 << 20, 3000), 2);
  WalkEntry entry;
  std::uint64_t number;
  ASSERT_TRUE(leases.next(0, &entry, &number));
  ASSERT_TRUE(leases.next(1, &entry, &number));
  EXPECT_EQ(number, 12u);  // From there on are eleven of a thousand bytes; ten are left to it.
}

TEST(LeasesTest, ALittleIsNotDivided) {
  const TemporaryDirectory directory;
  make_files(directory, {1000, 1000, 900});
  Walk walk(directory.path(), {}, {});
  Leases leases(walk, limits(1 << 20, 2000), 2);
  WalkEntry entry;
  std::uint64_t number;
  ASSERT_TRUE(leases.next(0, &entry, &number));
  EXPECT_FALSE(leases.next(1, &entry, &number));
  ASSERT_TRUE(leases.next(0, &entry, &number));
  EXPECT_EQ(number, 1u);
}

}  // namespace
}  // namespace spimi::testing
