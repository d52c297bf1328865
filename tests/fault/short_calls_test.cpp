// Calls that are interrupted or do less than they were asked to, at random; and a sync or close
// that fails.

#include <gmock/gmock.h>

#include <cerrno>
#include <string>

#include "fault/faulty_build.h"
#include "spimi/index.h"
#include "support/random_text.h"

namespace spimi::testing {
namespace {

class ShortCalls : public SystemCallRule {
 public:
  explicit ShortCalls(Random& random) : random_(random) {}
  int fail(const SystemCall& call) override {
    switch (call.kind) {
      case CallKind::kOpen:
      case CallKind::kRead:
      case CallKind::kWrite:
      case CallKind::kList:
      case CallKind::kLock:
      case CallKind::kTruncate:
        // lseek is no call that waits.
        return !(call.kind == CallKind::kList && call.size == 0) && random_below(random_, 3) == 0
                   ? EINTR
                   : 0;
      default:
        return 0;
    }
  }
  std::size_t shorten(const SystemCall& call) override {
    if (call.kind != CallKind::kRead && call.kind != CallKind::kWrite) return call.size;
    if (random_below(random_, 2) == 0) return call.size;
    ++num_shortened;
    return 1 + random_below(random_, call.size);
  }
  std::uint64_t num_shortened = 0;

 private:
  Random& random_;
};

class ShortCallsTest : public FaultyBuildTest {};

TEST_F(ShortCallsTest, AtRandomChangeNothing) {
  SCOPED_TRACE("SPIMI_TEST_SEED=" + std::to_string(test_seed()));
  use_corpus_of_several_runs();
  Random random(test_seed());
  for (int round = 0; round < 20; ++round) {
    options_.num_threads = 1 + round % 2;
    options_.memory_budget_bytes = minimum_memory_bytes(options_);
    reset();
    ShortCalls rule(random);
    const UseRule use(rule);
    const BuildOutcome outcome = build_now(round % 3 == 2);
    if (outcome.error) FAIL() << outcome.error->what();
    EXPECT_GT(rule.num_shortened, 20u);
    expect_new_index();
    EXPECT_TRUE(Index::open(out()).check([](const Problem&) {}));
  }
}

/// Fails the n-th sync or close of a file below `directory`, and notes what comes after it.
class FailSyncOrClose : public FailNth {
 public:
  FailSyncOrClose(CallKind kind, std::string directory, std::uint64_t nth)
      : FailNth(nth, EIO, false), kind_(kind), directory_(std::move(directory)) {}
  bool counts(const SystemCall& call) const override {
    return call.kind == kind_ && call.path.starts_with(directory_);
  }
  int fail(const SystemCall& call) override {
    if (num_failed() > 0) {
      if (call.kind == kind_ && call.path == failed().path) ++num_retries;
      if (call.kind == CallKind::kRename) ++num_renames;
    }
    return FailNth::fail(call);
  }
  int num_retries = 0, num_renames = 0;

 private:
  const CallKind kind_;
  const std::string directory_;
};

TEST_F(ShortCallsTest, FailedSyncOrCloseOfTheSegmentCommitsNothingAndIsNotTriedAgain) {
  use_small_corpus();
  for (const CallKind kind : {CallKind::kSync, CallKind::kClose}) {
    std::uint64_t num_calls = 0;
    for (std::uint64_t n = 0; n <= num_calls; ++n) {
      SCOPED_TRACE(n);
      reset();
      // All but the fsync and close of the directory, which close nothing that was written.
      FailSyncOrClose rule(kind, out() + "/staging/segment/", n);
      BuildOutcome outcome;
      {
        const UseRule use(rule);
        outcome = build_now();
      }
      if (n == 0) {
        ASSERT_TRUE(outcome.summary.has_value());
        num_calls = rule.num_calls();
        ASSERT_EQ(num_calls, 8u);
        continue;
      }
      ASSERT_TRUE(outcome.error.has_value());
      EXPECT_EQ(outcome.error->kind(), ErrorKind::kIo);
      EXPECT_EQ(outcome.error->path(), rule.failed().path);
      EXPECT_EQ(rule.num_retries, 0);
      EXPECT_EQ(rule.num_renames, 0);
      EXPECT_TRUE(has_old_index());
    }
  }
}

}  // namespace
}  // namespace spimi::testing
