// Power is lost behind every change that a build makes on the disk: what is found then is the old
// index or the new one, whole, and a build goes on from it.

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>

#include "fault/faulty_build.h"
#include "fault/recorded_disk.h"
#include "support/random_text.h"

namespace spimi::testing {
namespace {

namespace fs = std::filesystem;
using Unsynced = RecordedDisk::Unsynced;

class PowerLossTest : public FaultyBuildTest {
 protected:
  void lose_power_at_each_event(const RecordedDisk& disk, bool committed, std::size_t stride) {
    Random random(test_seed());
    stride *= kStep;
    std::size_t num_new = 0, round = 0;
    // Closer together towards the commit, and the last.
    const auto behind = [&](std::size_t n) {
      return n + std::min(stride, std::max<std::size_t>((disk.num_events() - n) / 4, 1));
    };
    for (std::size_t n = 0; n <= disk.num_events(); n = behind(n)) {
      for (const Unsynced unsynced :
           {Unsynced::kLost, Unsynced::kKept, Unsynced::kNamesKept, Unsynced::kZeros,
            Unsynced::kLastKept, Unsynced::kAtRandom, Unsynced::kAtRandom}) {
        SCOPED_TRACE(::testing::Message() << "after " << n << " of " << disk.num_events()
                                          << " events, unsynced " << static_cast<int>(unsynced));
        fs::remove_all(out());
        fs::create_directory(out());
        write_files(disk.after(n, unsynced, random), out());
        const bool is_new = has_new_index();
        num_new += is_new;
        ASSERT_TRUE(is_new || has_old_index());
        // What a build has returned from is durable.
        if (n == disk.num_events()) {
          EXPECT_EQ(is_new, committed);
        }
        if (round++ % 2 == 0) continue;
        const BuildOutcome outcome = build_now(true);
        if (outcome.error) FAIL() << outcome.error->what();
        expect_new_index();
        if (HasFailure()) return;
      }
    }
    EXPECT_EQ(num_new > 0, committed);
  }
};

TEST_F(PowerLossTest, OfABuild) {
  SCOPED_TRACE("SPIMI_TEST_SEED=" + std::to_string(test_seed()));
  use_small_corpus();
  reset();
  RecordedDisk disk(out());
  {
    const UseRule use(disk);
    ASSERT_TRUE(build_now().summary.has_value());
  }
  lose_power_at_each_event(disk, true, 1);
}

TEST_F(PowerLossTest, OfABuildOfSeveralRuns) {
  SCOPED_TRACE("SPIMI_TEST_SEED=" + std::to_string(test_seed()));
  use_corpus_of_several_runs();
  reset();
  RecordedDisk disk(out());
  {
    const UseRule use(disk);
    ASSERT_TRUE(build_now().summary.has_value());
  }
  lose_power_at_each_event(disk, true, 2);
}

TEST_F(PowerLossTest, OfABuildThatGoesOn) {
  SCOPED_TRACE("SPIMI_TEST_SEED=" + std::to_string(test_seed()));
  use_corpus_of_several_runs();
  reset();
  {
    FailNth kill(100, EIO, true);
    const UseRule use(kill);
    build_now();
  }
  RecordedDisk disk(out());
  {
    const UseRule use(disk);
    const BuildOutcome outcome = build_now(true);
    ASSERT_TRUE(outcome.summary.has_value());
    ASSERT_GT(outcome.summary->num_resumed_docs, 0u);
  }
  lose_power_at_each_event(disk, true, 3);
}

// The same documents were built before, and a byte of that index was damaged.
TEST_F(PowerLossTest, OfABuildOfTheSameContent) {
  use_small_corpus();
  reset();
  ASSERT_TRUE(build_now().summary.has_value());
  Random random(test_seed());
  RecordedDisk disk(out());
  {
    const UseRule use(disk);
    ASSERT_TRUE(build_now().summary.has_value());
  }
  for (std::size_t n = 0; n <= disk.num_events(); ++n) {
    for (const Unsynced unsynced : {Unsynced::kLost, Unsynced::kZeros, Unsynced::kAtRandom}) {
      SCOPED_TRACE(::testing::Message() << "after " << n << " events");
      fs::remove_all(out());
      fs::create_directory(out());
      write_files(disk.after(n, unsynced, random), out());
      ASSERT_TRUE(has_new_index());
    }
  }
}

}  // namespace
}  // namespace spimi::testing
