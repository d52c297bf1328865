#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "cli/run_program.h"
#include "spimi/build.h"
#include "spimi/error.h"

namespace spimi::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class BuildTest : public CliTest {};

TEST_F(BuildTest, SummaryForPeopleGoesToStderrAndNamesTheNextCommand) {
  write_corpus();
  const RunResult result = run({"build", "corpus", "index"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_THAT(result.err, StartsWith("index of 3 documents in index\n"));
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("\n  tokens          7\n"), HasSubstr("\n  distinct terms  4\n"),
                    HasSubstr("\n  postings        6\n"), HasSubstr("% of the text)\n"),
                    HasSubstr("\n  peak memory     ")));
  EXPECT_THAT(result.err, HasSubstr("\nnext: spimi query -i index WORD\n"));
  EXPECT_THAT(result.err, Not(HasSubstr("skipped")));
}

TEST_F(BuildTest, NoProgressLineWhereStderrIsNoTerminal) {
  write_corpus();
  EXPECT_THAT(run({"build", "corpus", "index"}).err,
              AllOf(Not(HasSubstr("\r")), Not(HasSubstr("\x1b"))));
}

TEST_F(BuildTest, ProgressLineOnATerminalIsWipedBeforeTheSummary) {
  write_corpus();
  RunOptions options;
  options.stderr_is_terminal = true;
  const std::string err = run({"build", "corpus", "index"}, options).err;
  EXPECT_THAT(err, StartsWith("\r"));
  EXPECT_THAT(err, HasSubstr("\r\x1b[Kindex of 3 documents"));
  EXPECT_THAT(run({"build", "--force", "--progress", "never", "corpus", "index"}, options).err,
              StartsWith("index of 3"));
  EXPECT_THAT(run({"build", "--force", "-q", "corpus", "index"}, options).err, IsEmpty());
}

// The same bytes on every machine and from every compiler, and no change of format without intent:
// then raise kFormatVersion.
TEST_F(BuildTest, SampleHasTheBuildIdsItAlwaysHad) {
  const auto build_id = [this](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--json", SPIMI_SAMPLE, "index"});
    const RunResult result = run(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return json::parse(result.out)["build_id"].get<std::string>();
  };
  EXPECT_EQ(build_id({"build"}), "cc2eb9fa3da7f445f1f9a07c8a417706");
  EXPECT_EQ(build_id({"build", "--force", "--tokenizer", "alpha", "--no-positions"}),
            "0c69cde996ad6049c7ecd1ee44a28141");
}

TEST_F(BuildTest, JsonSummaryHoldsEveryFigure) {
  write_corpus();
  const RunResult result = run({"build", "--json", "corpus", "index"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, IsEmpty());
  const json summary = json::parse(result.out);
  EXPECT_EQ(summary["directory"], "index");
  EXPECT_EQ(summary["merged"], true);
  EXPECT_EQ(summary["num_docs"], 3);
  EXPECT_EQ(summary["num_tokens"], 7);
  EXPECT_EQ(summary["num_overlong_tokens"], 0);
  EXPECT_EQ(summary["num_terms"], 4);
  EXPECT_EQ(summary["num_postings"], 6);
  EXPECT_EQ(summary["corpus_bytes"], 12 + 9 + 11);
  EXPECT_EQ(summary["build_id"].get<std::string>().size(), 32u);
  EXPECT_GT(summary["index_bytes"], 0);
  EXPECT_GT(summary["seconds"], 0);
  EXPECT_GT(summary["peak_memory_bytes"], 0);
  EXPECT_GT(summary["num_threads"], 0);
  EXPECT_EQ(summary["skipped"].size(), 7u);
  for (const char* key :
       {"num_runs", "num_merge_passes", "read_seconds", "merge_seconds", "commit_seconds"}) {
    EXPECT_TRUE(summary.contains(key)) << key;
  }
}

TEST_F(BuildTest, TimingsAreATableBehindTheSummary) {
  write_corpus();
  EXPECT_THAT(run({"build", "corpus", "index"}).err, Not(HasSubstr("ns/token")));
  const std::string text = run({"build", "--force", "--timings", "-j", "2", "corpus", "index"}).err;
  const std::size_t begin = text.find("next: spimi query -i index WORD\ntime in 2 threads ");
  ASSERT_NE(begin, std::string::npos) << text;
  std::istringstream lines(text.substr(text.find("time in", begin)));
  std::string line;
  std::getline(lines, line);
  const std::size_t width = line.size();
  EXPECT_THAT(line, AllOf(HasSubstr("seconds"), HasSubstr("share"), EndsWith("ns/token")));
  std::vector<std::string> names;
  double sum = 0, share = 0;
  while (std::getline(lines, line)) {
    EXPECT_EQ(line.size(), width) << line;
    std::istringstream row(line);
    std::string name, percent;
    double seconds = 0, ns_per_token = 0;
    row >> name >> seconds >> percent >> ns_per_token;
    // Seven tokens; seconds to a thousandth.
    EXPECT_NEAR(ns_per_token * 7 / 1e9, seconds, 0.00051) << line;
    names.push_back(name);
    if (name == "all") {
      EXPECT_NEAR(sum, seconds, 0.001 * static_cast<double>(names.size()));
      EXPECT_EQ(percent, "100.0%");
    }
    sum += seconds;
    share += std::stod(percent);
  }
  EXPECT_THAT(names, AllOf(Contains("tokenize"), Contains("queue"), Contains("commit")));
  EXPECT_EQ(names.back(), "all");
  EXPECT_NEAR(share, 200, 0.1 * static_cast<double>(names.size()));
  EXPECT_THAT(run({"build", "-q", "--force", "--timings", "corpus", "index"}).err, IsEmpty());
}

TEST_F(BuildTest, TimingsAreInTheJsonSummary) {
  write_corpus();
  EXPECT_FALSE(json::parse(run({"build", "--json", "corpus", "index"}).out).contains("stages"));
  const RunResult result = run({"build", "--json", "--force", "--timings", "corpus", "index"});
  EXPECT_THAT(result.err, IsEmpty());
  const json stages = json::parse(result.out)["stages"];
  EXPECT_EQ(stages.size(), kNumStages);
  for (const auto& [name, stage] : stages.items()) {
    const double seconds = stage["seconds"];
    EXPECT_GE(seconds, 0) << name;
    EXPECT_NEAR(stage["ns_per_token"].get<double>(), seconds * 1e9 / 7, 1e-3) << name;
  }
  EXPECT_GT(stages["read"]["seconds"], 0);
  EXPECT_GT(stages["queue"]["seconds"], 0);
}

TEST_F(BuildTest, QuietWritesNothing) {
  write_corpus();
  const RunResult result = run({"build", "-q", "corpus", "index"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_THAT(result.err, IsEmpty());
}

TEST_F(BuildTest, EmptyCorpusMakesAnEmptyIndex) {
  directory_.make_directory("corpus");
  const RunResult result = run({"build", "corpus", "index"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, AllOf(StartsWith("index of 0 documents"), Not(HasSubstr("next:"))));
  EXPECT_EQ(run({"query", "-i", "index", "cat"}).exit_code, 1);
  EXPECT_EQ(run({"dump", "-i", "index"}).out, "");
  EXPECT_EQ(run({"stats", "-i", "index"}).exit_code, 0);
  EXPECT_EQ(run({"check", "-i", "index"}).exit_code, 0);
}

TEST_F(BuildTest, TokensBeyondTheLimitAreCountedInTheSummary) {
  directory_.write_file("corpus/a.txt", "four fiver");
  EXPECT_THAT(run({"build", "--max-token-bytes", "4", "corpus", "index"}).err,
              HasSubstr("tokens          1, and 1 too long to index\n"));
  EXPECT_EQ(run({"dump", "-i", "index", "--json"}).out,
            "{\"term\":\"four\",\"df\":1,\"cf\":1,\"postings\":[[0,1,[0]]]}\n");
}

TEST_F(BuildTest, MemoryBelowTheMinimumIsRefused) {
  write_corpus();
  const RunResult result = run({"build", "-m", "1K", "corpus", "index"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, AllOf(StartsWith("spimi: "), HasSubstr("give at least ")));
  EXPECT_FALSE(fs::exists(path("index/manifest")));
}

TEST_F(BuildTest, ChunkSizeOfZeroIsRefused) {
  write_corpus();
  EXPECT_EQ(run({"build", "--chunk-size", "0", "corpus", "index"}).exit_code, 2);
}

TEST_F(BuildTest, CorpusThatIsNotThereOrIsAFileIsRefused) {
  const RunResult missing = run({"build", "nowhere", "index"});
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_THAT(missing.err, StartsWith("spimi: nowhere: "));
  directory_.write_file("file", "text");
  const RunResult file = run({"build", "file", "index"});
  EXPECT_EQ(file.exit_code, 2);
  EXPECT_THAT(file.err, StartsWith("spimi: file: "));
}

TEST_F(BuildTest, OutDirWithForeignFilesIsRefusedAndUntouched) {
  write_corpus();
  directory_.write_file("out/precious", "mine");
  const RunResult result = run({"build", "--force", "corpus", "out"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, AllOf(StartsWith("spimi: out: "), HasSubstr("'precious'")));
  EXPECT_EQ(directory_.read_file("out/precious"), "mine");
  EXPECT_FALSE(fs::exists(path("out/manifest")));
}

TEST_F(BuildTest, IndexThatIsThereIsReplacedOnlyWithForce) {
  build_index();
  directory_.write_file("corpus/c.txt", "cat");
  const RunResult refused = run({"build", "corpus", "index"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("--force"));
  EXPECT_EQ(json::parse(run({"stats", "-i", "index", "--json"}).out)["num_docs"], 3);
  EXPECT_EQ(run({"build", "--force", "corpus", "index"}).exit_code, 0);
  EXPECT_EQ(json::parse(run({"stats", "-i", "index", "--json"}).out)["num_docs"], 4);
}

TEST_F(BuildTest, LockedOutDirHasItsOwnExitCode) {
  build_index();
  const int lock = ::open(path("index/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  ASSERT_GE(lock, 0);
  ASSERT_EQ(::flock(lock, LOCK_EX | LOCK_NB), 0);
  const RunResult result = run({"build", "--force", "corpus", "index"});
  ::close(lock);
  EXPECT_EQ(result.exit_code, 6);
  EXPECT_THAT(result.err, StartsWith("spimi: index: another process"));
  EXPECT_EQ(run({"build", "--force", "-q", "corpus", "index"}).exit_code, 0);
}

/// A corpus with one entry for each reason not to be indexed; a link to /proc/self/mem opens, but
/// reading it fails.
class SkipTest : public CliTest {
 protected:
  SkipTest() {
    write_corpus();
    directory_.write_file("corpus/.hidden", "secret");
    directory_.write_file("corpus/binary", std::string("a\0b", 3));
    directory_.make_link("corpus/link", "a.txt");
    EXPECT_EQ(::mkfifo(path("corpus/fifo").c_str(), 0600), 0);
  }

  /// The lines of a report, by path: reason.
  std::map<std::string, std::string> report(std::string_view file) {
    std::map<std::string, std::string> reasons;
    std::istringstream lines(directory_.read_file(file));
    for (std::string line; std::getline(lines, line);) {
      const json entry = json::parse(line);
      reasons[entry["path"]] = entry["reason"];
      EXPECT_TRUE(entry.contains("cause"));
    }
    return reasons;
  }
};

TEST_F(SkipTest, SummaryCountsEachReasonAndReportListsEach) {
  const RunResult result = run({"build", "--report", "report", "corpus", "index"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("  skipped         1 hidden (--hidden includes them)\n"));
  EXPECT_THAT(result.err, HasSubstr("1 symlink (--follow includes them)\n"));
  EXPECT_THAT(result.err, HasSubstr("1 special-file\n"));
  EXPECT_THAT(result.err, HasSubstr("1 binary (--binary text includes them)\n"));
  EXPECT_THAT(result.err, Not(HasSubstr("--report FILE")));
  EXPECT_EQ(report("report"), (std::map<std::string, std::string>{{".hidden", "hidden"},
                                                                  {"binary", "binary"},
                                                                  {"fifo", "special-file"},
                                                                  {"link", "symlink"}}));
}

TEST_F(SkipTest, WithoutReportTheSummarySaysHowToGetOne) {
  EXPECT_THAT(run({"build", "corpus", "index"}).err, HasSubstr("--report FILE lists them"));
}

TEST_F(SkipTest, OptionsIncludeWhatTheyNameTo) {
  const json summary = json::parse(
      run({"build", "--json", "--hidden", "--follow", "--binary", "text", "corpus", "index"}).out);
  EXPECT_EQ(summary["num_docs"], 6);
  EXPECT_EQ(summary["skipped"]["special-file"], 1);
}

TEST_F(SkipTest, UnreadableInputIsNamedAndHasItsOwnExitCode) {
  directory_.make_link("corpus/mem", "/proc/self/mem");
  const RunResult result =
      run({"build", "-q", "--follow", "--report", "report", "corpus", "index"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, AllOf(StartsWith("spimi: mem: "), HasSubstr("Input/output error")));
  EXPECT_EQ(report("report")["mem"], "unreadable");
  EXPECT_EQ(run({"query", "-q", "-i", "index", "cat"}).exit_code, 0);
}

TEST_F(SkipTest, StrictFailsOnUnreadableInputAndKeepsTheReport) {
  directory_.make_link("corpus/mem", "/proc/self/mem");
  const RunResult result =
      run({"build", "--strict", "--follow", "--report", "report", "corpus", "index"});
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_THAT(result.err, HasSubstr("mem"));
  EXPECT_FALSE(fs::exists(path("index/manifest")));
  EXPECT_TRUE(fs::exists(path("report")));
}

TEST_F(SkipTest, ReportThatCannotBeWrittenIsAnError) {
  const RunResult full = run({"build", "--report", "/dev/full", "corpus", "index"});
  EXPECT_EQ(full.exit_code, 4);
  EXPECT_THAT(full.err, HasSubstr("spimi: /dev/full: cannot write: No space left on device\n"));
  const RunResult nowhere = run({"build", "--report", "no/where", "corpus", "index2"});
  EXPECT_EQ(nowhere.exit_code, 4);
  EXPECT_FALSE(fs::exists(path("index2/manifest")));
}

/// Starts a build that takes long, for its corpus is one huge sparse file, and sends a signal once
/// it is at work.
class InterruptTest : public CliTest {
 protected:
  RunResult interrupt(int signal_number, bool replace) {
    directory_.write_file("huge/file", "");
    EXPECT_EQ(::truncate(path("huge/file").c_str(), off_t{64} << 30), 0);
    RunOptions options;
    options.while_running = [&](pid_t pid) {
      const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
      while (!fs::exists(path("index/staging")) && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      ::kill(pid, signal_number);
    };
    std::vector<std::string> arguments{"build", "--binary", "text", "huge", "index"};
    if (replace) arguments.insert(arguments.begin() + 1, "--force");
    return run(arguments, options);
  }
};

TEST_F(InterruptTest, DiesOfTheSignalAndSaysThatNoIndexWasMade) {
  for (const int signal_number : {SIGINT, SIGTERM, SIGHUP}) {
    const RunResult result = interrupt(signal_number, false);
    EXPECT_EQ(result.signal, signal_number) << result.err;
    EXPECT_THAT(result.err, AllOf(StartsWith("spimi: stopped by SIG"), HasSubstr("no index")));
    EXPECT_FALSE(fs::exists(path("index/manifest")));
    EXPECT_FALSE(fs::exists(path("index/staging")));
  }
}

TEST_F(InterruptTest, TheOldIndexIsAsItWas) {
  build_index();
  const std::string before = run({"dump", "-i", "index", "--json"}).out;
  const RunResult result = interrupt(SIGTERM, true);
  EXPECT_EQ(result.signal, SIGTERM);
  EXPECT_THAT(result.err, HasSubstr("the index in index is as it was"));
  EXPECT_EQ(run({"dump", "-i", "index", "--json"}).out, before);
}

}  // namespace
}  // namespace spimi::testing
