// Every system call of a build fails once, and every one from the n-th on: the index in the output
// directory is the old one or the new one, whole, and --resume ends with the bytes of a build in
// which nothing failed.

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "fault/faulty_build.h"
#include "spimi/index.h"

namespace spimi::testing {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

class FailNthOf : public FailNth {
 public:
  FailNthOf(std::set<CallKind> kinds, std::uint64_t nth, int error, bool for_ever)
      : FailNth(nth, error, for_ever), kinds_(std::move(kinds)) {}
  bool counts(const SystemCall& call) const override { return kinds_.contains(call.kind); }

 private:
  const std::set<CallKind> kinds_;
};

const std::set<CallKind> kFileCalls = {
    CallKind::kOpen,   CallKind::kClose,    CallKind::kRead,          CallKind::kWrite,
    CallKind::kList,   CallKind::kStatus,   CallKind::kLock,          CallKind::kSync,
    CallKind::kAdvice, CallKind::kTruncate, CallKind::kMakeDirectory, CallKind::kRemove,
    CallKind::kRename, CallKind::kMap};
const std::set<CallKind> kSpaceCalls = {CallKind::kWrite, CallKind::kMakeDirectory,
                                        CallKind::kRename, CallKind::kTruncate};

class IoFailureTest : public FaultyBuildTest {
 protected:
  // The number of calls of these kinds that `work` makes when none fails.
  std::uint64_t count(const std::set<CallKind>& kinds, const std::function<void()>& work) {
    FailNthOf none(kinds, 0, 0, false);
    const UseRule use(none);
    work();
    return none.num_calls();
  }

  // What must hold after a build in which a call failed.
  void expect_sound(const BuildOutcome& outcome, const FailNth& rule) {
    ASSERT_GT(rule.num_failed(), 0u);
    const SystemCall& failed = rule.failed();
    SCOPED_TRACE("call of kind " + std::to_string(static_cast<int>(failed.kind)) + " about " +
                 failed.path);
    EXPECT_EQ(num_open_descriptors(), 0u);
    EXPECT_FALSE(outcome.out_of_memory);
    if (outcome.summary) {
      expect_index_without(outcome.unreadable, failed);
      return;
    }
    ASSERT_TRUE(outcome.error.has_value());
    SCOPED_TRACE(outcome.error->what());
    EXPECT_EQ(outcome.error->kind(), ErrorKind::kIo);
    EXPECT_FALSE(outcome.error->path().empty());
    if (failed.kind == CallKind::kWrite) {
      EXPECT_EQ(outcome.error->path(), failed.path);
      EXPECT_EQ(outcome.error->offset(), failed.offset);
    }
    // Only behind the manifest's rename it is the new one: fsync of the directory may fail then.
    EXPECT_TRUE(has_old_index() || has_new_index(outcome.unreadable));
  }

  // A directory of which the listing failed at its end is reported, with all of its files known.
  void expect_index_without(std::set<std::string> unreadable, const SystemCall& failed) {
    if (failed.kind == CallKind::kList && has_new_index()) unreadable.clear();
    expect_new_index(unreadable);
  }

  void expect_resumes(const SystemCall& failed) {
    const BuildOutcome outcome = build_now(true);
    if (outcome.error) FAIL() << outcome.error->what();
    expect_index_without(outcome.unreadable, failed);
    EXPECT_FALSE(std::filesystem::exists(out() + "/staging"));
  }

  void fail_each(const std::set<CallKind>& kinds, int error, bool for_ever) {
    reset();
    const std::uint64_t num_calls = count(kinds, [this] { build_now(); });
    ASSERT_GT(num_calls, 0u);
    for (const std::uint64_t n : calls_to_fail(num_calls)) {
      SCOPED_TRACE(::testing::Message() << "n " << n << " of " << num_calls);
      reset();
      FailNthOf rule(kinds, n, error, for_ever);
      BuildOutcome outcome;
      {
        const UseRule use(rule);
        outcome = build_now();
      }
      expect_sound(outcome, rule);
      expect_resumes(rule.failed());
      if (HasFatalFailure() || HasFailure()) return;
    }
  }
};

TEST_F(IoFailureTest, EachCallFailsOnce) {
  use_corpus_of_several_runs();
  fail_each(kFileCalls, EIO, false);
}

// What is on the disk then is what a kill before the n-th call leaves.
TEST_F(IoFailureTest, EachCallAndAllBehindItFail) {
  use_corpus_of_several_runs();
  fail_each(kFileCalls, EIO, true);
}

TEST_F(IoFailureTest, EachCallFailsWhileRunsGoElsewhere) {
  use_small_corpus();
  options_.temporary_directory = directory_.make_directory("elsewhere");
  for (const bool for_ever : {false, true}) fail_each(kFileCalls, EIO, for_ever);
  build_now();
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path("elsewhere")));
}

TEST_F(IoFailureTest, DiskIsFullFromEachCallOn) {
  use_corpus_of_several_runs();
  for (const int error : {ENOSPC, EDQUOT}) fail_each(kSpaceCalls, error, true);
}

TEST_F(IoFailureTest, DiskIsFullForOneCall) {
  use_corpus_of_several_runs();
  fail_each(kSpaceCalls, ENOSPC, false);
}

TEST_F(IoFailureTest, DescriptorsRunOut) {
  use_corpus_of_several_runs();
  for (const bool for_ever : {false, true}) fail_each({CallKind::kOpen}, EMFILE, for_ever);
}

// Ends the process before its n-th call, or behind it.
class ExitAtNth : public FailNth {
 public:
  ExitAtNth(std::uint64_t nth, bool behind) : FailNth(nth, 1, false), behind_(behind) {}
  int fail(const SystemCall& call) override {
    if (FailNth::fail(call) != 0 && !behind_) ::_exit(0);
    return 0;
  }
  void made(const SystemCall&, std::size_t) override {
    if (num_failed() > 0) ::_exit(0);
  }

 private:
  const bool behind_;
};

TEST_F(IoFailureTest, ProcessEndsBeforeAndBehindEachCall) {
  use_small_corpus();
  reset();
  const std::uint64_t num_calls = count(kFileCalls, [this] { build_now(); });
  bool committed = false;
  for (const std::uint64_t n : calls_to_fail(num_calls)) {
    for (const bool behind : {false, true}) {
      SCOPED_TRACE(::testing::Message()
                   << "call " << n << " of " << num_calls << ", behind: " << behind);
      reset();
      const pid_t child = ::fork();
      ASSERT_GE(child, 0);
      if (child == 0) {
        ExitAtNth rule(n, behind);
        const UseRule use(rule);
        build_now();
        ::_exit(1);
      }
      int status = 0;
      ASSERT_EQ(::waitpid(child, &status, 0), child);
      ASSERT_EQ(status, 0);
      // Once it is the new one, it stays.
      committed = committed || has_new_index();
      EXPECT_TRUE(committed ? has_new_index() : has_old_index());
      const BuildOutcome outcome = build_now(true);
      if (outcome.error) FAIL() << outcome.error->what();
      expect_new_index();
      if (HasFailure()) return;
    }
  }
  EXPECT_TRUE(committed);
}

// Fails a call about a file of a segment, as if it had just been removed; meanwhile the same index
// was built again.
class ReplaceAtNth : public FailNth {
 public:
  ReplaceAtNth(std::string out, std::uint64_t nth) : FailNth(nth, ENOENT, false), out_(out) {}
  bool counts(const SystemCall& call) const override {
    return call.path.find("/segment-") != std::string::npos && call.kind == CallKind::kOpen;
  }
  int fail(const SystemCall& call) override {
    const int error = FailNth::fail(call);
    if (error != 0 && replaces) {
      std::filesystem::copy_file(out_ + "/manifest", out_ + "/manifest.tmp");
      std::filesystem::rename(out_ + "/manifest.tmp", out_ + "/manifest");
    }
    return error;
  }
  bool replaces = true;

 private:
  const std::string out_;
};

TEST_F(IoFailureTest, IndexThatIsBuiltAgainWhileItIsOpened) {
  use_small_corpus();
  reset();
  ASSERT_TRUE(build_now().summary.has_value());
  ReplaceAtNth none(out(), 0);
  {
    const UseRule use(none);
    Index::open(out());
  }
  ASSERT_GT(none.num_calls(), 5u);
  for (std::uint64_t n = 1; n <= none.num_calls(); ++n) {
    SCOPED_TRACE(n);
    ReplaceAtNth rule(out(), n);
    const UseRule use(rule);
    EXPECT_NO_THROW(Index::open(out()));
    EXPECT_EQ(rule.num_failed(), 1u);
  }
  ReplaceAtNth gone(out(), 1);
  gone.replaces = false;
  const UseRule use(gone);
  EXPECT_THROW(Index::open(out()), Error);
}

// In passes, so that runs are merged, and given up, before the index is there.
TEST_F(IoFailureTest, EachCallOfAMergeFails) {
  use_corpus_of_several_runs();
  reset();
  options_.merge = false;
  ASSERT_GE(build_now().summary->num_runs, 4u);
  options_.merge = true;
  const auto sealed = files_below(out());
  MergeOptions merge;
  merge.num_threads = 2;
  merge.max_fan_in = 2;
  const std::uint64_t num_calls = count(kFileCalls, [&] { merge_runs(out(), merge); });
  expect_new_index();
  for (const bool for_ever : {false, true}) {
    for (const std::uint64_t n : calls_to_fail(num_calls)) {
      SCOPED_TRACE(::testing::Message()
                   << "n " << n << " of " << num_calls << ", for ever " << for_ever);
      std::filesystem::remove_all(out());
      write_files(sealed, out());
      FailNthOf rule(kFileCalls, n, EIO, for_ever);
      bool done = false;
      try {
        const UseRule use(rule);
        merge_runs(out(), merge);
        done = true;
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kIo) << error.what();
        EXPECT_FALSE(error.path().empty()) << error.what();
      }
      EXPECT_EQ(num_open_descriptors(), 0u);
      ASSERT_TRUE(has_new_index() || (!done && has_old_index()));
      if (std::filesystem::exists(out() + "/staging/runs")) {
        ASSERT_NO_THROW(merge_runs(out(), merge));
      } else {
        EXPECT_TRUE(has_new_index());
      }
      expect_new_index();
      if (HasFailure()) return;
    }
  }
}

TEST_F(IoFailureTest, EachCallOfJoiningIndexesFails) {
  use_small_corpus();
  reset();
  ASSERT_TRUE(build_now().summary.has_value());
  const auto input = files_below(out());
  const std::vector<std::filesystem::path> inputs = {out(), out()};
  const std::string joined = directory_.path("joined");
  std::map<std::string, std::string> expected;
  const std::uint64_t num_calls = count(kFileCalls, [&] {
    merge_indexes(inputs, joined);
    expected = files_below(joined);
  });
  for (const bool for_ever : {false, true}) {
    for (const std::uint64_t n : calls_to_fail(num_calls)) {
      SCOPED_TRACE(::testing::Message() << "n " << n << " of " << num_calls);
      std::filesystem::remove_all(joined);
      FailNthOf rule(kFileCalls, n, EIO, for_ever);
      bool done = false;
      try {
        const UseRule use(rule);
        merge_indexes(inputs, joined);
        done = true;
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kIo) << error.what();
      }
      EXPECT_EQ(num_open_descriptors(), 0u);
      expect_same_files(files_below(out()), input);
      auto files = done ? files_below(joined) : expected;
      // What could not be removed behind the commit takes space, no more.
      std::erase_if(files, [](const auto& file) { return file.first.starts_with("staging/"); });
      expect_same_files(files, expected);
      MergeOptions again;
      again.replace = true;
      ASSERT_NO_THROW(merge_indexes(inputs, joined, again));
      expect_same_files(files_below(joined), expected);
      if (HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace spimi::testing
