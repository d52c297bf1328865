#include "input/walk.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "spimi/error.h"
#include "support/random_text.h"
#include "support/temporary_directory.h"

namespace spimi {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Paths = std::vector<std::string>;

constexpr std::size_t kLeastMemory = 0;  // The walk takes its minimum, 32 KiB.

struct Skipped {
  std::string path;
  SkipReason reason;
  std::string cause;
};

/// A walk that keeps what it was told to skip.
class Walker {
 public:
  explicit Walker(const std::string& root, const WalkOptions& options = {})
      : walk_(root, options, [this](auto path, SkipReason reason, auto cause) {
          skipped_.push_back({std::string(path), reason, std::string(cause)});
        }) {}

  bool next() { return walk_.next(&entry_); }
  const WalkEntry& entry() const { return entry_; }
  /// -1 if it has no status.
  off_t size(const WalkEntry& entry) const {
    const auto status = walk_.status(entry);
    return status ? status->st_size : -1;
  }

  Paths rest() {
    Paths paths;
    while (next()) paths.push_back(entry_.path);
    return paths;
  }

  Paths skipped(SkipReason reason) const {
    Paths paths;
    for (const Skipped& skip : skipped_) {
      if (skip.reason == reason) paths.push_back(skip.path);
    }
    return paths;
  }
  const std::vector<Skipped>& skipped() const { return skipped_; }

 private:
  std::vector<Skipped> skipped_;
  WalkEntry entry_;
  Walk walk_;
};

/// The order that the design asks for, from the standard library: the byte order of relative paths.
Paths files_below(const std::string& root) {
  Paths paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.is_regular_file()) {
      paths.push_back(entry.path().native().substr(root.size() + 1));
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::size_t num_open_descriptors() {
  const std::filesystem::directory_iterator begin("/proc/self/fd"), end;
  return static_cast<std::size_t>(std::distance(begin, end)) - 1;
}

class WalkTest : public ::testing::Test {
 protected:
  testing::TemporaryDirectory directory_;
};

TEST_F(WalkTest, AnEmptyDirectoryHasNoFiles) {
  Walker walker(directory_.path());
  EXPECT_FALSE(walker.next());
  EXPECT_FALSE(walker.next());
  EXPECT_THAT(walker.skipped(), IsEmpty());
}

TEST_F(WalkTest, ARootThatIsNotThereOrNoDirectoryIsAUsageError) {
  const std::string file = directory_.write_file("file", "x");
  for (const std::string& root : {directory_.path("absent"), file, file + "/below"}) {
    try {
      Walker walker(root);
      ADD_FAILURE() << root;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      EXPECT_EQ(error.path(), root);
    }
  }
}

TEST_F(WalkTest, ARootMayBeALinkAndHidden) {
  directory_.write_file(".corpus/a", "x");
  directory_.make_link("link", ".corpus");
  EXPECT_THAT(Walker(directory_.path("link")).rest(), ElementsAre("a"));
  EXPECT_THAT(Walker(directory_.path(".corpus")).rest(), ElementsAre("a"));
}

TEST_F(WalkTest, ADirectoryComparesAsIfItsNameEndedInASlash) {
  for (const char* path : {"a/x", "a.txt", "a-b", "a0", "a.d/y", "B", "a/b/c", "a/b.c"}) {
    directory_.write_file(path, "");
  }
  EXPECT_THAT(Walker(directory_.path()).rest(),
              ElementsAre("B", "a-b", "a.d/y", "a.txt", "a/b.c", "a/b/c", "a/x", "a0"));
}

TEST_F(WalkTest, AnEntrySaysWhereItsFileIs) {
  directory_.write_file("sub/file", "12345");
  Walker walker(directory_.path());
  ASSERT_TRUE(walker.next());
  const WalkEntry kept = walker.entry();
  EXPECT_FALSE(walker.next());  // The walk has left the directory; the entry still holds it.
  EXPECT_EQ(kept.path, "sub/file");
  EXPECT_EQ(kept.name, "file");
  EXPECT_EQ(walker.size(kept), 5);
  EXPECT_EQ(::faccessat(kept.directory->fd(), "file", R_OK, 0), 0);
}

TEST_F(WalkTest, NamesAreBytes) {
  const Paths names = {"\x01", "\x1b[31m", "--help",       "-",   "a\nb",
                       "a b",  "\xc3(",    "\xed\xa0\x80", "\xff"};
  for (const std::string& name : names) directory_.write_file(name, "");
  Paths sorted = names;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(Walker(directory_.path()).rest(), sorted);
}

TEST_F(WalkTest, NamesOf255Bytes) {
  const std::string name(255, 'n');
  directory_.write_file(name + "/" + name, "");
  EXPECT_THAT(Walker(directory_.path()).rest(), ElementsAre(name + "/" + name));
}

TEST_F(WalkTest, HiddenEntriesAreReportedOnceAndNotEntered) {
  for (const char* path : {".file", ".dir/a", ".dir/b", "sub/.file", "seen", "..."}) {
    directory_.write_file(path, "");
  }
  directory_.make_link(".link", "seen");
  Walker walker(directory_.path());
  EXPECT_THAT(walker.rest(), ElementsAre("seen"));
  EXPECT_THAT(walker.skipped(SkipReason::kHidden),
              UnorderedElementsAre(".file", ".dir", "sub/.file", ".link", "..."));
  EXPECT_EQ(walker.skipped().size(), 5u);
}

TEST_F(WalkTest, HiddenEntriesAreFilesLikeOthersWhenAskedFor) {
  for (const char* path : {".dir/a", ".file", "seen"}) directory_.write_file(path, "");
  Walker walker(directory_.path(), {.hidden = true});
  EXPECT_THAT(walker.rest(), ElementsAre(".dir/a", ".file", "seen"));
  EXPECT_THAT(walker.skipped(), IsEmpty());
}

TEST_F(WalkTest, LinksAreReportedWhenNotFollowed) {
  directory_.write_file("a/file", "");
  directory_.make_link("to-directory", "a");
  directory_.make_link("to-file", "a/file");
  directory_.make_link("to-nothing", "b");
  Walker walker(directory_.path());
  EXPECT_THAT(walker.rest(), ElementsAre("a/file"));
  EXPECT_THAT(walker.skipped(SkipReason::kSymlink),
              UnorderedElementsAre("to-directory", "to-file", "to-nothing"));
  EXPECT_EQ(walker.skipped().size(), 3u);
}

TEST_F(WalkTest, AFollowedLinkToADirectorySortsAsADirectory) {
  directory_.write_file("target/file", "123");
  directory_.make_link("corpus/b", "../target");
  directory_.make_link("corpus/b-file", "../target/file");
  directory_.write_file("corpus/b.txt", "");
  directory_.write_file("corpus/b0", "");
  Walker walker(directory_.path("corpus"), {.follow_links = true});
  ASSERT_TRUE(walker.next());
  EXPECT_EQ(walker.entry().path, "b-file");
  EXPECT_EQ(walker.size(walker.entry()), 3);
  EXPECT_THAT(walker.rest(), ElementsAre("b.txt", "b/file", "b0"));
  EXPECT_THAT(walker.skipped(), IsEmpty());
}

TEST_F(WalkTest, FollowedLinksThatCloseALoop) {
  directory_.write_file("corpus/a/b/file", "");
  directory_.make_link("corpus/a/b/root", "../..");
  directory_.make_link("corpus/a/b/self", ".");
  directory_.make_link("corpus/outside", "..");
  Walker walker(directory_.path("corpus"), {.follow_links = true});
  EXPECT_THAT(walker.rest(), ElementsAre("a/b/file"));
  EXPECT_THAT(walker.skipped(SkipReason::kLinkLoop),
              UnorderedElementsAre("a/b/root", "a/b/self", "outside/corpus"));
  for (const Skipped& skip : walker.skipped()) {
    EXPECT_EQ(skip.cause, "it leads to a directory that contains it");
  }
}

TEST_F(WalkTest, FollowedLinksThatLeadToNothing) {
  directory_.write_file("file", "");
  directory_.make_link("absent", "nothing");
  directory_.make_link("below-file", "file/x");
  directory_.make_link("itself", "itself");
  Walker walker(directory_.path(), {.follow_links = true});
  EXPECT_THAT(walker.rest(), ElementsAre("file"));
  EXPECT_THAT(walker.skipped(SkipReason::kLinkLoop),
              UnorderedElementsAre("absent", "below-file", "itself"));
  for (const Skipped& skip : walker.skipped()) EXPECT_FALSE(skip.cause.empty()) << skip.path;
}

TEST_F(WalkTest, TheSameDirectoryThroughTwoLinksIsNoLoop) {
  directory_.write_file("target/file", "");
  directory_.make_link("corpus/a", "../target");
  directory_.make_link("corpus/b", "../target");
  Walker walker(directory_.path("corpus"), {.follow_links = true});
  EXPECT_THAT(walker.rest(), ElementsAre("a/file", "b/file"));
}

TEST_F(WalkTest, SpecialFilesAreReportedAndNeverOpened) {
  ASSERT_EQ(::mkfifo(directory_.path("fifo").c_str(), 0600), 0);
  ASSERT_EQ(::mknod(directory_.path("socket").c_str(), S_IFSOCK | 0600, 0), 0);
  directory_.make_link("link", "fifo");
  directory_.make_link("null", "/dev/null");
  Walker walker(directory_.path(), {.follow_links = true});
  EXPECT_THAT(walker.rest(), IsEmpty());
  EXPECT_THAT(walker.skipped(SkipReason::kSpecialFile),
              UnorderedElementsAre("fifo", "link", "null", "socket"));
}

TEST_F(WalkTest, TheExcludedDirectoryIsReportedAndNotEntered) {
  directory_.write_file("a/out/x", "");
  directory_.write_file("b", "");
  struct stat status;
  ASSERT_EQ(::stat(directory_.path("a/out").c_str(), &status), 0);
  Walker walker(directory_.path(),
                {.excluded_device = status.st_dev, .excluded_inode = status.st_ino});
  EXPECT_THAT(walker.rest(), ElementsAre("b"));
  EXPECT_THAT(walker.skipped(SkipReason::kOutputDir), ElementsAre("a/out"));
}

/// Gives up the rights of root for a scope, since nothing is unreadable to it.
class AsNobody {
 public:
  AsNobody() : dropped_(::geteuid() == 0 && ::seteuid(65534) == 0) {}
  ~AsNobody() {
    if (dropped_ && ::seteuid(0) != 0) std::abort();
  }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;

 private:
  bool dropped_;
};

TEST_F(WalkTest, AnUnreadableDirectoryIsReportedAndTheWalkGoesOn) {
  directory_.write_file("a", "");
  directory_.write_file("locked/file", "");
  directory_.write_file("z", "");
  ASSERT_EQ(::chmod(directory_.path().c_str(), 0755), 0);
  ASSERT_EQ(::chmod(directory_.path("locked").c_str(), 0), 0);
  Walker walker(directory_.path());
  const AsNobody nobody;
  if (::geteuid() == 0) GTEST_SKIP() << "root cannot become another user here";
  EXPECT_THAT(walker.rest(), ElementsAre("a", "z"));
  ASSERT_EQ(walker.skipped().size(), 1u);
  EXPECT_EQ(walker.skipped()[0].path, "locked");
  EXPECT_EQ(walker.skipped()[0].reason, SkipReason::kUnreadable);
  EXPECT_EQ(walker.skipped()[0].cause, "Permission denied");
}

TEST_F(WalkTest, FilesOfADirectoryThatMayNotBeSearchedHaveNoStatus) {
  directory_.write_file("sub/a", "");
  directory_.write_file("sub/b/c", "");
  ASSERT_EQ(::chmod(directory_.path().c_str(), 0755), 0);
  ASSERT_EQ(::chmod(directory_.path("sub").c_str(), 0744), 0);
  Walker walker(directory_.path());
  const AsNobody nobody;
  if (::geteuid() == 0) GTEST_SKIP() << "root cannot become another user here";
  struct stat status;
  if (::stat(directory_.path("sub/a").c_str(), &status) == 0) GTEST_SKIP() << "not by its owner";
  ASSERT_TRUE(walker.next());
  EXPECT_EQ(walker.entry().path, "sub/a");
  EXPECT_EQ(walker.size(walker.entry()), -1);
  EXPECT_THAT(walker.rest(), IsEmpty());
  EXPECT_THAT(walker.skipped(SkipReason::kUnreadable), ElementsAre("sub/b"));
}

TEST_F(WalkTest, AnEntryRemovedAfterTheListingHasNoStatus) {
  for (const char* path : {"a", "b", "c/x", "d"}) directory_.write_file(path, "");
  Walker walker(directory_.path());
  ASSERT_TRUE(walker.next());
  ASSERT_EQ(::unlink(directory_.path("b").c_str()), 0);
  std::filesystem::remove_all(directory_.path("c"));
  ASSERT_TRUE(walker.next());
  EXPECT_EQ(walker.entry().path, "b");  // Who opens it finds out.
  EXPECT_EQ(walker.size(walker.entry()), -1);
  EXPECT_THAT(walker.rest(), ElementsAre("d"));
  EXPECT_THAT(walker.skipped(SkipReason::kUnreadable), ElementsAre("c"));
  EXPECT_EQ(walker.skipped()[0].cause, "No such file or directory");
}

TEST_F(WalkTest, ADirectoryThatBecameALinkAfterTheListingIsReported) {
  for (const char* path : {"a", "c/x", "e"}) directory_.write_file(path, "");
  Walker walker(directory_.path());
  ASSERT_TRUE(walker.next());
  std::filesystem::remove_all(directory_.path("c"));
  directory_.make_link("c", "b");
  EXPECT_THAT(walker.rest(), ElementsAre("e"));
  EXPECT_THAT(walker.skipped(SkipReason::kUnreadable), ElementsAre("c"));
}

TEST_F(WalkTest, ALinkThatChangedItsKindAfterTheListingIsToldByWhatItIs) {
  for (const char* path : {"a", "z"}) directory_.write_file(path, "");
  for (const char* link : {"b", "c", "d"}) directory_.make_link(link, "a");
  Walker walker(directory_.path());
  ASSERT_TRUE(walker.next());
  for (const char* link : {"b", "c", "d"}) ASSERT_EQ(::unlink(directory_.path(link).c_str()), 0);
  directory_.write_file("b/x", "");
  directory_.write_file("c", "123");
  EXPECT_THAT(walker.rest(), ElementsAre("c", "z"));
  EXPECT_THAT(walker.skipped(SkipReason::kUnreadable), ElementsAre("b", "d"));
  EXPECT_EQ(walker.skipped()[0].cause, "it became a directory during the walk");
}

TEST_F(WalkTest, WhatOnSkipThrowsPassesThrough) {
  directory_.write_file(".hidden", "");
  Walk walk(directory_.path(), {}, [](auto, auto, auto) { throw std::runtime_error("strict"); });
  WalkEntry entry;
  EXPECT_THROW(walk.next(&entry), std::runtime_error);
}

TEST_F(WalkTest, RunningOutOfDescriptorsIsAnErrorAndNotASkip) {
  directory_.write_file("a/b/file", "");
  Walker walker(directory_.path());
  const int free_fd = ::dup(STDIN_FILENO);
  ASSERT_GE(free_fd, 0);
  ::close(free_fd);
  rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(free_fd);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  try {
    walker.next();
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kIo);
    EXPECT_EQ(error.path(), "a");
  }
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_THAT(walker.skipped(), IsEmpty());
}

TEST_F(WalkTest, ParentsThatMovedAreFoundByTheirNames) {
  for (const char* path : {"a/b/c/file", "a/b/z", "a/z", "z"}) directory_.write_file(path, "");
  Walker walker(directory_.path(), {.max_open_directories = 2});
  ASSERT_TRUE(walker.next());
  ASSERT_EQ(walker.entry().path, "a/b/c/file");
  // The ".." of `b` is the root now, not `a`.
  ASSERT_EQ(::rename(directory_.path("a/b").c_str(), directory_.path("b").c_str()), 0);
  EXPECT_THAT(walker.rest(), ElementsAre("a/b/z", "a/z", "z"));
  EXPECT_THAT(walker.skipped(), IsEmpty());
}

TEST_F(WalkTest, AParentThatCannotBeFoundAgainIsReported) {
  for (const char* path : {"a/b/c/file", "a/b/z", "a/z", "z"}) directory_.write_file(path, "");
  Walker walker(directory_.path(), {.max_open_directories = 2});
  ASSERT_TRUE(walker.next());
  ASSERT_EQ(::rename(directory_.path("a/b").c_str(), directory_.path("b").c_str()), 0);
  ASSERT_EQ(::rename(directory_.path("a").c_str(), directory_.path("moved").c_str()), 0);
  directory_.write_file("a/z", "another directory of the same name");
  EXPECT_THAT(walker.rest(), ElementsAre("a/b/z", "z"));
  ASSERT_EQ(walker.skipped().size(), 1u);
  EXPECT_EQ(walker.skipped()[0].path, "a");
  EXPECT_EQ(walker.skipped()[0].cause, "it was moved during the walk");
}

TEST_F(WalkTest, ParentsOfFollowedLinksAreReopenedByName) {
  // Each level is entered by a link whose ".." is elsewhere.
  std::string level = "corpus";
  Paths expected;
  std::string relative;
  for (int i = 0; i < 12; ++i) {
    const std::string target = "target" + std::to_string(i);
    directory_.write_file(level + "/a", "");
    directory_.write_file(level + "/z", "");
    expected.push_back(relative + "a");
    expected.push_back(relative + "z");
    directory_.make_link(level + "/link", directory_.path(target));
    directory_.make_directory(target);
    level = target;
    relative += "link/";
  }
  std::sort(expected.begin(), expected.end());
  for (const std::size_t max_open : {2u, 3u, 5u, 64u}) {
    Walker walker(directory_.path("corpus"),
                  {.follow_links = true, .max_open_directories = max_open});
    EXPECT_TRUE(walker.rest() == expected);
    EXPECT_THAT(walker.skipped(), IsEmpty());
  }
}

TEST(WalkDeep, TenThousandLevelsWithAHandfulOfDescriptors) {
  constexpr int kDepth = 10'000;
  const testing::TemporaryDirectory directory(testing::TemporaryDirectory::memory_base());
  Paths expected;
  std::string relative;
  int fd = ::open(directory.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (int depth = 0; depth < kDepth; ++depth) {
    ASSERT_GE(fd, 0);
    if (depth % 500 == 0 || depth == kDepth - 1) {
      for (const char* name : {"a", "z"}) {
        const int file = ::openat(fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        ASSERT_GE(file, 0);
        ::close(file);
        expected.push_back(relative + name);
      }
    }
    ASSERT_EQ(::mkdirat(fd, "dd", 0700), 0);
    const int child = ::openat(fd, "dd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ::close(fd);
    fd = child;
    relative += "dd/";
  }
  ::close(fd);
  std::sort(expected.begin(), expected.end());

  const std::size_t num_before = num_open_descriptors();
  for (const std::size_t max_open : {2u, 64u}) {
    Walker walker(directory.path(),
                  {.memory_bytes = kLeastMemory, .max_open_directories = max_open});
    Paths paths;
    std::size_t most_open = 0;
    while (walker.next()) {
      paths.push_back(walker.entry().path);
      most_open = std::max(most_open, num_open_descriptors());
    }
    EXPECT_TRUE(paths == expected);
    EXPECT_THAT(walker.skipped(), IsEmpty());
    EXPECT_LE(most_open, num_before + max_open);
  }
}

/// A tree whose names share prefixes and hold the bytes that sort around '.' and '/'.
void make_random_tree(testing::TemporaryDirectory& directory, testing::Random& random,
                      const std::string& relative, int levels) {
  const auto below = [&](std::size_t bound) { return testing::random_below(random, bound); };
  const std::size_t num_entries = below(3) == 0 ? 200 + below(300) : below(12);
  const std::size_t longest = below(2) == 0 ? 6 : 200;
  std::size_t num_directories = 0;
  for (std::size_t i = 0; i < num_entries; ++i) {
    std::string name(1 + below(longest), 'a');
    for (char& c : name) c = "aab.-0\n\x1b\xff\xc3"[below(10)];
    if (name == "." || name == "..") continue;
    const std::string path = relative + name;
    if (std::filesystem::exists(directory.path(path))) continue;
    if (levels > 0 && num_directories < 4 && below(4) == 0) {
      ++num_directories;
      directory.make_directory(path);
      make_random_tree(directory, random, path + "/", levels - 1);
    } else {
      directory.write_file(path, "");
    }
  }
}

TEST(WalkProperty, RandomTreesInLittleMemoryAgreeWithTheStandardLibrary) {
  const std::uint64_t seed = testing::test_seed();
  SCOPED_TRACE("SPIMI_TEST_SEED=" + std::to_string(seed));
  testing::Random random(seed);
  for (int round = 0; round < 8; ++round) {
    testing::TemporaryDirectory directory(testing::TemporaryDirectory::memory_base());
    make_random_tree(directory, random, "", 4);
    const Paths expected = files_below(directory.path());
    for (const std::size_t memory_bytes : {kLeastMemory, WalkOptions().memory_bytes}) {
      Walker walker(directory.path(),
                    {.hidden = true, .memory_bytes = memory_bytes, .max_open_directories = 2});
      ASSERT_TRUE(walker.rest() == expected);
      ASSERT_THAT(walker.skipped(), IsEmpty());
    }
  }
}

TEST_F(WalkTest, ADirectoryThatIsReadForManyWindowsReportsEachSkipOnce) {
  // 32 KiB hold a few hundred names; every level has more, so parents' windows are dropped too.
  std::size_t num_hidden = 0;
  std::string relative;
  for (int depth = 0; depth < 4; ++depth) {
    for (int i = 0; i < 600; ++i) {
      std::string file = relative;
      file += i % 3 == 0 ? ".hidden-file-" : "ordinary-file-";
      directory_.write_file(file += std::to_string(i), "");
      if (i % 3 == 0) ++num_hidden;
    }
    directory_.make_link(relative + "link", "nowhere");
    relative += "ordinary-file-3000/";
  }
  Walker walker(directory_.path(), {.memory_bytes = kLeastMemory});
  Paths expected = files_below(directory_.path());
  std::erase_if(expected, [](const std::string& path) {
    return path.starts_with(".") || path.find("/.") != std::string::npos;
  });
  EXPECT_TRUE(walker.rest() == expected);
  EXPECT_EQ(walker.skipped(SkipReason::kHidden).size(), num_hidden);
  EXPECT_EQ(walker.skipped(SkipReason::kSymlink).size(), 4u);
  EXPECT_EQ(walker.skipped().size(), num_hidden + 4);
}

}  // namespace
}  // namespace spimi
