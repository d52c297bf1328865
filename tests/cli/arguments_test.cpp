// What the program makes of its arguments, before it touches an index.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "cli/run_program.h"

namespace spimi::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kCommands[] = {"build", "merge",   "query",       "dump",
                                     "stats", "explain", "serve-stdin", "check"};

class ArgumentsTest : public CliTest {
 protected:
  /// Runs what must be refused as usage: exit 2, nothing on stdout. Returns stderr.
  std::string refused(std::vector<std::string> arguments) {
    const RunResult result = run(std::move(arguments));
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_THAT(result.out, IsEmpty());
    EXPECT_THAT(result.err, StartsWith("spimi: "));
    return result.err;
  }
};

TEST_F(ArgumentsTest, NothingPrintsShortHelp) {
  EXPECT_THAT(refused({}), HasSubstr("spimi --help"));
}

TEST_F(ArgumentsTest, VersionNamesFormatAndUnicode) {
  const RunResult result = run({"--version"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "spimi 0.1.0 (index format 4, Unicode 15.0)\n");
}

TEST_F(ArgumentsTest, ProgramHelpNamesEveryCommandAndExitCode) {
  const RunResult result = run({"--help"});
  EXPECT_EQ(result.exit_code, 0);
  for (const char* command : kCommands) {
    EXPECT_THAT(result.out, HasSubstr(std::string("  spimi ") + command));
  }
  EXPECT_THAT(result.out, HasSubstr("6 index locked"));
  EXPECT_EQ(run({"-h"}).out, result.out);
  EXPECT_EQ(run({"help"}).out, result.out);
}

TEST_F(ArgumentsTest, CommandHelpHasExamplesFirstAndFitsATerminal) {
  for (const char* command : kCommands) {
    SCOPED_TRACE(command);
    const RunResult result = run({command, "--help"});
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_LT(result.out.find("Examples:"), result.out.find("Usage:"));
    EXPECT_LT(result.out.find("Usage:"), result.out.find("\n      --json"));
    EXPECT_THAT(result.out, HasSubstr("Exit codes:"));
    EXPECT_EQ(run({"help", command}).out, result.out);
    EXPECT_EQ(run({command, "-h"}).out, result.out);
    std::istringstream lines(result.out);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
  }
}

TEST_F(ArgumentsTest, HelpWinsOverWrongArguments) {
  EXPECT_EQ(run({"build", "--memory", "many", "--frob", "-h"}).exit_code, 0);
}

TEST_F(ArgumentsTest, BuildHelpShowsDefaults) {
  const std::string help = run({"build", "--help"}).out;
  for (const char* value : {"[256M]", "[256K]", "[255]", "[unicode]", "[skip]"}) {
    EXPECT_THAT(help, HasSubstr(value));
  }
}

TEST_F(ArgumentsTest, UnknownCommandSuggestsTheNearest) {
  EXPECT_THAT(refused({"biuld"}), HasSubstr("did you mean 'build'?"));
  EXPECT_THAT(refused({"qurey", "x"}), HasSubstr("did you mean 'query'?"));
  EXPECT_THAT(refused({"--versoin"}), HasSubstr("did you mean '--version'?"));
  EXPECT_THAT(refused({"frobnicate"}),
              AllOf(HasSubstr("unknown command 'frobnicate'"), Not(HasSubstr("did you mean"))));
}

TEST_F(ArgumentsTest, UnknownOptionSuggestsTheNearest) {
  EXPECT_THAT(refused({"build", "--memroy", "64M", "a", "b"}),
              AllOf(HasSubstr("unknown option '--memroy'"), HasSubstr("did you mean '--memory'?"),
                    HasSubstr("spimi build --help")));
  EXPECT_THAT(refused({"build", "--positions=no", "a", "b"}), HasSubstr("'--no-positions'"));
  EXPECT_THAT(refused({"query", "-z", "x"}), HasSubstr("unknown option '-z'"));
}

TEST_F(ArgumentsTest, OptionOfAnotherCommandIsUnknown) {
  EXPECT_THAT(refused({"query", "--memory", "64M", "x"}), HasSubstr("unknown option '--memory'"));
}

TEST_F(ArgumentsTest, ControlBytesOfArgumentsDoNotReachTheTerminal) {
  EXPECT_THAT(refused({"\x1b[31m"}), AllOf(HasSubstr("\\x1b"), Not(HasSubstr("\x1b"))));
  EXPECT_THAT(refused({"build", "--\x1b[31m"}), Not(HasSubstr("\x1b")));
  EXPECT_THAT(refused({"build", "-m", "\x1b[31m", "a", "b"}), Not(HasSubstr("\x1b")));
  EXPECT_THAT(refused({"build", "a", "b", "\xff\n"}), HasSubstr("\\xff\\x0a"));
}

TEST_F(ArgumentsTest, OperandsMissingOrTooMany) {
  EXPECT_THAT(refused({"build"}), HasSubstr("CORPUS_DIR is missing"));
  EXPECT_THAT(refused({"build", "a"}), HasSubstr("OUT_DIR is missing"));
  EXPECT_THAT(refused({"build", "a", "b", "c"}), HasSubstr("unexpected argument 'c'"));
  EXPECT_THAT(refused({"query"}), HasSubstr("TERM is missing"));
  for (const char* command : {"dump", "stats", "check"}) {
    EXPECT_THAT(refused({command, "x"}), HasSubstr("unexpected argument 'x'"));
  }
  EXPECT_THAT(refused({"merge", "a", "b"}), HasSubstr("-o OUT_DIR"));
  EXPECT_THAT(refused({"merge", "-o", "a"}), HasSubstr("INDEX is missing"));
}

TEST_F(ArgumentsTest, ValuesThatCannotBeNameTheOptionAndWhatCan) {
  EXPECT_THAT(refused({"build", "-m", "12Q", "a", "b"}),
              AllOf(HasSubstr("--memory"), HasSubstr("'12Q'"), HasSubstr("KiB, MiB or GiB")));
  EXPECT_THAT(refused({"build", "--chunk-size", "big", "a", "b"}),
              AllOf(HasSubstr("--chunk-size"), HasSubstr("'big'")));
  EXPECT_THAT(refused({"build", "-j", "two", "a", "b"}),
              AllOf(HasSubstr("--threads"), HasSubstr("'two'"), HasSubstr("from 0")));
  EXPECT_THAT(refused({"build", "--tokenizer", "klingon", "a", "b"}),
              AllOf(HasSubstr("'klingon'"), HasSubstr("unicode, alpha")));
  EXPECT_THAT(refused({"build", "--binary", "maybe", "a", "b"}), HasSubstr("skip, text"));
  EXPECT_THAT(refused({"build", "--max-token-bytes", "0", "a", "b"}), HasSubstr("from 1 to 4096"));
  EXPECT_THAT(refused({"build", "--max-token-bytes", "4097", "a", "b"}),
              HasSubstr("from 1 to 4096"));
  EXPECT_THAT(refused({"build", "--color", "red", "a", "b"}), HasSubstr("auto, always, never"));
  EXPECT_THAT(refused({"build", "--force=yes", "a", "b"}), HasSubstr("takes no value"));
  EXPECT_THAT(refused({"query", "-k", "0", "x"}), HasSubstr("from 1"));
  EXPECT_THAT(refused({"query", "-k", "-5", "x"}), HasSubstr("'-5'"));
  EXPECT_THAT(refused({"merge", "--fan-in", "1"}), HasSubstr("2 or more"));
  EXPECT_THAT(refused({"build", "a", "b", "-m"}), HasSubstr("--memory"));
}

}  // namespace
}  // namespace spimi::testing
