#include "indexer/output_directory.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "indexer/corpora.h"
#include "spimi/build.h"
#include "spimi/index.h"
#include "support/temporary_directory.h"

namespace spimi::testing {
namespace {

namespace fs = std::filesystem;

class OutputDirectoryTest : public ::testing::Test {
 protected:
  OutputDirectoryTest() {
    options_.num_threads = 1;
    options_.memory_budget_bytes = std::uint64_t{64} << 20;
    write_corpus({{"a", "some words"}}, corpus());
  }

  std::string corpus() const { return directory_.path("corpus"); }
  std::string out() const { return directory_.path("out"); }

  ErrorKind build_error() {
    return error_kind([&] { build(corpus(), out(), options_); });
  }

  TemporaryDirectory directory_;
  BuildOptions options_;
};

TEST_F(OutputDirectoryTest, ForeignFileIsRefusedAndUntouched) {
  for (const bool replace : {false, true}) {
    options_.replace = replace;
    for (const std::string name : {"notes.txt", "manifest", "segment-1", "Lock", "staging.old"}) {
      SCOPED_TRACE(name);
      fs::remove_all(out());
      directory_.write_file("out/" + name, "not an index of ours");
      EXPECT_EQ(build_error(), ErrorKind::kUsage);
      EXPECT_EQ(directory_.read_file("out/" + name), "not an index of ours");
      EXPECT_EQ(files_below(out()).size(), 1u);
      EXPECT_FALSE(fs::exists(out() + "/lock"));
    }
  }
}

TEST_F(OutputDirectoryTest, ForeignFileBesideAnIndexIsRefused) {
  build(corpus(), out(), options_);
  directory_.write_file("out/notes.txt", "mine");
  options_.replace = true;
  const auto before = files_below(out());
  EXPECT_EQ(build_error(), ErrorKind::kUsage);
  expect_same_files(files_below(out()), before);
}

TEST_F(OutputDirectoryTest, ForeignFileInStagingIsRefusedAndUntouched) {
  directory_.write_file("out/staging/notes.txt", "mine");
  EXPECT_EQ(build_error(), ErrorKind::kUsage);
  EXPECT_EQ(directory_.read_file("out/staging/notes.txt"), "mine");
}

TEST_F(OutputDirectoryTest, ForeignFileOfANameOfOursIsRefusedAndNothingTouched) {
  for (const std::string name : {"runs", "journal"}) {
    fs::remove_all(out());
    directory_.write_file("out/staging/spill-0", "whoever's");
    directory_.write_file("out/staging/" + name, "mine");
    const auto before = files_below(out());
    EXPECT_EQ(build_error(), ErrorKind::kUsage);
    expect_same_files(files_below(out()), before);
  }
}

TEST_F(OutputDirectoryTest, JournalThatWasNeverWrittenIsOurs) {
  // Killed between two calls, or a crash of the machine.
  for (const std::string& bytes : {std::string(), std::string(3, '\0'), std::string(4096, '\0')}) {
    fs::remove_all(out());
    directory_.write_file("out/staging/journal", bytes);
    EXPECT_EQ(build(corpus(), out(), options_).num_docs, 1u);
    EXPECT_FALSE(fs::exists(out() + "/staging"));
  }
}

TEST_F(OutputDirectoryTest, IndexIsReplacedOnlyOnDemand) {
  build(corpus(), out(), options_);
  const auto before = files_below(out());
  write_corpus({{"a", "other words"}}, corpus());
  EXPECT_EQ(build_error(), ErrorKind::kUsage);
  expect_same_files(files_below(out()), before);

  options_.replace = true;
  build(corpus(), out(), options_);
  expect_same_files(files_below(out()), expected_files({{"a", "other words"}},
                                                       fs::canonical(corpus()).string(), options_));
}

TEST_F(OutputDirectoryTest, IndexOfAnyVersionIsAnIndex) {
  directory_.write_file("out/manifest", "spimi index, format 99\nwhatever");
  EXPECT_EQ(build_error(), ErrorKind::kUsage);
  options_.replace = true;
  EXPECT_EQ(build(corpus(), out(), options_).num_docs, 1u);
}

TEST_F(OutputDirectoryTest, SameContentTakesThePlaceOfDamagedBytes) {
  build(corpus(), out(), options_);
  const auto before = files_below(out());
  const std::string postings = "segment-" + build_id_of(before) + "/postings";
  directory_.write_file("out/" + postings, "damaged");
  options_.replace = true;
  build(corpus(), out(), options_);
  expect_same_files(files_below(out()), before);
}

TEST_F(OutputDirectoryTest, OpenReaderKeepsTheOldIndex) {
  build(corpus(), out(), options_);
  const Index index = Index::open(out());
  write_corpus({{"a", "other words"}}, corpus());
  options_.replace = true;
  build(corpus(), out(), options_);
  EXPECT_TRUE(index.find("some").has_value());
  EXPECT_FALSE(Index::open(out()).find("some").has_value());
}

TEST_F(OutputDirectoryTest, StaleStagingIsRemoved) {
  directory_.write_file("out/staging/spill-0", "left over");
  directory_.write_file("out/staging/spill-3-1", "left over");
  directory_.write_file("out/staging/runs", "spimi runs, format 1\nleft over");
  directory_.write_file("out/staging/journal", "spimi journal, format 1\nleft over");
  directory_.write_file("out/staging/runs.tmp", "left over");
  directory_.write_file("out/staging/segment/postings", "left over");
  directory_.write_file("out/manifest.tmp", "left over");
  build(corpus(), out(), options_);
  auto files = files_below(out());
  files.erase("manifest.tmp");
  expect_same_files(
      files, expected_files({{"a", "some words"}}, fs::canonical(corpus()).string(), options_));
  EXPECT_FALSE(fs::exists(out() + "/staging"));
}

TEST_F(OutputDirectoryTest, SegmentThatWasNeverCommittedIsRemoved) {
  const std::string orphan = "out/segment-" + std::string(32, '0');
  directory_.write_file(orphan + "/postings", "left over");
  build(corpus(), out(), options_);
  EXPECT_FALSE(fs::exists(directory_.path(orphan)));
}

TEST_F(OutputDirectoryTest, LinksAreNotFollowed) {
  directory_.write_file("elsewhere/spill-0", "mine");
  directory_.write_file("elsewhere/postings", "mine");
  directory_.make_link("out/staging", directory_.path("elsewhere"));
  EXPECT_EQ(build_error(), ErrorKind::kUsage);
  fs::remove(out() + "/staging");

  directory_.make_link("out/staging/segment", directory_.path("elsewhere"));
  EXPECT_EQ(build_error(), ErrorKind::kUsage);
  fs::remove_all(out() + "/staging");

  fs::remove(out() + "/lock");
  directory_.make_link("out/lock", directory_.path("elsewhere/new"));
  EXPECT_EQ(build_error(), ErrorKind::kIo);
  fs::remove(out() + "/lock");

  // A link among staged files goes, what it names stays.
  directory_.make_link("out/staging/spill-0", directory_.path("elsewhere/spill-0"));
  directory_.make_link("out/manifest.tmp", directory_.path("elsewhere/spill-0"));
  EXPECT_EQ(build(corpus(), out(), options_).num_docs, 1u);

  EXPECT_EQ(files_below(directory_.path("elsewhere")),
            (Corpus{{"postings", "mine"}, {"spill-0", "mine"}}));
}

TEST_F(OutputDirectoryTest, LinkToADirectoryIsAnOutput) {
  directory_.make_directory("real");
  fs::create_directory_symlink(directory_.path("real"), out());
  build(corpus(), out(), options_);
  EXPECT_TRUE(fs::is_symlink(out()));
  EXPECT_EQ(Index::open(directory_.path("real")).info().num_docs, 1u);
}

TEST_F(OutputDirectoryTest, HeldLockIsRefusedAndTheHolderUndisturbed) {
  build(corpus(), out(), options_);
  const auto before = files_below(out());
  directory_.write_file("out/staging/spill-0", "of the other");
  const int fd = ::open((out() + "/lock").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(::flock(fd, LOCK_EX | LOCK_NB), 0);
  options_.replace = true;
  EXPECT_EQ(build_error(), ErrorKind::kLocked);
  EXPECT_EQ(error_kind([&] { merge_runs(out()); }), ErrorKind::kLocked);
  EXPECT_EQ(directory_.read_file("out/staging/spill-0"), "of the other");
  ::close(fd);
  build(corpus(), out(), options_);
  expect_same_files(files_below(out()), before);
}

TEST_F(OutputDirectoryTest, TwoInOneProcessExcludeEachOther) {
  const OutputDirectory first(out(), true, false);
  EXPECT_EQ(error_kind([&] { OutputDirectory(out(), true, false); }), ErrorKind::kLocked);
  EXPECT_TRUE(fs::exists(out() + "/lock"));
}

TEST_F(OutputDirectoryTest, MissingParentIsAnError) {
  EXPECT_EQ(error_kind([&] { build(corpus(), directory_.path("no/such/out"), options_); }),
            ErrorKind::kIo);
  EXPECT_FALSE(fs::exists(directory_.path("no")));
}

TEST_F(OutputDirectoryTest, FileAsOutputIsRefused) {
  directory_.write_file("out", "a file");
  EXPECT_EQ(build_error(), ErrorKind::kUsage);
  EXPECT_EQ(directory_.read_file("out"), "a file");
}

TEST_F(OutputDirectoryTest, EmptyNameIsRefused) {
  EXPECT_EQ(error_kind([&] { build(corpus(), "", options_); }), ErrorKind::kUsage);
}

TEST_F(OutputDirectoryTest, SlashesAtTheEndAreNoPartOfTheName) {
  build(corpus(), out() + "//", options_);
  EXPECT_EQ(Index::open(out()).info().num_docs, 1u);
}

TEST_F(OutputDirectoryTest, IsRemovedWhenItWasMadeAndNothingCameOfIt) {
  { const OutputDirectory made(out(), true, false); }
  EXPECT_FALSE(fs::exists(out()));

  directory_.make_directory("out");
  { const OutputDirectory found(out(), true, false); }
  EXPECT_TRUE(fs::exists(out()));
}

}  // namespace
}  // namespace spimi::testing
