// Indexes that are damaged or of another version.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/run_program.h"

namespace spimi::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class DamageTest : public CliTest {
 protected:
  DamageTest() { build_index(); }

  /// Runs each command that reads the index; each must exit 5 with nothing on stdout. Returns the
  /// last stderr.
  std::string refused() {
    std::string err;
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"dump", "-i", "index"},
          {"stats", "-i", "index"},
          {"check", "-i", "index"},
          {"query", "-i", "index", "cat"}}) {
      const RunResult result = run(arguments);
      EXPECT_EQ(result.exit_code, 5) << arguments[0] << ": " << result.err;
      EXPECT_THAT(result.out, IsEmpty());
      EXPECT_THAT(result.err, StartsWith("spimi: index"));
      err = result.err;
    }
    return err;
  }

  /// The file of the segment with this name, relative to the fixture's directory.
  std::string segment_file(const std::string& name) {
    for (const auto& entry : fs::directory_iterator(path("index"))) {
      if (entry.is_directory()) return "index/" + entry.path().filename().string() + "/" + name;
    }
    ADD_FAILURE() << "no segment";
    return {};
  }

  /// Flips a bit of the byte at `offset`.
  void damage(const std::string& file, std::size_t offset) {
    std::string bytes = directory_.read_file(file);
    ASSERT_LT(offset, bytes.size());
    bytes[offset] = static_cast<char>(bytes[offset] ^ 1);
    directory_.write_file(file, bytes);
  }
};

TEST_F(DamageTest, AnotherFormatVersionNamesBoth) {
  std::string manifest = directory_.read_file("index/manifest");
  const std::string first_line = "spimi index, format 4\n";
  ASSERT_EQ(manifest.substr(0, first_line.size()), first_line);
  directory_.write_file("index/manifest",
                        "spimi index, format 99\n" + manifest.substr(first_line.size()));
  EXPECT_THAT(refused(), AllOf(HasSubstr("99"), HasSubstr("format 4")));
}

TEST_F(DamageTest, ManifestWithAFlippedBit) {
  damage("index/manifest", 40);
  EXPECT_THAT(refused(), HasSubstr("index/manifest"));
}

TEST_F(DamageTest, ManifestThatIsEmptyOrCutShort) {
  const std::string manifest = directory_.read_file("index/manifest");
  directory_.write_file("index/manifest", manifest.substr(0, manifest.size() / 2));
  refused();
  directory_.write_file("index/manifest", "");
  refused();
}

TEST_F(DamageTest, SegmentFileThatIsMissingOrCutShort) {
  const std::string postings = segment_file("postings");
  const std::string bytes = directory_.read_file(postings);
  directory_.write_file(postings, bytes.substr(0, bytes.size() - 1));
  EXPECT_EQ(run({"query", "-i", "index", "cat"}).exit_code, 5);
  EXPECT_EQ(run({"check", "-i", "index"}).exit_code, 5);
  fs::remove(path(postings));
  EXPECT_EQ(run({"check", "-i", "index"}).exit_code, 5);
}

TEST_F(DamageTest, CheckReportsFileAndOffsetAndSaysToRebuild) {
  const std::string postings = segment_file("postings");
  damage(postings, 66);  // Behind the header of 64 bytes.
  const RunResult people = run({"check", "-i", "index"});
  EXPECT_EQ(people.exit_code, 5);
  EXPECT_THAT(people.out, IsEmpty());
  EXPECT_THAT(people.err, AllOf(HasSubstr("postings: offset "), HasSubstr("spimi build --force")));
  const RunResult result = run({"check", "-i", "index", "--json"});
  EXPECT_EQ(result.exit_code, 5);
  const json report = json::parse(result.out);
  EXPECT_EQ(report["ok"], false);
  ASSERT_GE(report["problems"].size(), 1u);
  EXPECT_THAT(report["problems"][0]["path"].get<std::string>(), HasSubstr("postings"));
  EXPECT_TRUE(report["problems"][0]["offset"].is_number());
}

TEST_F(DamageTest, DamagedListGivesNoAnswer) {
  damage(segment_file("postings"), 66);
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"query", "-i", "index", "cat"}, {"dump", "-i", "index"}}) {
    const RunResult result = run(arguments);
    EXPECT_EQ(result.exit_code, 5) << result.err;
    EXPECT_THAT(result.out, IsEmpty());
  }
}

}  // namespace
}  // namespace spimi::testing
