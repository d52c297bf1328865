// The prompt of spimi query, on a terminal of its own.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "cli/run_program.h"

namespace spimi::testing {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kPrompt = "\nspimi> ";  // One that is shown again begins with \r.
const std::string kEnd = "\x04";          // ^D

class PromptTest : public CliTest {
 protected:
  PromptTest() { build_index(); }

  /// What a terminal shows when each of `lines` is typed at a prompt of its own; without control
  /// sequences.
  std::string shown(const std::vector<std::string>& lines, std::vector<std::string> arguments = {},
                    int exit_code = 0) {
    RunOptions options;
    options.environment = {{"TERM", "dumb"}, {"NO_COLOR", "1"}};
    for (const std::string& line : lines) options.typed.emplace_back(kPrompt, line);
    arguments.insert(arguments.begin(), {"query", "-i", "index"});
    const RunResult result = run(std::move(arguments), options);
    EXPECT_EQ(result.exit_code, exit_code) << result.out;
    return std::regex_replace(result.out, std::regex("\r"), "");
  }
};

TEST_F(PromptTest, AnswersLineAfterLine) {
  const std::string screen = shown({"cat\n", "\"the dog\"\n", kEnd});
  EXPECT_THAT(screen, HasSubstr("3 documents in index; :help explains, ^D leaves\n"));
  EXPECT_THAT(screen,
              HasSubstr("\n0.598186\tcorpus/a.txt\n    Cat dog cat\n0.499176\tcorpus/z.md\n"));
  EXPECT_THAT(screen, ContainsRegex("\n2 documents in [0-9]+\\.[0-9][0-9] ms\n"));
  EXPECT_THAT(screen, ContainsRegex("\tcorpus/sub/b\\.txt\n    The dog\\.\n1 document in "));
}

TEST_F(PromptTest, CountsWhatMatchesNotWhatIsShown) {
  const std::string screen = shown({"cat dog\n", kEnd}, {"-k", "1", "--snippets", "never"});
  EXPECT_THAT(screen, ContainsRegex("1\\.01900\tcorpus/a\\.txt\n3 documents in "));
  EXPECT_THAT(shown({"cat dog\n", kEnd}, {"--count"}), ContainsRegex("\n3\n3 documents in "));
}

TEST_F(PromptTest, MistakesAreToldAndTheNextLineIsRead) {
  const std::string screen = shown({"(cat\n", "---\n", "zebra\n", ":no\n", "  \n", "cat\n", kEnd});
  EXPECT_THAT(screen, HasSubstr("spimi: query: this parenthesis is not closed; in quotes it is "
                                "text\n  (cat\n  ^\n"));
  EXPECT_THAT(screen, HasSubstr("no term in '---'"));
  EXPECT_THAT(screen, HasSubstr("not in any document: 'zebra'"));
  EXPECT_THAT(screen, HasSubstr("':no' is not a command"));
  EXPECT_THAT(screen, HasSubstr("\n0.598186\tcorpus/a.txt\n"));
}

TEST_F(PromptTest, HelpAndQuit) {
  const std::string screen = shown({":help\n", ":quit\n"});
  EXPECT_THAT(screen, HasSubstr("The query language."));
  EXPECT_THAT(screen, HasSubstr(":quit or ^D leaves"));
}

TEST_F(PromptTest, ControlCClearsTheLine) {
  const std::string screen =
      shown({"zebra\x03"
             "cat\n",
             kEnd});
  EXPECT_THAT(screen, HasSubstr("\n0.598186\tcorpus/a.txt\n"));
  EXPECT_THAT(screen, Not(HasSubstr("not in any document")));
}

TEST_F(PromptTest, HistoryOutlivesTheProgram) {
  const std::string up = "\x10";  // ^P
  shown({"dog -cat\n", "na\xc3\xafve\n", kEnd});
  // Twice back is the first of the two lines; a character of two bytes is one to the editor.
  const std::string screen = shown({up + up + "\n", "na\xc3\xafve\x7f\x7f\x7f*\n", kEnd});
  EXPECT_THAT(screen, HasSubstr("\n0.499176\tcorpus/sub/b.txt\n"));
  EXPECT_THAT(screen, HasSubstr("\tcorpus/z.md\n"));
  EXPECT_THAT(directory_.read_file("state/spimi/query-history"), HasSubstr("dog"));
}

TEST_F(PromptTest, NeedsNoPlaceForItsHistory) {
  RunOptions options;
  options.environment = {{"TERM", "dumb"}, {"XDG_STATE_HOME", "/proc/none"}};
  options.typed = {{kPrompt, "cat\n"}, {kPrompt, kEnd}};
  const RunResult result = run({"query", "-i", "index"}, options);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, Not(HasSubstr("/proc/none")));
  EXPECT_THAT(result.out, HasSubstr("corpus/a.txt"));
}

TEST_F(PromptTest, WithoutATerminalATermIsMissing) {
  const RunResult result = run({"query", "-i", "index"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("TERM is missing"));
}

}  // namespace
}  // namespace spimi::testing
