#include "spimi/index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "spimi/error.h"
#include "support/segment_builder.h"
#include "support/temporary_directory.h"

namespace spimi::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TestIndex small_index() {
  TestIndex index;
  index.roots = {{"/first", 1}, {"/empty", 0}, {"/second", 2}};
  index.documents = {{"a.txt", 2}, {"a.txt", 3}, {"b/c.txt", 0}};
  index.lists["one"] = {{0, 2, {0, 1}}, {1, 1, {7}}};
  index.lists["two"] = {{1, 2, {0, 4294967295u}}};
  return index;
}

class IndexTest : public ::testing::Test {
 protected:
  void write(const TestIndex& index) { write_files(index_files(index), directory_.path()); }

  /// The Error that opening the index throws.
  Error refusal() {
    try {
      Index::open(directory_.path());
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "it was opened";
    return Error(ErrorKind::kUsage, "", "");
  }

  TemporaryDirectory directory_;
};

TEST_F(IndexTest, TellsWhatItHolds) {
  write(small_index());
  const Index index = Index::open(directory_.path());
  EXPECT_EQ(index.directory(), directory_.path());
  EXPECT_EQ(index.info().num_docs, 3u);
  EXPECT_EQ(index.info().num_terms, 2u);
  EXPECT_EQ(index.info().num_postings, 3u);
  EXPECT_EQ(index.info().num_tokens, 5u);
  EXPECT_EQ(index.path(0), "a.txt");
  EXPECT_EQ(index.path(1), "a.txt");
  EXPECT_EQ(index.path(2), "b/c.txt");
  EXPECT_EQ(index.root(0), "/first");
  EXPECT_EQ(index.root(1), "/second");
  EXPECT_EQ(index.root(2), "/second");
  EXPECT_EQ(index.length(1), 3u);

  TermIterator terms = index.terms();
  ASSERT_TRUE(terms.next());
  EXPECT_EQ(terms.term(), "one");
  EXPECT_EQ(terms.info().cf, 3u);
  ASSERT_TRUE(terms.next());
  EXPECT_EQ(terms.term(), "two");
  Cursor cursor = index.cursor(terms.info());
  EXPECT_FALSE(terms.next());
  EXPECT_EQ(cursor.seek(1), 1u);
  EXPECT_EQ(cursor.tf(), 2u);
  EXPECT_THAT(cursor.positions(), ElementsAre(0, 4294967295u));
  EXPECT_EQ(cursor.next(), Cursor::kEnd);
}

TEST_F(IndexTest, SuggestsTheNearestTermsThenTheCommonest) {
  TestIndex index = small_index();
  for (const char* term : {"house", "mousy", "mouth", "route", "rout"}) {
    index.lists[term] = {{0, 1, {3}}};
  }
  index.lists["rouse"] = {{0, 1, {4}}, {1, 1, {8}}};
  for (auto& document : index.documents) document.length += 10;
  write(index);
  const Index opened = Index::open(directory_.path());
  EXPECT_THAT(opened.suggest("mouse", 10), ElementsAre("rouse", "house", "mousy", "mouth"));
  EXPECT_THAT(opened.suggest("mouse", 4), ElementsAre("rouse", "house", "mousy", "mouth"));
  EXPECT_THAT(opened.suggest("mouse", 2), ElementsAre("rouse", "house"));
  EXPECT_THAT(opened.suggest("rotu", 10), ElementsAre("rout"));
  EXPECT_THAT(opened.suggest("on", 10), ElementsAre());
}

TEST_F(IndexTest, ListsItsFilesWithTheirSizes) {
  for (const bool positions : {true, false}) {
    TestIndex contents = small_index();
    contents.positions = positions;
    const auto files = index_files(contents);
    write_files(files, directory_.path());
    const Index index = Index::open(directory_.path());
    std::uint64_t sum = 0;
    EXPECT_EQ(index.files().size(), files.size());
    for (const auto& [name, size] : index.files()) {
      EXPECT_EQ(size, files.at(name).size()) << name;
      sum += size;
    }
    EXPECT_EQ(index.index_bytes(), sum);
  }
}

TEST_F(IndexTest, QueryTermsAreDistinctAndThroughTheIndexsTokenizer) {
  TestIndex contents = small_index();
  write(contents);
  EXPECT_THAT(Index::open(directory_.path()).query_terms("Zwei \xc3\x84pfel, zwei 2x"),
              ElementsAre("zwei", "\xc3\xa4pfel", "2x"));
  contents.tokenizer = Tokenizer::kAlpha;
  write(contents);
  EXPECT_THAT(Index::open(directory_.path()).query_terms("Zwei \xc3\x84pfel, zwei 2x"),
              ElementsAre("zwei", "pfel", "x"));
}

TEST_F(IndexTest, KnowsAnIndexByItsManifestWhateverTheVersion) {
  EXPECT_FALSE(Index::is_index(directory_.path()));
  EXPECT_FALSE(Index::is_index(directory_.path("absent")));
  directory_.write_file("manifest", "something else");
  EXPECT_FALSE(Index::is_index(directory_.path()));
  directory_.write_file("manifest", "spimi index, format 99\n");
  EXPECT_TRUE(Index::is_index(directory_.path()));
}

TEST_F(IndexTest, SaysWhetherThereIsNoneOrOneNotFinished) {
  EXPECT_EQ(refusal().kind(), ErrorKind::kIo);
  EXPECT_THAT(refusal().what(), HasSubstr("there is no index here"));
  directory_.make_directory("staging");
  EXPECT_EQ(refusal().kind(), ErrorKind::kIo);
  EXPECT_THAT(refusal().what(), HasSubstr("spimi merge"));
}

TEST_F(IndexTest, RefusesAnotherVersionByNamingBoth) {
  directory_.write_file("manifest", "spimi index, format 2\n{}\n");
  EXPECT_EQ(refusal().kind(), ErrorKind::kCorrupt);
  EXPECT_THAT(refusal().what(), HasSubstr("format 2, this program reads format 4"));
}

TEST_F(IndexTest, RefusesASegmentOfAnotherLengthThanTheManifestSays) {
  TestIndex contents = small_index();
  auto files = index_files(contents);
  std::string manifest = files["manifest"];
  manifest.resize(manifest.rfind("checksum "));
  // One document fewer, everywhere in the manifest.
  manifest.replace(manifest.find("\"num_docs\":3"), 12, "\"num_docs\":2");
  manifest.replace(manifest.rfind("\"num_docs\":2"), 12, "\"num_docs\":1");
  files["manifest"] = seal_manifest(manifest);
  write_files(files, directory_.path());
  EXPECT_EQ(refusal().kind(), ErrorKind::kCorrupt);
}

TEST_F(IndexTest, SeesWhatItOpenedAfterTheIndexIsReplaced) {
  write(small_index());
  const Index before = Index::open(directory_.path());
  const std::string segment = directory_.path("segment-" + before.info().build_id);
  TestIndex other = small_index();
  other.documents[0].path = "other.txt";
  write(other);
  std::filesystem::remove_all(segment);
  const Index after = Index::open(directory_.path());
  EXPECT_EQ(before.path(0), "a.txt");
  EXPECT_EQ(after.path(0), "other.txt");
  EXPECT_TRUE(before.check([](const Problem&) {}));
}

}  // namespace
}  // namespace spimi::testing
