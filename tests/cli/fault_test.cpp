// Output directories and corpora that are not what they should be.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <string>

#include "cli/faulty_run.h"

namespace spimi::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class OutDirTest : public FaultyRunTest {
 protected:
  OutDirTest() { write_corpus(); }

  /// Every entry below the temporary directory, with what it is and holds.
  std::map<std::string, std::string> everything() const {
    std::map<std::string, std::string> entries;
    for (const auto& entry : fs::recursive_directory_iterator(directory_.path())) {
      const std::string name = entry.path().lexically_relative(directory_.path()).string();
      if (name.starts_with("state")) continue;
      std::string& what = entries[name];
      if (entry.is_symlink()) {
        what = "link to " + fs::read_symlink(entry.path()).string();
      } else if (entry.is_regular_file()) {
        what = "file " + directory_.read_file(name);
      } else {
        what = "other";
      }
    }
    return entries;
  }

  void expect_refused(const std::string& out, int exit_code, const std::string& message) {
    SCOPED_TRACE(out);
    const auto before = everything();
    for (const char* option : {"--force", "--resume", "--no-merge"}) {
      const RunResult result = run({"build", option, "corpus", out});
      EXPECT_EQ(result.exit_code, exit_code) << result.err;
      EXPECT_THAT(result.err, HasSubstr(message));
      EXPECT_EQ(everything(), before);
    }
  }
};

TEST_F(OutDirTest, IsRefusedBeforeTheWorkAndNothingOfItTouched) {
  directory_.write_file("file", "mine");
  expect_refused("file", 2, "is not a directory");
  directory_.make_link("link-to-file", "file");
  expect_refused("link-to-file", 2, "is not a directory");
  directory_.make_link("dangling", "nowhere");
  expect_refused("dangling", 4, "dangling");
  directory_.write_file("foreign/notes", "mine");
  expect_refused("foreign", 2, "notes");
  directory_.make_link("link-to-foreign", "foreign");
  expect_refused("link-to-foreign", 2, "notes");
  directory_.write_file("staged/staging/mine", "mine");
  directory_.write_file("staged/staging/spill-0", "mine");
  {
    // The lock is made before the staging directory is looked at.
    directory_.write_file("staged/lock", "");
    expect_refused("staged", 2, "mine");
  }
  expect_refused("corpus", 2, "corpus itself");
  expect_refused("corpus/", 2, "corpus itself");
  expect_refused("no/such/parent", 4, "No such file");
  expect_refused("/proc/self/out", 4, "cannot make the output directory");
}

TEST_F(OutDirTest, InsideTheCorpusIsLeftOut) {
  const RunResult result = run({"build", "corpus", "corpus/index"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("3 documents"));
  EXPECT_THAT(result.err, HasSubstr("1 output-directory"));
  EXPECT_EQ(run({"build", "--force", "corpus", "corpus/index"}).exit_code, 0);
  EXPECT_EQ(run({"check", "-q", "-i", "corpus/index"}).exit_code, 0);
}

TEST_F(OutDirTest, ReadOnlyIsRefused) {
  // Of the kernel, for root may write into any directory of its own.
  const RunResult result = run({"build", "corpus", "/proc/sys/kernel"});
  EXPECT_NE(result.exit_code, 0);
  if (::geteuid() != 0) {
    directory_.make_directory("sealed");
    ASSERT_EQ(::chmod(path("sealed").c_str(), 0500), 0);
    expect_refused("sealed", 4, "Permission denied");
    ::chmod(path("sealed").c_str(), 0700);
  }
}

TEST_F(OutDirTest, SpecialFilesLinksAndLoopsAreListedAndNeverBlock) {
  ASSERT_EQ(::mkfifo(path("corpus/fifo").c_str(), 0600), 0);
  directory_.make_link("corpus/loop", ".");
  directory_.make_link("corpus/sub/up", "..");
  directory_.make_link("corpus/device", "/dev/zero");
  directory_.make_link("corpus/dangling", "nowhere");
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = directory_.path("corpus/socket");
  ASSERT_LT(name.size(), sizeof(address.sun_path));
  name.copy(address.sun_path, name.size());
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  for (const bool follow : {false, true}) {
    std::vector<std::string> command = {"build",  "--force", "--report",
                                        "report", "corpus",  "index"};
    if (follow) command.push_back("--follow");
    const RunResult result = run(command);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.err, HasSubstr("3 documents"));
    const std::string report = directory_.read_file("report");
    for (const std::string path : {"fifo", "loop", "sub/up", "device", "dangling", "socket"}) {
      EXPECT_THAT(report, HasSubstr("{\"path\":\"" + path + "\""));
    }
  }
  ::close(fd);
}

TEST_F(OutDirTest, FilesOfTwoIndexesMixedAreRefused) {
  build_index();
  const std::string right = run({"query", "-i", "index", "cat"}).out;
  directory_.write_file("corpus/a.txt", "dog dog cat cat cat and mouse\n");
  EXPECT_EQ(run({"build", "-q", "corpus", "other"}).exit_code, 0);
  const auto segment = [&](const std::string& index) {
    for (const auto& entry : fs::directory_iterator(path(index))) {
      if (entry.is_directory()) return entry.path();
    }
    return fs::path();
  };
  for (const auto& entry : fs::directory_iterator(segment("other"))) {
    SCOPED_TRACE(entry.path().filename());
    fs::remove_all(path("mixed"));
    fs::copy(path("index"), path("mixed"), fs::copy_options::recursive);
    fs::copy_file(entry.path(), segment("mixed") / entry.path().filename(),
                  fs::copy_options::overwrite_existing);
    const RunResult check = run({"check", "-i", "mixed"});
    EXPECT_EQ(check.exit_code, 5);
    EXPECT_THAT(check.out + check.err, HasSubstr(entry.path().filename().string()));
    const RunResult query = run({"query", "-i", "mixed", "cat"});
    EXPECT_TRUE(query.exit_code == 5 || query.out == right) << query.out;
  }
  // A manifest that names the other segment.
  fs::remove_all(path("mixed"));
  fs::copy(path("index"), path("mixed"), fs::copy_options::recursive);
  fs::copy_file(path("other/manifest"), path("mixed/manifest"),
                fs::copy_options::overwrite_existing);
  EXPECT_EQ(run({"check", "-i", "mixed"}).exit_code, 5);
  EXPECT_EQ(run({"query", "-i", "mixed", "cat"}).exit_code, 5);
}

TEST_F(OutDirTest, StdoutThatIsFullIsAnErrorAndOneThatIsClosedIsNone) {
  build_index();
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"query", "-i", "index", "cat"},
        {"dump", "-i", "index"},
        {"stats", "-i", "index"},
        {"build", "--json", "--force", "corpus", "index"}}) {
    SCOPED_TRACE(command[0]);
    RunOptions full;
    full.stdout_path = "/dev/full";
    const RunResult result = run(command, full);
    EXPECT_EQ(result.exit_code, 4);
    EXPECT_THAT(result.err, HasSubstr("No space left on device"));
    RunOptions closed;
    closed.close_stdout_reader = true;
    EXPECT_THAT(run(command, closed).err, Not(HasSubstr("spimi: ")));
  }
}

}  // namespace
}  // namespace spimi::testing
