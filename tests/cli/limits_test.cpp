// The program where resources are short: sizes of files, descriptors, memory, threads, disk.

#include <gmock/gmock.h>
#include <grp.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "cli/faulty_run.h"

namespace spimi::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr uid_t kNobody = 65534;

class LimitsTest : public FaultyRunTest {
 protected:
  LimitsTest() {
    write_words("old", 1, 100);
    write_words("corpus", 7, 12000);
    EXPECT_EQ(run({"build", "-q", "old", "out"}).exit_code, 0);
    old_id_ = whole_index("out");
    EXPECT_EQ(run({"build", "-q", "corpus", "reference"}).exit_code, 0);
    new_id_ = whole_index("reference");
  }

  static std::function<void()> limit(int resource, rlim_t value) {
    return [=] {
      const rlimit both{value, value};
      ::setrlimit(static_cast<__rlimit_resource>(resource), &both);
    };
  }

  std::vector<std::string> build_command() const {
    return {"build", "-q", "--force", "-j", "2", "-m", "17M", "corpus", "out"};
  }

  /// Done, or refused with a message, and then the old index is there still.
  void expect_done_or_refused(const RunResult& result) {
    ASSERT_THAT(result.exit_code, AnyOf(0, 4)) << result.err << " signal " << result.signal;
    if (result.exit_code == 0) {
      EXPECT_EQ(whole_index("out"), new_id_);
    } else {
      EXPECT_THAT(result.err, HasSubstr("spimi: "));
      EXPECT_EQ(whole_index("out"), old_id_);
    }
  }

  /// Makes the files of this test those of nobody, whom root then runs the program as. False where
  /// this is not root, and so the limits hold anyway.
  bool give_to_nobody() const {
    if (::geteuid() != 0) return false;
    EXPECT_EQ(::chown(directory_.path().c_str(), kNobody, kNobody), 0);
    for (const auto& entry : fs::recursive_directory_iterator(directory_.path())) {
      EXPECT_EQ(::lchown(entry.path().c_str(), kNobody, kNobody), 0);
    }
    return true;
  }
  static void become_nobody() {
    if (::geteuid() != 0) return;
    if (::setgroups(0, nullptr) != 0 || ::setresgid(kNobody, kNobody, kNobody) != 0 ||
        ::setresuid(kNobody, kNobody, kNobody) != 0) {
      ::_exit(126);
    }
  }
  /// Whether the program can be run by nobody at all.
  bool nobody_can_run() const {
    RunOptions options;
    options.in_child = become_nobody;
    return run({"--version"}, options).exit_code == 0;
  }

  std::string old_id_, new_id_;
};

TEST_F(LimitsTest, SizeOfFiles) {
  int num_refused = 0;
  for (rlim_t size = 0; size < 8 * kMiB; size = size == 0 ? 4096 : size * 4) {
    SCOPED_TRACE(size);
    RunOptions options;
    options.in_child = limit(RLIMIT_FSIZE, size);
    const RunResult result = run(build_command(), options);
    expect_done_or_refused(result);
    num_refused += result.exit_code != 0;
    if (result.exit_code != 0) {
      EXPECT_THAT(result.err, HasSubstr("File too large"));
    }
  }
  EXPECT_GT(num_refused, 1);
  std::vector<std::string> resume = build_command();
  resume.push_back("--resume");
  EXPECT_EQ(run(resume).exit_code, 0);
  EXPECT_EQ(whole_index("out"), new_id_);
}

TEST_F(LimitsTest, Descriptors) {
  for (rlim_t files = 4; files <= 48; files += files < 20 ? 2 : 7) {
    SCOPED_TRACE(files);
    RunOptions options;
    options.in_child = limit(RLIMIT_NOFILE, files);
    const RunResult result = run(build_command(), options);
    // Below eight not even the shared libraries are found.
    if (result.exit_code == 127 && files < 8) continue;
    expect_done_or_refused(result);
    if (files >= 32) {
      EXPECT_EQ(result.exit_code, 0) << result.err;
    }
  }
}

TEST_F(LimitsTest, AddressSpace) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer needs more address space than there is";
  bool done = false;
  for (rlim_t size = 24 * kMiB; size <= 512 * kMiB; size += size / 4) {
    SCOPED_TRACE(size);
    RunOptions options;
    options.in_child = limit(RLIMIT_AS, size);
    const RunResult result = run(build_command(), options);
    if (result.exit_code == 127) continue;  // Not enough for the shared libraries.
    expect_done_or_refused(result);
    done = result.exit_code == 0;
    EXPECT_EQ(run({"build", "-q", "--force", "old", "out"}).exit_code, 0);
  }
  EXPECT_TRUE(done);
}

TEST_F(LimitsTest, NoNewThreads) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer starts threads of its own";
  if (give_to_nobody() && !nobody_can_run()) GTEST_SKIP() << "nobody cannot run the program here";
  RunOptions options;
  options.in_child = [] {
    become_nobody();
    limit(RLIMIT_NPROC, 0)();
  };
  const RunResult result = run(build_command(), options);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(whole_index("out"), new_id_);
}

// Memory of the kind that a container has: at the limit the process is killed, not told.
TEST_F(LimitsTest, MemoryOfAControlGroup) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer takes memory of its own";
  const std::string root = "/sys/fs/cgroup/memory/spimi-test-" + std::to_string(::getpid());
  const bool version_1 = fs::exists("/sys/fs/cgroup/memory/memory.limit_in_bytes");
  if (!version_1 || ::mkdir(root.c_str(), 0700) != 0) {
    GTEST_SKIP() << "no control group of memory can be made here";
  }
  const auto write = [](const std::string& file, const std::string& text) {
    std::ofstream(file) << text << std::flush;
  };
  // The budget and 16 MiB.
  write(root + "/memory.limit_in_bytes", std::to_string(33 * kMiB));
  RunOptions options;
  options.in_child = [&] { write(root + "/cgroup.procs", std::to_string(::getpid())); };
  const RunResult result = run(build_command(), options);
  EXPECT_EQ(result.exit_code, 0) << result.err << " signal " << result.signal;
  EXPECT_EQ(whole_index("out"), new_id_);
  for (int i = 0; i < 100 && ::rmdir(root.c_str()) != 0; ++i) ::usleep(10000);
}

/// A file system in memory, of so many MiB, until the end of its scope.
class SmallDisk {
 public:
  SmallDisk(std::string path, int mebibytes) : path_(std::move(path)) {
    is_mounted_ = mount(mebibytes, 0);
  }
  ~SmallDisk() {
    if (is_mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  bool is_mounted() const { return is_mounted_; }
  bool resize(int mebibytes) { return mount(mebibytes, MS_REMOUNT); }
  bool make_read_only() { return mount(1, MS_REMOUNT | MS_RDONLY); }

 private:
  bool mount(int mebibytes, unsigned long flags) {
    return ::mount("tmpfs", path_.c_str(), "tmpfs", flags,
                   ("size=" + std::to_string(mebibytes) + "m").c_str()) == 0;
  }
  const std::string path_;
  bool is_mounted_ = false;
};

TEST_F(LimitsTest, FullDisk) {
  SmallDisk disk(directory_.make_directory("disk"), 1);
  if (!disk.is_mounted()) {
    GTEST_SKIP() << "no file system can be mounted: " << std::strerror(errno);
  }
  write_words("corpus", 12, 30000);
  EXPECT_EQ(run({"build", "-q", "--force", "corpus", "reference"}).exit_code, 0);
  new_id_ = whole_index("reference");
  std::vector<std::string> command = {"build", "--json", "-j",     "2",
                                      "-m",    "17M",    "corpus", "disk/out"};
  int num_full = 0;
  for (int size = 1; size <= 64; size *= 2) {
    SCOPED_TRACE(size);
    ASSERT_TRUE(disk.resize(size));
    const RunResult result = run(command);
    if (result.exit_code == 0) {
      EXPECT_THAT(result.out, Not(HasSubstr("\"num_resumed_docs\":0,")));
      break;
    }
    EXPECT_EQ(result.exit_code, 4) << result.err;
    EXPECT_THAT(result.err, AnyOf(HasSubstr("--resume"), HasSubstr("spimi merge")));
    EXPECT_THAT(result.err, AllOf(HasSubstr("No space left on device"), HasSubstr("are needed"),
                                  HasSubstr("tmpfs ("), HasSubstr(" free")));
    ++num_full;
    // From then on it goes on from where the disk was full.
    if (num_full == 1) command.push_back("--resume");
  }
  EXPECT_GT(num_full, 1);
  EXPECT_EQ(whole_index("disk/out"), new_id_);
}

TEST_F(LimitsTest, ReadOnlyDiskIsRefused) {
  SmallDisk disk(directory_.make_directory("disk"), 1);
  if (!disk.is_mounted()) {
    GTEST_SKIP() << "no file system can be mounted: " << std::strerror(errno);
  }
  EXPECT_EQ(run({"build", "-q", "old", "disk/out"}).exit_code, 0);
  ASSERT_TRUE(disk.make_read_only());
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"build", "--force", "corpus", "disk/out"},
        {"build", "corpus", "disk/new"},
        {"build", "--tmp-dir", "disk", "corpus", "new"},
        {"merge", "--force", "out", "-o", "disk/out"}}) {
    const RunResult result = run(command);
    EXPECT_EQ(result.exit_code, 4);
    EXPECT_THAT(result.err, HasSubstr("Read-only file system"));
    EXPECT_EQ(whole_index("disk/out"), old_id_);
    EXPECT_FALSE(fs::exists(path("new")));
  }
}

TEST_F(LimitsTest, DiskThatIsTooSmallIsToldBeforeTheWork) {
  const SmallDisk disk(directory_.make_directory("disk"), 1);
  if (!disk.is_mounted()) {
    GTEST_SKIP() << "no file system can be mounted: " << std::strerror(errno);
  }
  write_words("large", 12, 100000);
  for (const std::vector<std::string>& where :
       {std::vector<std::string>{"disk/out"}, {"--tmp-dir", "disk", "out2"}}) {
    std::vector<std::string> command = {"build", "-q", "large"};
    command.insert(command.end(), where.begin(), where.end());
    const RunResult result = run(command);
    EXPECT_EQ(result.exit_code, 4);
    EXPECT_THAT(result.err, AllOf(HasSubstr("too little space"), HasSubstr("tmpfs (")));
    EXPECT_FALSE(fs::exists(path(where.back())));
    EXPECT_TRUE(fs::is_empty(path("disk")));
  }
  ASSERT_EQ(run({"build", "-q", "large", "whole"}).exit_code, 0);
  for (const std::vector<std::string>& where :
       {std::vector<std::string>{"-o", "disk/out"}, {"-o", "out2", "--tmp-dir", "disk"}}) {
    std::vector<std::string> command = {"merge", "-q", "whole"};
    command.insert(command.end(), where.begin(), where.end());
    const RunResult result = run(command);
    EXPECT_EQ(result.exit_code, 4);
    EXPECT_THAT(result.err, AllOf(HasSubstr("too little space"), HasSubstr("tmpfs (")));
    EXPECT_FALSE(fs::exists(path(where[1])));
    EXPECT_TRUE(fs::is_empty(path("disk")));
  }
  // Neither holes nor binary files make an index large.
  directory_.write_file("sparse/text", "some words");
  ASSERT_EQ(::truncate(path("sparse/text").c_str(), off_t{1} << 26), 0);
  directory_.write_file("sparse/binary", std::string(std::size_t{20} << 20, '\0'));
  EXPECT_EQ(run({"build", "-q", "sparse", "disk/out"}).exit_code, 0);
}

TEST_F(LimitsTest, RunsGoElsewhere) {
  directory_.make_directory("elsewhere");
  std::vector<std::string> command = build_command();
  command.insert(command.end(), {"--tmp-dir", "elsewhere"});
  EXPECT_EQ(run(command).exit_code, 0);
  EXPECT_EQ(whole_index("out"), new_id_);
  EXPECT_TRUE(fs::is_empty(path("elsewhere")));
  command.push_back("--no-merge");
  EXPECT_EQ(run(command).exit_code, 0);
  EXPECT_FALSE(fs::is_empty(path("elsewhere")));
  EXPECT_EQ(run({"merge", "-q", "out"}).exit_code, 0);
  EXPECT_TRUE(fs::is_empty(path("elsewhere")));
  EXPECT_EQ(run({"merge", "-q", "out", "-o", "joined", "--tmp-dir", "elsewhere"}).exit_code, 0);
  EXPECT_EQ(whole_index("joined"), new_id_);
  EXPECT_TRUE(fs::is_empty(path("elsewhere")));
  EXPECT_EQ(run({"merge", "-q", "out", "--tmp-dir", "elsewhere"}).exit_code, 2);
  // What it left there goes with the next build.
  EXPECT_EQ(run(command).exit_code, 0);
  EXPECT_EQ(run(build_command()).exit_code, 0);
  EXPECT_TRUE(fs::is_empty(path("elsewhere")));
}

TEST_F(LimitsTest, UnreadableFilesAndFolders) {
  if (give_to_nobody() && !nobody_can_run()) GTEST_SKIP() << "nobody cannot run the program here";
  directory_.write_file("corpus/secret", "secret words");
  directory_.write_file("corpus/folder/in", "more of them");
  ASSERT_EQ(::chmod(path("corpus/secret").c_str(), 0), 0);
  ASSERT_EQ(::chmod(path("corpus/folder").c_str(), 0), 0);
  RunOptions options;
  options.in_child = become_nobody;
  std::vector<std::string> command = build_command();
  command.insert(command.end(), {"--report", "report"});
  const RunResult result = run(command, options);
  ::chmod(path("corpus/folder").c_str(), 0700);
  EXPECT_EQ(result.exit_code, 3) << result.err;
  EXPECT_THAT(result.err, HasSubstr("secret: Permission denied"));
  EXPECT_THAT(result.err, HasSubstr("folder: Permission denied"));
  const std::string report = directory_.read_file("report");
  EXPECT_THAT(report, HasSubstr("\"secret\""));
  EXPECT_THAT(report, HasSubstr("\"folder\""));
  // All else is indexed.
  EXPECT_EQ(whole_index("out"), new_id_);
}

}  // namespace
}  // namespace spimi::testing
