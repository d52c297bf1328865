#include "input/name_windows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "support/random_text.h"

namespace spimi {
namespace {

using Names = std::vector<std::string>;

/// As a walk does: reads the whole directory for each window. A name with '/' at its end is a
/// directory's.
void fill(NameWindows& windows, const Names& directory, std::string_view after) {
  windows.begin(after);
  for (const std::string& entry : directory) {
    const bool is_directory = entry.back() == '/';
    const std::string_view name = std::string_view(entry).substr(0, entry.size() - is_directory);
    if (!windows.may_hold(name)) continue;
    windows.add(name, is_directory ? NameKind::kDirectory : NameKind::kRegularFile);
  }
  windows.end();
}

struct Visit {
  Names names;
  int num_fills = 0;
};

Visit visit_all(NameWindows& windows, const Names& directory) {
  Visit visit;
  std::string last;
  for (;;) {
    if (!windows.at_end()) {
      last = windows.next().bytes;
      visit.names.push_back(last);
    } else if (windows.more()) {
      fill(windows, directory, last);
      ++visit.num_fills;
    } else {
      return visit;
    }
  }
}

Names numbered(std::size_t count, std::size_t size) {
  Names names;
  for (std::size_t i = 0; i < count; ++i) {
    std::string name = std::to_string(i);
    name.insert(0, size - name.size(), '0');
    names.push_back(name);
  }
  return names;
}

TEST(NameWindows, ANewLevelMustBeRead) {
  NameWindows windows(0);
  windows.push();
  EXPECT_TRUE(windows.at_end());
  EXPECT_TRUE(windows.more());
  fill(windows, {}, "");
  EXPECT_TRUE(windows.at_end());
  EXPECT_FALSE(windows.more());
}

TEST(NameWindows, ADirectorySortsAsIfItsNameEndedInASlash) {
  NameWindows windows(0);
  windows.push();
  EXPECT_EQ(visit_all(windows, {"a0", "a/", "a.txt", "a-b", "\xff", "A", "a.d/"}).names,
            (Names{"A", "a-b", "a.d/", "a.txt", "a/", "a0", "\xff"}));
}

TEST(NameWindows, MayHoldDecidesForFileAndDirectoryAlike) {
  NameWindows windows(0);
  windows.push();
  windows.begin("b/");
  EXPECT_FALSE(windows.may_hold("a"));
  EXPECT_FALSE(windows.may_hold("b"));
  EXPECT_FALSE(windows.may_hold("b.c"));
  EXPECT_TRUE(windows.may_hold("b0"));
  EXPECT_TRUE(windows.may_hold("b\xff"));
  windows.begin("b-");
  EXPECT_TRUE(windows.may_hold("b"));  // As `b/` it comes after `b-`.
  windows.begin("b\xff");
  EXPECT_FALSE(windows.may_hold("b"));
  windows.begin("b");
  EXPECT_TRUE(windows.may_hold("b"));
}

constexpr std::size_t kBytesEach = 20 + 16;  // A name of 20 bytes and what the window adds to it.

int num_fills_of(const Names& sorted_names) {
  NameWindows windows(NameWindows::kMinMemoryBytes);
  windows.push();
  const Visit visit = visit_all(windows, sorted_names);
  EXPECT_TRUE(visit.names == sorted_names);
  return visit.num_fills;
}

TEST(NameWindows, FilesThatJustFitTheWholeBufferNeedOneReading) {
  const std::size_t most = NameWindows::kMinMemoryBytes / kBytesEach;
  EXPECT_EQ(num_fills_of(numbered(most, 20)), 1);
  EXPECT_EQ(num_fills_of(numbered(most + 1, 20)), 2);
}

TEST(NameWindows, WithADirectoryAmongThemHalfTheBufferIsLeftToItsChildren) {
  const std::size_t most = NameWindows::kMinMemoryBytes / 2 / kBytesEach;
  for (const std::size_t count : {most, most + 1}) {
    Names names = numbered(count, 20);
    names.front().back() = '/';
    EXPECT_EQ(num_fills_of(names), count == most ? 1 : 2);
  }
}

TEST(NameWindows, DescendingOrderOfTheLongestNames) {
  NameWindows windows(0);
  for (int level = 0; level < 9; ++level) {  // The deeper ones have the smallest window there is.
    windows.push();
    Names names = numbered(100, NameWindows::kMaxNameBytes);
    for (std::string& name : names) name += '/';
    const Names sorted = names;
    std::reverse(names.begin(), names.end());
    EXPECT_TRUE(visit_all(windows, names).names == sorted) << level;
    fill(windows, names, "");
    ASSERT_FALSE(windows.at_end());
  }
}

TEST(NameWindows, NestedLevelsVisitEveryNameOnceInOrderHoweverLittleMemory) {
  const std::uint64_t seed = testing::test_seed();
  SCOPED_TRACE("SPIMI_TEST_SEED=" + std::to_string(seed));
  testing::Random random(seed);
  const auto below = [&](std::size_t bound) { return testing::random_below(random, bound); };

  int num_rereads = 0;
  for (int round = 0; round < 10; ++round) {
    NameWindows windows(0);
    struct Level {
      Names directory, visited;
      std::string last;
    };
    std::vector<Level> levels;
    const auto enter = [&] {
      std::set<std::string> names;
      const std::size_t count = below(4) == 0 ? below(400) : below(30);
      const std::size_t size = 4 + below(120);
      while (names.size() < count) {
        std::string name(3 + below(size), 'a');
        for (char& c : name) c = "ab-0\xff"[below(5)];
        if (below(3) == 0) name += '/';
        names.insert(name);
      }
      Names shuffled(names.begin(), names.end());
      std::shuffle(shuffled.begin(), shuffled.end(), random);
      levels.push_back({std::move(shuffled), {}, ""});
      windows.push();
    };
    enter();
    int num_levels = 1;
    while (!levels.empty()) {
      Level& level = levels.back();
      if (!windows.at_end()) {
        level.last = windows.next().bytes;
        level.visited.push_back(level.last);
        if (level.last.back() == '/' && num_levels < 200 && below(3) == 0) {
          enter();
          ++num_levels;
        }
      } else if (windows.more()) {
        num_rereads += level.visited.empty() ? 0 : 1;
        fill(windows, level.directory, level.last);
      } else {
        std::sort(level.directory.begin(), level.directory.end());
        ASSERT_TRUE(level.visited == level.directory);
        windows.pop();
        levels.pop_back();
      }
    }
  }
  EXPECT_GT(num_rereads, 0);
}

TEST(NameWindows, FinishLeavesNothing) {
  NameWindows windows(0);
  windows.push();
  fill(windows, {"a", "b"}, "");
  windows.finish();
  EXPECT_TRUE(windows.at_end());
  EXPECT_FALSE(windows.more());
}

}  // namespace
}  // namespace spimi
