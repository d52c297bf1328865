#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/run_program.h"

namespace spimi::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class MergeTest : public CliTest {
 protected:
  /// The path in the first line that a query prints.
  static std::string first_path(const std::string& out) {
    const std::size_t tab = out.find('\t');
    return tab == std::string::npos ? out : out.substr(tab + 1, out.find('\n') - tab - 1);
  }

  std::string build_id(const std::string& index) {
    return json::parse(run({"stats", "--json", "-i", index}).out)["build_id"];
  }
};

TEST_F(MergeTest, FinishesABuildMadeWithNoMerge) {
  build_index();
  const RunResult build = run({"build", "--no-merge", "corpus", "late"});
  EXPECT_EQ(build.exit_code, 0) << build.err;
  EXPECT_THAT(build.err, HasSubstr("next: spimi merge late\n"));
  EXPECT_FALSE(fs::exists(path("late/manifest")));
  const RunResult merge = run({"merge", "late"});
  EXPECT_EQ(merge.exit_code, 0) << merge.err;
  EXPECT_THAT(merge.err, HasSubstr("index of 3 documents in late\n"));
  EXPECT_EQ(build_id("late"), build_id("index"));
  EXPECT_FALSE(fs::exists(path("late/staging")));
}

TEST_F(MergeTest, WithoutOutDirTakesTheWorkingDirectoryElseTheLastBuilt) {
  write_corpus();
  ASSERT_EQ(run({"build", "-q", "--no-merge", "corpus", "one"}).exit_code, 0);
  const RunResult unmerged = run({"query", "cat"});
  EXPECT_EQ(unmerged.exit_code, 2);
  EXPECT_THAT(unmerged.err, HasSubstr("spimi merge"));
  const RunResult last = run({"merge"});
  EXPECT_EQ(last.exit_code, 0) << last.err;
  EXPECT_THAT(last.err, HasSubstr("spimi: merging " + path("one") + " (last built)\n"));

  ASSERT_EQ(run({"build", "-q", "--no-merge", "corpus", "two"}).exit_code, 0);
  RunOptions options;
  options.directory = path("two");
  EXPECT_EQ(run({"merge", "-q"}, options).exit_code, 0);
  EXPECT_EQ(build_id("two"), build_id("one"));

  const RunResult nothing = run({"merge"});
  EXPECT_EQ(nothing.exit_code, 2);
  EXPECT_THAT(nothing.err, HasSubstr("nothing to merge"));
}

TEST_F(MergeTest, JoinsIndexesInTheOrderGiven) {
  directory_.write_file("one/a.txt", "Cat dog cat\n");
  directory_.write_file("two/b.txt", "The dog.\n");
  ASSERT_EQ(run({"build", "-q", "one", "one.index"}).exit_code, 0);
  ASSERT_EQ(run({"build", "-q", "two", "two.index"}).exit_code, 0);
  const RunResult merge = run({"merge", "-o", "both", "two.index", "one.index"});
  EXPECT_EQ(merge.exit_code, 0) << merge.err;
  EXPECT_EQ(run({"dump", "-i", "both", "--docs", "--json"}).out,
            "{\"docid\":0,\"path\":\"b.txt\",\"length\":2}\n"
            "{\"docid\":1,\"path\":\"a.txt\",\"length\":3}\n");
  EXPECT_EQ(first_path(run({"query", "-i", "both", "cat"}).out), "one/a.txt");

  // Two corpora, two roots.
  fs::rename(path("two"), path("moved"));
  const RunResult moved = run({"query", "-i", "both", "--root", "moved", "--root", "one", "the"});
  EXPECT_EQ(first_path(moved.out), "moved/b.txt");
  const RunResult one_root = run({"query", "-i", "both", "--root", "moved", "the"});
  EXPECT_EQ(one_root.exit_code, 2);
  EXPECT_THAT(one_root.err, HasSubstr("2 roots"));

  EXPECT_EQ(run({"merge", "-o", "both", "one.index"}).exit_code, 2);
  EXPECT_EQ(run({"merge", "--force", "-q", "-o", "both", "one.index"}).exit_code, 0);
}

TEST_F(MergeTest, IndexesThatDoNotFitAreRefused) {
  build_index();
  ASSERT_EQ(run({"build", "-q", "--tokenizer", "alpha", "corpus", "alpha"}).exit_code, 0);
  const RunResult result = run({"merge", "-o", "both", "index", "alpha"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("alpha"));
  EXPECT_FALSE(fs::exists(path("both/manifest")));
}

TEST_F(MergeTest, JsonSummary) {
  build_index();
  const RunResult result = run({"merge", "--json", "-o", "copy", "index"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, IsEmpty());
  EXPECT_EQ(json::parse(result.out)["num_docs"], 3);
  EXPECT_EQ(json::parse(result.out)["build_id"], build_id("index"));
}

TEST_F(MergeTest, TimingsAreThoseOfTheMergeOnly) {
  build_index();
  EXPECT_THAT(run({"merge", "--timings", "-o", "copy", "index"}).err,
              AllOf(HasSubstr("ns/token\n"), HasSubstr("\n  queue"), Not(HasSubstr("tokenize"))));
  ASSERT_EQ(run({"build", "-q", "--no-merge", "corpus", "late"}).exit_code, 0);
  const json summary = json::parse(run({"merge", "--json", "--timings", "late"}).out);
  EXPECT_EQ(summary["stages"]["tokenize"]["seconds"], 0);
  EXPECT_GT(summary["stages"]["queue"]["seconds"], 0);
}

}  // namespace
}  // namespace spimi::testing
