#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "cli/run_program.h"
#include "spimi/error.h"

namespace spimi::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class QueryTest : public CliTest {
 protected:
  QueryTest() { build_index(); }
};

TEST_F(QueryTest, HitsBestFirstWithPathsThatOpenFromHere) {
  const RunResult result = run({"query", "-i", "index", "cat"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "0.598186\tcorpus/a.txt\n0.499176\tcorpus/z.md\n");
  EXPECT_THAT(result.err, IsEmpty());
}

TEST_F(QueryTest, TermsAreJoinedAndTokenizedAsTheIndexIs) {
  const std::string expected = run({"query", "-i", "index", "cat", "dog"}).out;
  EXPECT_EQ(expected, "1.01900\tcorpus/a.txt\n0.499176\tcorpus/sub/b.txt\n0.499176\tcorpus/z.md\n");
  EXPECT_EQ(run({"query", "-i", "index", "CAT, Dog!"}).out, expected);
  EXPECT_EQ(run({"query", "-i", "index", "--", "--cat", "dog"}).out, expected);
  EXPECT_EQ(run({"query", "-i", "index", "na\xc3\xafve"}).out, "1.04171\tcorpus/z.md\n");
}

TEST_F(QueryTest, LimitOfHits) {
  EXPECT_EQ(run({"query", "-i", "index", "-k", "1", "cat", "dog"}).out, "1.01900\tcorpus/a.txt\n");
  EXPECT_EQ(run({"query", "-i", "index", "-k1", "--all", "cat"}).out,
            run({"query", "-i", "index", "cat"}).out);
  for (int i = 0; i < 12; ++i) directory_.write_file("many/" + std::to_string(i), "x");
  ASSERT_EQ(run({"build", "-q", "many", "many.index"}).exit_code, 0);
  const auto num_lines = [](const std::string& text) {
    return std::count(text.begin(), text.end(), '\n');
  };
  EXPECT_EQ(num_lines(run({"query", "-i", "many.index", "x"}).out), 10);
  EXPECT_EQ(num_lines(run({"query", "-i", "many.index", "-k", "11", "x"}).out), 11);
  EXPECT_EQ(num_lines(run({"query", "-i", "many.index", "--all", "x"}).out), 12);
  EXPECT_EQ(run({"query", "-i", "many.index", "--count", "x"}).out, "12\n");
}

TEST_F(QueryTest, CountOfHits) {
  EXPECT_EQ(run({"query", "-i", "index", "--count", "cat", "dog"}).out, "3\n");
  EXPECT_EQ(run({"query", "-i", "index", "--count", "--json", "cat"}).out, "{\"count\":2}\n");
  const RunResult none = run({"query", "-i", "index", "--count", "zebra"});
  EXPECT_EQ(none.out, "0\n");
  EXPECT_EQ(none.exit_code, 1);
}

TEST_F(QueryTest, JsonHasRelativePathRootAndFullScore) {
  std::istringstream lines(run({"query", "-i", "index", "--json", "cat"}).out);
  std::string line;
  std::getline(lines, line);
  const json hit = json::parse(line);
  EXPECT_EQ(hit.size(), 5u);
  EXPECT_EQ(hit["rank"], 1);
  EXPECT_EQ(hit["docid"], 0);
  EXPECT_EQ(hit["path"], "a.txt");
  EXPECT_EQ(hit["root"], path("corpus"));
  EXPECT_NEAR(hit["score"].get<double>(), 0.5981864372218454, 1e-12);
}

TEST_F(QueryTest, NoMatchExitsOneAndNamesTheTerms) {
  const RunResult result = run({"query", "-i", "index", "zebra", "Yak"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_EQ(result.err, "spimi: not in any document: 'zebra', 'yak'\n");
  EXPECT_THAT(run({"query", "-q", "-i", "index", "zebra"}).err, IsEmpty());
}

TEST_F(QueryTest, QueryWithoutAnyTokenIsRefused) {
  for (const char* text : {"---", "", " ", "!?"}) {
    const RunResult result = run({"query", "-i", "index", text});
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.err, HasSubstr("no term in"));
  }
}

TEST_F(QueryTest, PathIsAbsoluteOutsideTheWorkingDirectory) {
  RunOptions options;
  options.directory = path("home");
  EXPECT_EQ(run({"query", "-i", path("index"), "-k", "1", "cat"}, options).out,
            "0.598186\t" + path("corpus/a.txt") + "\n");
  options.directory = path("corpus");
  EXPECT_EQ(run({"query", "-i", path("index"), "-k", "1", "cat"}, options).out,
            "0.598186\ta.txt\n");
  // Not below it, although its name begins alike.
  options.directory = directory_.make_directory("corp");
  EXPECT_EQ(run({"query", "-i", path("index"), "-k", "1", "cat"}, options).out,
            "0.598186\t" + path("corpus/a.txt") + "\n");
}

TEST_F(QueryTest, RootSaysWhereAMovedCorpusIs) {
  fs::rename(path("corpus"), path("moved"));
  EXPECT_EQ(run({"query", "-i", "index", "--root", "moved", "-k", "1", "cat"}).out,
            "0.598186\tmoved/a.txt\n");
  EXPECT_EQ(run({"query", "-i", "index", "--root", path("moved"), "-k", "1", "cat"}).out,
            "0.598186\tmoved/a.txt\n");
}

TEST_F(QueryTest, StrangeNamesAreEscapedReversibly) {
  const std::string name = "a\nb\xff\\c\x1b.txt";
  directory_.write_file("odd/" + name, "word");
  directory_.write_file("odd/-x", "word word");
  ASSERT_EQ(run({"build", "-q", "odd", "odd.index"}).exit_code, 0);
  const RunResult people = run({"query", "-i", "odd.index", "-k", "2", "word"});
  EXPECT_THAT(people.out, HasSubstr("\todd/a\\x0ab\\xff\\x5cc\\x1b.txt\n"));
  RunOptions inside;
  inside.directory = path("odd");
  EXPECT_THAT(run({"query", "-i", path("odd.index"), "word"}, inside).out, HasSubstr("\t./-x\n"));
  std::istringstream lines(run({"dump", "--docs", "--json", "-i", "odd.index"}).out);
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(unescape_bytes(json::parse(line)["path"].get<std::string>()), "-x");
  std::getline(lines, line);
  EXPECT_EQ(unescape_bytes(json::parse(line)["path"].get<std::string>()), name);
}

TEST_F(QueryTest, ColorOnlyWhereItIsWanted) {
  EXPECT_THAT(run({"query", "-i", "index", "cat"}).out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(run({"query", "-i", "index", "--color", "always", "cat"}).out, HasSubstr("\x1b["));
  EXPECT_THAT(run({"query", "-i", "index", "--color", "always", "--json", "cat"}).out,
              Not(HasSubstr("\x1b")));
}

class IndexChoiceTest : public CliTest {};

TEST_F(IndexChoiceTest, LastBuiltIsUsedAndNamed) {
  build_index();
  RunOptions options;
  options.directory = path("home");
  const RunResult result = run({"query", "cat"}, options);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.err, "spimi: using index " + path("index") + " (last built)\n");
  for (const char* command : {"dump", "stats", "check"}) {
    EXPECT_EQ(run({command, "-q"}, options).exit_code, 0) << command;
  }
}

TEST_F(IndexChoiceTest, OptionThenEnvironmentThenWorkingDirectory) {
  build_index();
  directory_.write_file("other/x.txt", "zebra");
  ASSERT_EQ(run({"build", "-q", "other", "other.index"}).exit_code, 0);
  RunOptions options;
  options.directory = path("index");
  EXPECT_EQ(run({"query", "cat"}, options).err, "");
  options.environment = {{"SPIMI_INDEX", path("other.index")}};
  EXPECT_EQ(run({"query", "zebra"}, options).exit_code, 0);
  EXPECT_EQ(run({"query", "-q", "-i", ".", "zebra"}, options).exit_code, 1);
  options.environment = {{"SPIMI_INDEX", ""}};
  EXPECT_EQ(run({"query", "cat"}, options).exit_code, 0);
}

TEST_F(IndexChoiceTest, NoneExplainsAllFour) {
  const RunResult result = run({"query", "cat"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("-i DIR"), HasSubstr("$SPIMI_INDEX"),
                                HasSubstr("directory of an index"), HasSubstr("last one built")));
}

TEST_F(IndexChoiceTest, LastBuiltThatIsGoneIsNamed) {
  build_index();
  fs::remove_all(path("index"));
  const RunResult result = run({"query", "cat"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr(path("index") + " is gone"));
}

TEST_F(IndexChoiceTest, DirectoryWithoutAnIndex) {
  write_corpus();
  EXPECT_EQ(run({"query", "-i", "corpus", "cat"}).exit_code, 4);
  EXPECT_EQ(run({"query", "-i", "nowhere", "cat"}).exit_code, 4);
}

TEST_F(IndexChoiceTest, StateThatCannotBeWrittenFailsNoBuild) {
  write_corpus();
  RunOptions options;
  options.environment = {{"XDG_STATE_HOME", "/proc/none"}};
  const RunResult silent = run({"build", "corpus", "index"}, options);
  EXPECT_EQ(silent.exit_code, 0);
  EXPECT_THAT(silent.err, Not(HasSubstr("/proc/none")));
  const RunResult verbose = run({"build", "-v", "--force", "corpus", "index"}, options);
  EXPECT_EQ(verbose.exit_code, 0);
  EXPECT_THAT(verbose.err, HasSubstr("/proc/none"));
}

TEST_F(IndexChoiceTest, StateGoesToTheHomeDirectoryOrNowhere) {
  write_corpus();
  RunOptions options;
  options.environment = {{"XDG_STATE_HOME", "relative/is/ignored"}};
  EXPECT_EQ(run({"build", "-q", "corpus", "index"}, options).exit_code, 0);
  EXPECT_EQ(directory_.read_file("home/.local/state/spimi/last-index"), path("index") + "\n");
  options.environment.push_back({"HOME", ""});
  EXPECT_EQ(run({"build", "-q", "--force", "corpus", "index"}, options).exit_code, 0);
  EXPECT_EQ(run({"query", "cat"}, options).exit_code, 2);
}

}  // namespace
}  // namespace spimi::testing
