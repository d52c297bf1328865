// The program is killed, interrupted, and run twice at once, at moments left to chance.
// scripts/kill_test.sh does so a thousand times.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "cli/faulty_run.h"
#include "spimi/error.h"
#include "spimi/index.h"

namespace spimi::testing {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using ::testing::AnyOf;
using ::testing::HasSubstr;

/// The time that passes while this process runs: of one in which all are stopped it counts a tick.
class RunningTime {
 public:
  RunningTime() = default;
  ~RunningTime() { stop_ = true; }
  std::chrono::milliseconds passed() const { return num_ticks_.load() * kTick; }

 private:
  static constexpr std::chrono::milliseconds kTick{10};
  std::atomic<bool> stop_ = false;
  std::atomic<int> num_ticks_ = 0;
  std::jthread ticking_{[this] {
    for (; !stop_; ++num_ticks_) std::this_thread::sleep_for(kTick);
  }};
};

class KillTest : public FaultyRunTest {
 protected:
  KillTest() {
    write_words("old", 1, 100);
    write_words("corpus", 12, 20000);
    expect_done(run({"build", "-q", "old", "out"}));
    old_id_ = whole_index("out");
    fs::rename(path("out"), path("before"));
    const auto start = Clock::now();
    expect_done(run(build_command("reference")));
    duration_ = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
    new_id_ = whole_index("reference");
  }

  static void expect_done(const RunResult& result) {
    ASSERT_EQ(result.exit_code, 0) << result.err << result.signal;
  }

  std::vector<std::string> build_command(const std::string& out) const {
    return {"build", "-q", "--force", "-j", "2", "-m", "17M", "corpus", out};
  }
  std::vector<std::string> resume_command() const {
    std::vector<std::string> command = build_command("out");
    command.push_back("--resume");
    return command;
  }

  /// Runs the program and sends it a signal after a time, and another after one more.
  RunResult run_and_signal(std::vector<std::string> command, int signal_number,
                           std::chrono::microseconds after, bool twice = false) const {
    RunOptions options;
    options.while_running = [=](pid_t pid) {
      std::this_thread::sleep_for(after);
      ::kill(pid, signal_number);
      if (!twice) return;
      std::this_thread::sleep_for(after / 8);
      ::kill(pid, signal_number);
    };
    return run(std::move(command), options);
  }

  std::chrono::microseconds random_time() {
    return std::chrono::microseconds(std::rand() % static_cast<int>(duration_.count() * 5 / 4));
  }

  /// Whether there is another round: num_rounds(), and more if chance has not yet had what counts.
  static bool goes_on(int round, int otherwise, int num_that_count) {
    const int rounds = num_rounds(otherwise);
    return round < rounds || (num_that_count == 0 && round < 20 * rounds);
  }

  void reset() {
    fs::remove_all(path("out"));
    fs::copy(path("before"), path("out"), fs::copy_options::recursive);
  }

  std::string old_id_, new_id_;
  std::chrono::microseconds duration_{};
};

TEST_F(KillTest, KilledAtAnyMomentItGoesOnWithTheReferenceBytes) {
  std::srand(1);
  int num_killed = 0, num_resumed = 0;
  for (int round = 0; goes_on(round, 50, num_resumed); ++round) {
    SCOPED_TRACE(round);
    reset();
    bool resume = false;
    // Killed again while it goes on, in every second round.
    for (int kills = 1 + round % 2; kills > 0; --kills) {
      const RunResult result =
          run_and_signal(resume ? resume_command() : build_command("out"), SIGKILL, random_time());
      ASSERT_THAT(result.signal, AnyOf(0, SIGKILL)) << result.err;
      if (result.signal == 0) {
        ASSERT_EQ(result.exit_code, 0) << result.err;
      } else {
        ++num_killed;
      }
      ASSERT_THAT(whole_index("out"), AnyOf(old_id_, new_id_));
      resume = true;
    }
    std::vector<std::string> command = resume_command();
    command.push_back("--json");
    const RunResult resumed = run(command);
    ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
    num_resumed += resumed.out.find("\"num_resumed_docs\":0,") == std::string::npos;
    ASSERT_EQ(whole_index("out"), new_id_);
    ASSERT_EQ(directory_.read_file("out/manifest"), directory_.read_file("reference/manifest"));
    ASSERT_FALSE(fs::exists(path("out/staging")));
  }
  EXPECT_GT(num_killed, 0);
  EXPECT_GT(num_resumed, 0);
  std::cout << num_killed << " killed, " << num_resumed << " went on with runs\n";
}

TEST_F(KillTest, KilledMergeIsDoneAgain) {
  std::srand(2);
  for (int round = 0; round < num_rounds(10); ++round) {
    SCOPED_TRACE(round);
    reset();
    std::vector<std::string> build = build_command("out");
    build.push_back("--no-merge");
    expect_done(run(build));
    const std::vector<std::string> merge = {"merge", "-q", "--fan-in", "2", "-m", "17M", "out"};
    const RunResult result = run_and_signal(merge, SIGKILL, random_time() / 2);
    ASSERT_THAT(whole_index("out"), AnyOf(old_id_, new_id_));
    if (result.signal == 0) continue;
    // One that was killed behind its commit has nothing more to do.
    if (fs::exists(path("out/staging/runs"))) expect_done(run(merge));
    ASSERT_EQ(whole_index("out"), new_id_);
  }
}

TEST_F(KillTest, SignalsEndItSoonAndWhatWasReadIsKept) {
  std::srand(3);
  const int signals[] = {SIGINT, SIGTERM, SIGHUP};
  int num_kept = 0;
  for (int round = 0; goes_on(round, 12, num_kept); ++round) {
    SCOPED_TRACE(round);
    reset();
    const int signal_number = signals[round % 3];
    const bool twice = round % 4 == 0;
    const auto after = random_time();
    const RunningTime time;
    const RunResult result = run_and_signal(build_command("out"), signal_number, after, twice);
    if (result.exit_code == 0) continue;
    ASSERT_EQ(result.signal, signal_number) << result.err;
    if (!kSanitized) {
      EXPECT_LT(time.passed(), after + after / 8 + 1s);
    }
    ASSERT_THAT(whole_index("out"), AnyOf(old_id_, new_id_));
    if (fs::exists(path("out/staging")) && !twice) {
      num_kept += result.err.find("--resume") != std::string::npos;
      EXPECT_THAT(result.err, AnyOf(HasSubstr("--resume"), HasSubstr("spimi merge")));
    }
    expect_done(run(resume_command()));
    ASSERT_EQ(whole_index("out"), new_id_);
  }
  EXPECT_GT(num_kept, 0);
  std::cout << num_kept << " ended while reading, with runs to go on from\n";
}

TEST_F(KillTest, OfTwoBuildsIntoOneDirectoryOneIsRefused) {
  for (int round = 0; round < num_rounds(10); ++round) {
    SCOPED_TRACE(round);
    reset();
    RunResult second;
    RunOptions options;
    options.while_running = [&](pid_t) {
      const auto deadline = Clock::now() + 20s;
      while (!fs::exists(path("out/staging")) && Clock::now() < deadline) {
        std::this_thread::sleep_for(1ms);
      }
      second = run(build_command("out"));
    };
    const RunResult first = run(build_command("out"), options);
    EXPECT_EQ(first.exit_code, 0) << first.err << " signal " << first.signal;
    // Only where the first was done before the second began.
    EXPECT_THAT(second.exit_code, AnyOf(6, 0)) << second.err << " signal " << second.signal;
    EXPECT_EQ(whole_index("out"), new_id_);
  }
}

TEST_F(KillTest, ReadersDuringBuildsSeeTheOldIndexOrTheNew) {
  reset();
  std::atomic<bool> stop = false;
  std::atomic<int> num_old = 0, num_new = 0;
  std::vector<std::string> problems;
  std::thread reader([&] {
    while (!stop) {
      try {
        const Index index = Index::open(path("out"));
        const std::string id = index.info().build_id;
        if (!index.check([&](const Problem& problem) { problems.push_back(problem.what); })) break;
        if (id == old_id_) ++num_old;
        if (id == new_id_) ++num_new;
        if (id != old_id_ && id != new_id_) problems.push_back(id);
      } catch (const std::exception& error) {
        problems.push_back(error.what());
        break;
      }
    }
  });
  for (int round = 0; round < num_rounds(4); ++round) {
    expect_done(run(build_command("out")));
    expect_done(run({"build", "-q", "--force", "old", "out"}));
  }
  stop = true;
  reader.join();
  EXPECT_THAT(problems, ::testing::IsEmpty());
  EXPECT_GT(num_old, 0);
  EXPECT_GT(num_new + num_old, 10);
}

}  // namespace
}  // namespace spimi::testing
