// A build that was cut short goes on: from wherever it was, with the bytes of one that was not, or
// with a message that says what is another now.

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "fault/faulty_build.h"
#include "spimi/index.h"
#include "support/random_text.h"

namespace spimi::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class CountOpensBelow : public SystemCallRule {
 public:
  explicit CountOpensBelow(std::string directory) : directory_(std::move(directory)) {}
  int fail(const SystemCall& call) override {
    if (call.kind == CallKind::kOpen && call.path.starts_with(directory_ + "/") &&
        fs::is_regular_file(call.path)) {
      ++num_opens;
    }
    return 0;
  }
  int num_opens = 0;

 private:
  const std::string directory_;
};

/// The number of the call that makes `runs` of a build whose corpus was read.
class FindSealing : public FailNth {
 public:
  FindSealing() : FailNth(0, 0, false) {}
  int fail(const SystemCall& call) override {
    FailNth::fail(call);
    if (at == 0 && call.kind == CallKind::kRename && call.to.ends_with("/runs")) at = num_calls();
    return 0;
  }
  std::uint64_t at = 0;
};

class ResumeTest : public FaultyBuildTest {
 protected:
  ResumeTest() { use_corpus_of_several_runs(); }

  std::uint64_t num_calls() {
    FailNth none(0, 0, false);
    const UseRule use(none);
    reset();
    build_now();
    return none.num_calls();
  }

  /// As if it were killed before its n-th system call.
  BuildOutcome kill_at(std::uint64_t n, bool resume = false) {
    FailNth rule(n, EIO, true);
    const UseRule use(rule);
    return build_now(resume);
  }

  /// Leaves the work of a build that was killed when it had just read everything, or just before
  /// that.
  void leave_work(bool all_read = false) {
    FindSealing sealing;
    {
      const UseRule use(sealing);
      reset();
      build_now();
    }
    reset();
    kill_at(all_read ? sealing.at + 1 : sealing.at - 12);
    ASSERT_TRUE(fs::exists(out() + "/staging/journal"));
    ASSERT_EQ(fs::exists(out() + "/staging/runs"), all_read);
  }

  void expect_resumes() {
    const BuildOutcome outcome = build_now(true);
    if (outcome.error) FAIL() << outcome.error->what();
    expect_new_index();
    EXPECT_FALSE(fs::exists(out() + "/staging"));
  }

  /// That resuming is refused, naming `what`, and that nothing is lost by that.
  void expect_refused(const std::string& what) {
    const BuildOutcome outcome = build_now(true);
    ASSERT_TRUE(outcome.error.has_value());
    EXPECT_EQ(outcome.error->kind(), ErrorKind::kUsage);
    EXPECT_THAT(outcome.error->what(), HasSubstr(what));
    EXPECT_TRUE(has_old_index());
    EXPECT_TRUE(fs::exists(out() + "/staging/journal"));
  }
};

TEST_F(ResumeTest, FromEachCallWithEveryNumberOfThreads) {
  Random random(test_seed());
  for (const unsigned threads : {1u, 2u, 3u}) {
    options_.num_threads = threads;
    options_.memory_budget_bytes = minimum_memory_bytes(options_);
    const std::uint64_t calls = num_calls();
    const BuildSummary whole = *(reset(), build_now()).summary;
    std::uint64_t most_resumed = 0;
    for (std::uint64_t n = 1 + random_below(random, 3); n < calls; n += 4 + kStep / 2) {
      SCOPED_TRACE(::testing::Message() << "killed at " << n << ", " << threads << " threads");
      reset();
      kill_at(n);
      // What was counted is counted once, whichever of the two builds saw it. With others than the
      // memory and the threads of the first build.
      const BuildOptions before = options_;
      options_.num_threads = static_cast<unsigned>(1 + random_below(random, 3));
      options_.memory_budget_bytes = minimum_memory_bytes(options_) + random_below(random, 1 << 20);
      const BuildOutcome outcome = build_now(true);
      options_ = before;
      if (outcome.error) FAIL() << outcome.error->what();
      expect_new_index();
      EXPECT_EQ(outcome.summary->num_docs, whole.num_docs);
      EXPECT_EQ(outcome.summary->num_tokens, whole.num_tokens);
      EXPECT_EQ(outcome.summary->corpus_bytes, whole.corpus_bytes);
      EXPECT_TRUE(
          std::equal(whole.skipped, whole.skipped + kNumSkipReasons, outcome.summary->skipped));
      most_resumed = std::max(most_resumed, outcome.summary->num_resumed_docs);
      if (HasFailure()) return;
    }
    EXPECT_EQ(most_resumed, whole.num_docs);
  }
}

TEST_F(ResumeTest, AgainAndAgain) {
  // Every build but the last is killed a little later than the one before.
  reset();
  BuildOutcome outcome;
  int num_builds = 0;
  for (std::uint64_t n = 40; !outcome.summary; n += 9) {
    ASSERT_LT(++num_builds, 100);
    outcome = kill_at(n, true);
  }
  EXPECT_GT(num_builds, 5);
  EXPECT_GT(outcome.summary->num_resumed_docs, 0u);
  expect_new_index();
}

TEST_F(ResumeTest, ReadsNothingAgainThatIsInARun) {
  CountOpensBelow count(corpus());
  reset();
  {
    const UseRule use(count);
    build_now();
  }
  const int all = count.num_opens;
  leave_work();
  count.num_opens = 0;
  const UseRule use(count);
  const BuildOutcome outcome = build_now(true);
  ASSERT_TRUE(outcome.summary.has_value());
  EXPECT_GT(outcome.summary->num_resumed_docs, 0u);
  EXPECT_LE(count.num_opens, all - static_cast<int>(outcome.summary->num_resumed_docs));
}

TEST_F(ResumeTest, OfAMergeReadsNothing) {
  leave_work(true);
  CountOpensBelow count(corpus());
  const UseRule use(count);
  const BuildOutcome outcome = build_now(true);
  ASSERT_TRUE(outcome.summary.has_value());
  EXPECT_EQ(outcome.summary->num_resumed_docs, outcome.summary->num_docs);
  EXPECT_EQ(count.num_opens, 0);
  expect_new_index();
}

TEST_F(ResumeTest, OfABuildWithoutMerge) {
  reset();
  options_.merge = false;
  build_now();
  EXPECT_TRUE(has_old_index());
  options_.merge = true;
  expect_resumes();
}

TEST_F(ResumeTest, ChangedCorpusIsRefused) {
  leave_work();
  const std::string file = directory_.path("corpus/b/c");
  const std::string bytes = directory_.read_file("corpus/b/c");
  const fs::file_time_type time = fs::last_write_time(file);
  const auto restore = [&] { fs::last_write_time(file, time); };

  directory_.write_file("corpus/b/c", bytes + "x");
  restore();
  expect_refused("b/c");
  directory_.write_file("corpus/b/c", bytes);
  fs::last_write_time(file, time + std::chrono::nanoseconds(4000));
  expect_refused("b/c");
  restore();

  directory_.write_file("corpus/aa", "a new one");
  expect_refused("aa");
  fs::remove(directory_.path("corpus/aa"));

  fs::rename(file, directory_.path("corpus/b/cc"));
  expect_refused("b/cc");
  fs::rename(directory_.path("corpus/b/cc"), file);

  fs::rename(file, directory_.path("elsewhere"));
  expect_refused("b/d");
  fs::rename(directory_.path("elsewhere"), file);

  // And all of it at the end of the walk.
  fs::rename(directory_.path("corpus"), directory_.path("elsewhere"));
  fs::create_directory(directory_.path("corpus"));
  expect_refused("gone");
  fs::remove(directory_.path("corpus"));
  fs::rename(directory_.path("elsewhere"), directory_.path("corpus"));

  expect_resumes();
}

TEST_F(ResumeTest, ChangedCorpusIsRefusedWhenAllWasRead) {
  leave_work(true);
  directory_.write_file("corpus/z", "a new one");
  expect_refused("z");
  fs::remove(directory_.path("corpus/z"));
  expect_resumes();
}

TEST_F(ResumeTest, OtherOptionsAreRefused) {
  leave_work();
  const BuildOptions before = options_;
  const std::vector<std::pair<std::function<void(BuildOptions&)>, std::string>> changes = {
      {[](BuildOptions& o) { o.positions = false; }, "positions"},
      {[](BuildOptions& o) { o.tokenizer = Tokenizer::kAlpha; }, "tokenizer unicode"},
      {[](BuildOptions& o) { o.max_token_bytes = 254; }, "255"},
      {[](BuildOptions& o) { o.hidden = true; }, "no hidden files"},
      {[](BuildOptions& o) { o.follow_links = true; }, "links not followed"},
      {[](BuildOptions& o) { o.binary_as_text = true; }, "no binary files"},
  };
  for (const auto& [change, what] : changes) {
    change(options_);
    expect_refused(what);
    options_ = before;
  }
  expect_resumes();
}

TEST_F(ResumeTest, TornJournalHoldsUpToTheTear) {
  leave_work();
  const auto staged = files_below(out());
  const std::string journal = staged.at("staging/journal");
  for (std::size_t size = 0; size < journal.size(); size += kStep + size / 7) {
    SCOPED_TRACE(size);
    fs::remove_all(out());
    auto files = staged;
    files["staging/journal"] = journal.substr(0, size);
    write_files(files, out());
    expect_resumes();
    if (HasFailure()) return;
  }
}

TEST_F(ResumeTest, DamageIsFoundAndReadAgain) {
  Random random(test_seed());
  std::map<std::string, std::string> staged;
  for (int round = 0; round < 80; ++round) {
    if (round % 40 == 0) {
      leave_work(round == 40);
      staged = files_below(out());
    }
    fs::remove_all(out());
    auto files = staged;
    const bool in_journal = round % 3 == 0;
    std::string& bytes = files[in_journal ? "staging/journal" : "staging/spill-0"];
    const std::size_t at = random_below(random, bytes.size());
    SCOPED_TRACE(::testing::Message() << "byte " << at << " in journal: " << in_journal);
    bytes[at] = static_cast<char>(bytes[at] ^ (1 + random_below(random, 255)));
    if (round % 5 == 1) bytes.resize(at);
    write_files(files, out());
    // A journal that is not ours by its first bytes is not touched.
    if (in_journal && at < 24) continue;
    expect_resumes();
    if (HasFailure()) return;
  }
}

TEST_F(ResumeTest, WithNothingToGoOnFromIsABuild) {
  reset();
  EXPECT_TRUE(build_now(true).summary.has_value());
  expect_new_index();
}

TEST_F(ResumeTest, ReplacesAnIndexOnlyIfTheBuildWasAllowedTo) {
  options_.replace = false;
  reset();
  const BuildOutcome refused = build_now(true);
  ASSERT_TRUE(refused.error.has_value());
  EXPECT_EQ(refused.error->kind(), ErrorKind::kUsage);
  EXPECT_TRUE(has_old_index());
  options_.replace = true;
  leave_work();
  options_.replace = false;
  expect_resumes();
}

TEST_F(ResumeTest, BuildWithoutItBeginsAnew) {
  leave_work();
  const BuildOutcome outcome = build_now();
  ASSERT_TRUE(outcome.summary.has_value());
  EXPECT_EQ(outcome.summary->num_resumed_docs, 0u);
  expect_new_index();
  EXPECT_FALSE(fs::exists(out() + "/staging"));
}

}  // namespace
}  // namespace spimi::testing
