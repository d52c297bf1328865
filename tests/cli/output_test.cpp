// dump, stats and check: what they print, and what becomes of output that cannot be written.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/run_program.h"

namespace spimi::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class OutputTest : public CliTest {
 protected:
  OutputTest() { build_index(); }

  const std::vector<std::vector<std::string>> printing_{{"query", "-i", "index", "cat"},
                                                        {"query", "-i", "index", "--json", "cat"},
                                                        {"dump", "-i", "index"},
                                                        {"dump", "-i", "index", "--json"},
                                                        {"dump", "-i", "index", "--docs"},
                                                        {"stats", "-i", "index"},
                                                        {"check", "-i", "index"},
                                                        {"--help"},
                                                        {"build", "--help"},
                                                        {"--version"},
                                                        {"stats", "-i", "index", "--json"},
                                                        {"check", "-i", "index", "--json"}};
};

TEST_F(OutputTest, DumpForPeople) {
  EXPECT_EQ(run({"dump", "-i", "index"}).out,
            "cat\tdf 2\tcf 3\n"
            "\tdoc 0\ttf 2\tat 0 2\n"
            "\tdoc 2\ttf 1\tat 1\n"
            "dog\tdf 2\tcf 2\n"
            "\tdoc 0\ttf 1\tat 1\n"
            "\tdoc 1\ttf 1\tat 1\n"
            "na\xc3\xafve\tdf 1\tcf 1\n"
            "\tdoc 2\ttf 1\tat 0\n"
            "the\tdf 1\tcf 1\n"
            "\tdoc 1\ttf 1\tat 0\n");
}

TEST_F(OutputTest, DumpAsJson) {
  EXPECT_EQ(run({"dump", "-i", "index", "--json"}).out,
            "{\"term\":\"cat\",\"df\":2,\"cf\":3,\"postings\":[[0,2,[0,2]],[2,1,[1]]]}\n"
            "{\"term\":\"dog\",\"df\":2,\"cf\":2,\"postings\":[[0,1,[1]],[1,1,[1]]]}\n"
            "{\"term\":\"na\xc3\xafve\",\"df\":1,\"cf\":1,\"postings\":[[2,1,[0]]]}\n"
            "{\"term\":\"the\",\"df\":1,\"cf\":1,\"postings\":[[1,1,[0]]]}\n");
}

TEST_F(OutputTest, DumpWithoutPositionsHasNoThirdElement) {
  ASSERT_EQ(run({"build", "-q", "--no-positions", "corpus", "bare"}).exit_code, 0);
  EXPECT_THAT(run({"dump", "-i", "bare", "--json"}).out,
              StartsWith("{\"term\":\"cat\",\"df\":2,\"cf\":3,\"postings\":[[0,2],[2,1]]}\n"));
  EXPECT_THAT(run({"dump", "-i", "bare"}).out, StartsWith("cat\tdf 2\tcf 3\n\tdoc 0\ttf 2\n"));
}

TEST_F(OutputTest, DumpOfDocuments) {
  EXPECT_EQ(run({"dump", "-i", "index", "--docs", "--json"}).out,
            "{\"docid\":0,\"path\":\"a.txt\",\"length\":3}\n"
            "{\"docid\":1,\"path\":\"sub/b.txt\",\"length\":2}\n"
            "{\"docid\":2,\"path\":\"z.md\",\"length\":2}\n");
  EXPECT_EQ(run({"dump", "-i", "index", "--docs"}).out,
            "0\t3\ta.txt\n1\t2\tsub/b.txt\n2\t2\tz.md\n");
}

TEST_F(OutputTest, DumpOfOneTerm) {
  EXPECT_EQ(run({"dump", "-i", "index", "--json", "--term", "THE"}).out,
            "{\"term\":\"the\",\"df\":1,\"cf\":1,\"postings\":[[1,1,[0]]]}\n");
  const RunResult missing = run({"dump", "-i", "index", "--term", "zebra"});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_THAT(missing.err, HasSubstr("'zebra'"));
  EXPECT_EQ(run({"dump", "-i", "index", "--term", "two words"}).exit_code, 2);
  EXPECT_EQ(run({"dump", "-i", "index", "--term", "the", "--docs"}).exit_code, 2);
}

TEST_F(OutputTest, DumpLargerThanTheBufferIsWhole) {
  std::string text;
  for (int i = 0; i < 40'000; ++i) text += "word" + std::to_string(i % 9000) + " ";
  directory_.write_file("large/file", text);
  ASSERT_EQ(run({"build", "-q", "large", "large.index"}).exit_code, 0);
  const std::string dump = run({"dump", "-i", "large.index", "--json"}).out;
  std::size_t num_terms = 0;
  std::size_t num_positions = 0;
  for (std::size_t at = 0; at < dump.size();) {
    const std::size_t end = dump.find('\n', at);
    ASSERT_NE(end, std::string::npos);
    const json line = json::parse(dump.substr(at, end - at));
    num_positions += line["postings"][0][2].size();
    ++num_terms;
    at = end + 1;
  }
  EXPECT_EQ(num_terms, 9000u);
  EXPECT_EQ(num_positions, 40'000u);
}

TEST_F(OutputTest, StatsForPeople) {
  const std::string out = run({"stats", "-i", "index"}).out;
  for (const char* line :
       {"  format             4\n", "  tokenizer          unicode, Unicode 15.0\n",
        "  longest token      255 bytes\n", "  positions          yes\n",
        "  documents          3\n", "  distinct terms     4\n", "  postings           6\n",
        "  tokens             7\n", "  manifest\n"}) {
    EXPECT_THAT(out, HasSubstr(line));
  }
  EXPECT_THAT(out, HasSubstr(path("corpus") + " (3 documents)\n"));
}

TEST_F(OutputTest, StatsAsJson) {
  const json stats = json::parse(run({"stats", "-i", "index", "--json"}).out);
  EXPECT_EQ(stats["format_version"], 4);
  EXPECT_EQ(stats["tokenizer"], "unicode");
  EXPECT_EQ(stats["unicode_version"], "15.0");
  EXPECT_EQ(stats["max_token_bytes"], 255);
  EXPECT_EQ(stats["positions"], true);
  EXPECT_EQ(stats["num_docs"], 3);
  EXPECT_EQ(stats["num_terms"], 4);
  EXPECT_EQ(stats["num_postings"], 6);
  EXPECT_EQ(stats["num_tokens"], 7);
  EXPECT_EQ(stats["roots"], json::parse("[{\"root\":\"" + path("corpus") + "\",\"num_docs\":3}]"));
  std::uint64_t total = 0;
  for (const auto& [name, size] : stats["files"].items()) total += size.get<std::uint64_t>();
  EXPECT_EQ(stats["index_bytes"], total);
  EXPECT_DOUBLE_EQ(stats["bytes_per_posting"].get<double>(), static_cast<double>(total) / 6);
  EXPECT_DOUBLE_EQ(stats["bytes_per_token"].get<double>(), static_cast<double>(total) / 7);
}

TEST_F(OutputTest, CheckOfASoundIndex) {
  const RunResult people = run({"check", "-i", "index"});
  EXPECT_EQ(people.exit_code, 0);
  EXPECT_THAT(people.out, StartsWith("ok: 3 documents, 4 terms, 6 postings, "));
  EXPECT_THAT(people.err, IsEmpty());
  const json result = json::parse(run({"check", "-i", "index", "--json"}).out);
  EXPECT_EQ(result["ok"], true);
  EXPECT_EQ(result["problems"], json::array());
}

TEST_F(OutputTest, FullDeviceIsAnError) {
  RunOptions options;
  options.stdout_path = "/dev/full";
  for (const auto& arguments : printing_) {
    SCOPED_TRACE(arguments[0]);
    const RunResult result = run(arguments, options);
    EXPECT_EQ(result.exit_code, 4);
    EXPECT_EQ(result.err, "spimi: standard output: cannot write: No space left on device\n");
  }
  EXPECT_EQ(run({"build", "--json", "--force", "corpus", "index"}, options).exit_code, 4);
}

TEST_F(OutputTest, ClosedOutputEndsQuietly) {
  RunOptions options;
  options.close_stdout_reader = true;
  for (const auto& arguments : printing_) {
    SCOPED_TRACE(arguments[0]);
    const RunResult result = run(arguments, options);
    EXPECT_EQ(result.signal, SIGPIPE);
    EXPECT_THAT(result.err, IsEmpty());
  }
}

TEST_F(OutputTest, ClosedOutputEndsQuietlyWhereSigpipeIsIgnored) {
  RunOptions options;
  options.close_stdout_reader = true;
  options.ignore_sigpipe = true;
  for (const auto& arguments : printing_) {
    SCOPED_TRACE(arguments[0]);
    const RunResult result = run(arguments, options);
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_THAT(result.err, IsEmpty());
  }
}

TEST_F(OutputTest, BuildIsFinishedThoughNobodyReadsItsSummary) {
  RunOptions options;
  options.close_stdout_reader = true;
  EXPECT_EQ(run({"build", "--json", "corpus", "other"}, options).exit_code, 0);
  EXPECT_EQ(run({"check", "-i", "other"}).exit_code, 0);
}

}  // namespace
}  // namespace spimi::testing
