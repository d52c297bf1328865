// Batches, the benchmark protocol, and look-ups of terms and documents.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "cli/run_program.h"

namespace spimi::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class BatchTest : public CliTest {
 protected:
  BatchTest() { build_index(); }

  RunResult batch(const std::string& topics, std::vector<std::string> arguments = {}) {
    directory_.write_file("topics", topics);
    arguments.insert(arguments.begin(), {"query", "-i", "index", "--batch", "topics"});
    return run(std::move(arguments));
  }
};

TEST_F(BatchTest, AnswersInTheOrderOfTheFileWhateverTheThreads) {
  const std::string topics = "cat\n\nq7\tdog -cat\nzebra\n \"dog cat\"\r\n";
  const std::string expected =
      "1\t0.598186\tcorpus/a.txt\n1\t0.499176\tcorpus/z.md\n"
      "q7\t0.499176\tcorpus/sub/b.txt\n"
      "5\t0.841634\tcorpus/a.txt\n";
  EXPECT_EQ(batch(topics).out, expected);
  EXPECT_EQ(batch(topics, {"-j", "1"}).out, expected);
  std::string many, all;
  for (int i = 1; i <= 1000; ++i) {
    many += "t" + std::to_string(i) + (i % 2 == 0 ? "\tcat\n" : "\tna\xc3\xafve\n");
    all += "t" + std::to_string(i) + (i % 2 == 0 ? "\t2\n" : "\t1\n");
  }
  EXPECT_EQ(batch(many, {"--count", "-j", "4"}).out, all);
}

TEST_F(BatchTest, ReadsTopicsOfTrec) {
  const std::string topics =
      "<top>\n<num> Number: 301\n<title> cat\n<desc> Description:\nnot dog\n</top>\n\n"
      "<top>\n<num>302</num>\n<title>\n the\n dog\n</title>\n</top>\n";
  const RunResult result = batch(topics, {"--format", "trec", "-k", "1"});
  EXPECT_THAT(result.out, StartsWith("301 Q0 a.txt 1 0.598"));
  EXPECT_THAT(result.out, HasSubstr("\n302 Q0 sub/b.txt 1 "));
}

TEST_F(BatchTest, AQueryThatCannotBeReadFailsAlone) {
  const RunResult result = batch("cat\na (b\ndog\n", {"--count"});
  EXPECT_EQ(result.out, "1\t2\n3\t2\n");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("topic 2: query: this parenthesis is not closed"));
  EXPECT_EQ(batch("\n").exit_code, 0);
  EXPECT_EQ(run({"query", "-i", "index", "--batch", "absent"}).exit_code, 4);
  EXPECT_EQ(run({"query", "-i", "index", "--batch", "topics", "cat"}).exit_code, 2);
}

class LookupTest : public CliTest {
 protected:
  LookupTest() { build_index(); }

  std::string out(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin() + 1, {"-i", "index"});
    const RunResult result = run(std::move(arguments));
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.out;
  }
};

TEST_F(LookupTest, TermsByPrefix) {
  EXPECT_EQ(out({"dump", "--prefix", "c"}), out({"dump", "--term", "cat"}));
  EXPECT_EQ(out({"dump", "--prefix", "d", "--json"}) + out({"dump", "--prefix", "t", "--json"}),
            out({"dump", "--term", "dog", "--json"}) + out({"dump", "--term", "the", "--json"}));
  const RunResult none = run({"dump", "-i", "index", "--prefix", "x"});
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_THAT(none.out, IsEmpty());
  EXPECT_EQ(run({"dump", "-i", "index", "--prefix", "x", "--docs"}).exit_code, 2);
}

TEST_F(LookupTest, TermsOfADocument) {
  const std::string expected = "cat\tdf 2\tcf 3\ttf 2\tat 0 2\ndog\tdf 2\tcf 2\ttf 1\tat 1\n";
  EXPECT_EQ(out({"dump", "--doc", "corpus/a.txt"}), expected);
  EXPECT_EQ(out({"dump", "--doc", path("corpus/a.txt")}), expected);
  EXPECT_EQ(out({"dump", "--doc", "a.txt"}), expected);
  std::istringstream lines(out({"dump", "--doc", "a.txt", "--json"}));
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(json::parse(line),
            json::parse(R"({"term":"cat","df":2,"cf":3,"tf":2,"positions":[0,2]})"));
  const RunResult none = run({"dump", "-i", "index", "--doc", "b.txt"});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.err, HasSubstr("no document of the index has the path 'b.txt'"));
}

TEST_F(LookupTest, TopTerms) {
  const json stats = json::parse(out({"stats", "--top", "2", "--json"}));
  EXPECT_EQ(stats["top_df"],
            json::parse(R"([{"term":"cat","df":2,"cf":3},{"term":"dog","df":2,"cf":2}])"));
  EXPECT_EQ(stats["top_cf"], stats["top_df"]);
  EXPECT_THAT(out({"stats", "--top", "1"}), HasSubstr("  cat\nterms that occur most"));
}

TEST_F(LookupTest, ExplainTellsWhetherAndWhy) {
  EXPECT_THAT(out({"explain", "cat dog", "corpus/a.txt"}),
              StartsWith("1.01900  sum of\n  0.598186  cat, length 3"));
  const RunResult none = run({"explain", "-i", "index", "+cat -dog", "a.txt"});
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_THAT(none.out, StartsWith("no  sum of\n"));
  EXPECT_EQ(json::parse(out({"explain", "--json", "cat", "a.txt"}))["matches"], true);
  EXPECT_EQ(run({"explain", "-i", "index", "a)", "a.txt"}).exit_code, 2);
}

TEST_F(LookupTest, SuggestsWhatMayHaveBeenMeant) {
  const RunResult result = run({"query", "-i", "index", "naiev", "cta"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.err,
            "spimi: not in any document: 'naiev', 'cta'; did you mean 'na\xc3\xafve', 'cat'?\n");
}

TEST_F(LookupTest, ServesTheProtocolOfTheSearchBenchmarkGame) {
  directory_.write_file("lines",
                        "COUNT\t+cat dog\nTOP_10\tcat\nTOP_1_COUNT\tcat dog\nDOCS\tcat\nCOUNT\t\"\n"
                        "TOP_x\tcat\nnothing\n");
  RunOptions options;
  options.stdin_path = path("lines");
  const RunResult result = run({"serve-stdin", "-i", "index"}, options);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "2\n1\n3\n0 2\nUNSUPPORTED\nUNSUPPORTED\nUNSUPPORTED\n");
}

}  // namespace
}  // namespace spimi::testing
