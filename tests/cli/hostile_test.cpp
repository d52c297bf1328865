// The program and corpora that somebody made to break it. With $SPIMI_LARGE set, of the sizes that
// scripts/limits_test.sh asks for.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/faulty_run.h"

namespace spimi::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr std::size_t kMiB = std::size_t{1} << 20;

bool is_large() { return std::getenv("SPIMI_LARGE") != nullptr; }

class HostileTest : public CliTest {
 protected:
  HostileTest()
      : CliTest(is_large() ? TemporaryDirectory::default_base()
                           : TemporaryDirectory::memory_base()) {}

  /// Writes `pattern` again and again, up to `size` bytes.
  void write_pattern(const std::string& file, const std::string& pattern, std::size_t size) const {
    directory_.write_file(file, "");
    std::ofstream out(path(file), std::ios::binary);
    std::string some;
    while (some.size() < kMiB) some += pattern;
    for (std::size_t left = size; left > 0;) {
      const std::size_t n = std::min(left, some.size());
      out.write(some.data(), static_cast<std::streamsize>(n));
      left -= n;
    }
    out.close();
    ASSERT_TRUE(out.good());
  }

  /// The summary of a build within 17 MiB, which has to hold what it promises.
  json build(int exit_code = 0) const {
    const RunResult result =
        run({"build", "--json", "-m", "17M", "-j", "2", "--force", "corpus", "index"});
    EXPECT_EQ(result.exit_code, exit_code) << result.err << result.signal;
    EXPECT_EQ(run({"check", "-q", "-i", "index"}).exit_code, 0);
    json summary = json::parse(result.out, nullptr, false);
    if (!kSanitized) {
      EXPECT_LE(summary.value("peak_memory_bytes", std::uint64_t{0}), 33 * kMiB);
    }
    return summary;
  }
};

TEST_F(HostileTest, OneTokenOfAWholeFile) {
  const std::size_t size = is_large() ? 1024 * kMiB : kSanitized ? 4 * kMiB : 64 * kMiB;
  // Letters; one with very many marks; parts that only what follows decides about; four bytes each.
  for (const char* pattern : {"x", "\u0301", "a'", "\U00010400"}) {
    SCOPED_TRACE(pattern);
    write_pattern("corpus/token", pattern, size);
    directory_.write_file("corpus/word", "word");
    const json summary = build();
    EXPECT_EQ(summary["num_docs"], 2);
    EXPECT_EQ(summary["num_tokens"], 1);
    EXPECT_LE(summary["num_overlong_tokens"], 1);
  }
}

TEST_F(HostileTest, TokensThatAllDiffer) {
  const int num_files = is_large() ? 1000 : 10;
  std::size_t word = 0;
  for (int file = 0; file < num_files; ++file) {
    std::string text;
    for (int i = 0; i < 4000; ++i) {
      const std::string number = std::to_string(word++);
      // The longest that are indexed, which differ at their ends; and short ones.
      text += std::string(255 - number.size(), 'x') + number + " y" + number + " ";
    }
    directory_.write_file("corpus/" + std::to_string(file), text);
  }
  const json summary = build();
  EXPECT_EQ(summary["num_terms"], 2 * word);
  EXPECT_EQ(summary["num_postings"], 2 * word);
}

TEST_F(HostileTest, VeryManyEmptyFiles) {
  const int num_files = is_large() ? 1000000 : kSanitized ? 4000 : 20000;
  const int directory = ::open(directory_.make_directory("corpus").c_str(), O_RDONLY | O_DIRECTORY);
  for (int i = 0; i < num_files; ++i) {
    const int file = ::openat(directory, std::to_string(i).c_str(), O_WRONLY | O_CREAT, 0600);
    ASSERT_GE(file, 0);
    ::close(file);
  }
  ::close(directory);
  const json summary = build();
  EXPECT_EQ(summary["num_docs"], num_files);
  EXPECT_EQ(summary["num_terms"], 0);
}

TEST_F(HostileTest, FoldersDeeperThanAnyPathCanName) {
  // Below each of these depths a file: of a path that the kernel takes, of one that only openat
  // gets to, and of one that is too long even for an index.
  const std::vector<int> depths = {1000, 10000, 17000};
  directory_.make_directory("corpus");
  int fd = ::open(path("corpus").c_str(), O_RDONLY | O_DIRECTORY);
  for (int depth = 1; depth <= depths.back(); ++depth) {
    ASSERT_EQ(::mkdirat(fd, "d", 0700), 0);
    const int child = ::openat(fd, "d", O_RDONLY | O_DIRECTORY);
    ::close(fd);
    fd = child;
    ASSERT_GE(fd, 0);
    if (std::find(depths.begin(), depths.end(), depth) == depths.end()) continue;
    const int file = ::openat(fd, "file", O_WRONLY | O_CREAT, 0600);
    ASSERT_EQ(::write(file, "deep", 4), 4);
    ::close(file);
  }
  ::close(fd);
  // One cannot be indexed, and is told.
  const json summary = build(3);
  EXPECT_EQ(summary["num_docs"], 2);
  EXPECT_EQ(summary["skipped"]["unreadable"], 1);
  const RunResult result = run({"query", "--json", "-i", "index", "deep"});
  EXPECT_EQ(result.exit_code, 0);
  std::string deepest;
  for (int i = 0; i < 10000; ++i) deepest += "d/";
  EXPECT_THAT(result.out, HasSubstr("\"" + deepest + "file\""));
  EXPECT_THAT(run({"build", "-q", "--force", "corpus", "index"}).err,
              HasSubstr("the path is longer than 32767 bytes"));
}

}  // namespace
}  // namespace spimi::testing
