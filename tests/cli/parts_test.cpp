// The parts of the program that can be called without running it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "cli/human.h"
#include "cli/parse_size.h"
#include "cli/progress_line.h"
#include "cli/signals.h"
#include "cli/suggest.h"
#include "spimi/error.h"

namespace spimi::cli {
namespace {

using ::testing::HasSubstr;

TEST(ParseSize, UnitsArePowersOf1024) {
  EXPECT_EQ(parse_size("0"), 0u);
  EXPECT_EQ(parse_size("12345"), 12345u);
  EXPECT_EQ(parse_size("1K"), 1024u);
  EXPECT_EQ(parse_size("1KiB"), 1024u);
  EXPECT_EQ(parse_size("3M"), 3u << 20);
  EXPECT_EQ(parse_size("3MiB"), 3u << 20);
  EXPECT_EQ(parse_size("5G"), std::uint64_t{5} << 30);
  EXPECT_EQ(parse_size("5GiB"), std::uint64_t{5} << 30);
}

TEST(ParseSize, LargestThatFitsAndOneMore) {
  EXPECT_EQ(parse_size("18446744073709551615"), ~std::uint64_t{0});
  EXPECT_THROW(parse_size("18446744073709551616"), Error);
  EXPECT_EQ(parse_size("17179869183G"), std::uint64_t{17179869183} << 30);
  EXPECT_THROW(parse_size("17179869184G"), Error);
}

TEST(ParseSize, RefusalNamesTextAndForms) {
  for (const std::string text :
       {"", "K", "-1", "+1", "1k", "1KB", "1 K", " 1", "1.5G", "0x10", "1KiBx"}) {
    SCOPED_TRACE(text);
    try {
      parse_size(text);
      FAIL() << "accepted";
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::kUsage);
      EXPECT_THAT(e.what(), HasSubstr("'" + text + "'"));
      EXPECT_THAT(e.what(), HasSubstr(std::string(kSizeForms)));
    }
  }
}

TEST(FormatSize, IsReadBackAsItWas) {
  EXPECT_EQ(format_size(256 << 20), "256M");
  for (const std::uint64_t bytes :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1023}, std::uint64_t{1024},
        std::uint64_t{1025}, std::uint64_t{1} << 40, ~std::uint64_t{0}}) {
    EXPECT_EQ(parse_size(format_size(bytes)), bytes);
  }
}

TEST(EditDistance, CountsEachKindOfEditOnce) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("", "ab"), 2u);
  EXPECT_EQ(edit_distance("build", "build"), 0u);
  EXPECT_EQ(edit_distance("biuld", "build"), 1u);
  EXPECT_EQ(edit_distance("buil", "build"), 1u);
  EXPECT_EQ(edit_distance("buildd", "build"), 1u);
  EXPECT_EQ(edit_distance("baild", "build"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(Suggest, NearestOrBeginningOrNothing) {
  constexpr std::string_view kWords[] = {"build", "merge", "query", "--memory"};
  EXPECT_EQ(suggest("biuld", kWords), "build");
  EXPECT_EQ(suggest("--mem", kWords), "--memory");
  EXPECT_EQ(suggest("frobnicate", kWords), "");
  EXPECT_EQ(suggest("", kWords), "");
  EXPECT_EQ(suggest(std::string(100'000, 'b'), kWords), "");
}

TEST(Human, GroupsOfThreeDigits) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(123456), "123,456");
  EXPECT_EQ(grouped(~std::uint64_t{0}), "18,446,744,073,709,551,615");
}

TEST(Human, SizesHaveThreeDigitsAtTheBordersOfUnits) {
  EXPECT_EQ(data_size(0), "0 B");
  EXPECT_EQ(data_size(999), "999 B");
  EXPECT_EQ(data_size(1000), "1.00 kB");
  EXPECT_EQ(data_size(9'994), "9.99 kB");
  EXPECT_EQ(data_size(9'996), "10.0 kB");
  EXPECT_EQ(data_size(99'960), "100 kB");
  EXPECT_EQ(data_size(999'499), "999 kB");
  EXPECT_EQ(data_size(999'500), "1.00 MB");
  EXPECT_EQ(data_size(~std::uint64_t{0}), "18447 PB");
  EXPECT_EQ(memory_size(1023), "1023 B");
  EXPECT_EQ(memory_size(std::uint64_t{256} << 20), "256 MiB");
}

TEST(Human, DurationsAndRates) {
  EXPECT_EQ(duration(0), "0.00 s");
  EXPECT_EQ(duration(12.34), "12.3 s");
  EXPECT_EQ(duration(60), "1 min 00 s");
  EXPECT_EQ(duration(3599.4), "59 min 59 s");
  EXPECT_EQ(duration(3600), "1 h 00 min");
  EXPECT_EQ(data_rate(512'000'000, 1), "512 MB/s");
  EXPECT_EQ(data_rate(1, 0), "");
}

TEST(Human, ShellQuotedIsOneWordToTheShell) {
  EXPECT_EQ(shell_quoted("a/b-c.txt"), "a/b-c.txt");
  EXPECT_EQ(shell_quoted(""), "''");
  EXPECT_EQ(shell_quoted("a b"), "'a b'");
  EXPECT_EQ(shell_quoted("it's"), "'it'\\''s'");
}

TEST(ProgressText, ShowsAllWhenThereIsRoom) {
  Progress progress;
  progress.bytes_done = 250'000'000;
  progress.bytes_total = 1'000'000'000;
  progress.num_docs = 1000;
  EXPECT_EQ(progress_text(progress, 2, 100 << 20, 200),
            "reading   25%  250 MB  125 MB/s  6 s left  1,000 documents  500 documents/s  100 MiB");
}

TEST(ProgressText, NeverWiderThanTheTerminal) {
  Progress progress;
  progress.bytes_done = 250'000'000;
  progress.bytes_total = 1'000'000'000;
  progress.num_docs = 1000;
  for (std::size_t width = 0; width < 100; ++width) {
    EXPECT_LE(progress_text(progress, 2, 100 << 20, width).size(), width);
  }
}

TEST(ProgressText, TotalUnknownOrBehindOrNothingDone) {
  Progress progress;
  EXPECT_EQ(progress_text(progress, 0, 0, 80), "reading");
  progress.bytes_done = 2000;
  EXPECT_EQ(progress_text(progress, 0, 0, 80), "reading  2.00 kB");
  progress.bytes_total = 1000;
  EXPECT_EQ(progress_text(progress, 0, 0, 80), "reading  100%  2.00 kB");
}

// A death test is a process of its own.
TEST(StopSignalsTest, TheFirstIsARequestAndTheSecondEndsTheProgram) {
  const auto raise_signals = [](int signal_number, int number) {
    ::signal(signal_number, SIG_DFL);  // What is ignored remains so, as for nohup.
    const StopSignals signals;
    for (; number > 0; --number) ::raise(signal_number);
    std::exit(StopSignals::requested() ? 1 : 2);
  };
  for (const int signal_number : {SIGINT, SIGTERM, SIGHUP}) {
    EXPECT_EXIT(raise_signals(signal_number, 1), ::testing::ExitedWithCode(1), "");
    EXPECT_EXIT(raise_signals(signal_number, 2), ::testing::KilledBySignal(signal_number), "");
  }
}

}  // namespace
}  // namespace spimi::cli
