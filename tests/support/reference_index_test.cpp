// The oracle by hand-made examples.

#include "support/reference_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "support/temporary_directory.h"

namespace spimi::testing {
namespace {

using ::testing::ElementsAre;
using namespace std::string_view_literals;

std::string json(const ReferenceIndex& index, bool with_positions = true) {
  std::ostringstream out;
  index.write_json(out, with_positions);
  return out.str();
}

TEST(ReferenceIndex, DumpHasTermsInByteOrderWithTheirPostings) {
  ReferenceIndex index;
  index.add_document("1", "b a b");
  index.add_document("2", "\u00e9 \"B\"");
  EXPECT_EQ(json(index),
            "{\"term\":\"a\",\"df\":1,\"cf\":1,\"postings\":[[0,1,[1]]]}\n"
            "{\"term\":\"b\",\"df\":2,\"cf\":3,\"postings\":[[0,2,[0,2]],[1,1,[1]]]}\n"
            "{\"term\":\"\u00e9\",\"df\":1,\"cf\":1,\"postings\":[[1,1,[0]]]}\n");
  EXPECT_EQ(json(index, false),
            "{\"term\":\"a\",\"df\":1,\"cf\":1,\"postings\":[[0,1]]}\n"
            "{\"term\":\"b\",\"df\":2,\"cf\":3,\"postings\":[[0,2],[1,1]]}\n"
            "{\"term\":\"\u00e9\",\"df\":1,\"cf\":1,\"postings\":[[1,1]]}\n");
}

TEST(ReferenceIndex, DumpEscapesTerms) {
  ReferenceIndex index;
  index.add_document("1", "\u05d0\"\u05d1 \x01\uff9e"sv);
  EXPECT_EQ(json(index),
            "{\"term\":\"\\u0001\u3099\",\"df\":1,\"cf\":1,\"postings\":[[0,1,[1]]]}\n"
            "{\"term\":\"\u05d0\\\"\u05d1\",\"df\":1,\"cf\":1,\"postings\":[[0,1,[0]]]}\n");
}

TEST(ReferenceIndex, OverlongTokensTakeAPositionButNoLength) {
  ReferenceIndex index({Tokenizer::kUnicode, 3});
  index.add_document("1", "abcd abc");
  EXPECT_EQ(json(index), "{\"term\":\"abc\",\"df\":1,\"cf\":1,\"postings\":[[0,1,[1]]]}\n");
  EXPECT_EQ(index.documents()[0].length, 1u);
  EXPECT_EQ(index.num_tokens(), 1u);
  EXPECT_EQ(index.num_overlong_tokens(), 1u);
}

TEST(ReferenceIndex, ScoresByBm25AndBreaksTiesByDocid) {
  ReferenceIndex index;
  index.add_document("0", "x y");
  index.add_document("1", "x y");
  index.add_document("2", "x x z z");
  index.add_document("3", "");
  const std::vector<Hit> hits = index.search({"x", "none"}, 10);
  ASSERT_EQ(hits.size(), 3u);
  const double idf = std::log(1 + 1.5 / 3.5);
  EXPECT_EQ(hits[0].docid, 2u);
  EXPECT_DOUBLE_EQ(hits[0].score, idf * 2 * 2.2 / (2 + 1.2 * 1.75));  // twice the average length
  EXPECT_EQ(hits[1].docid, 0u);
  EXPECT_EQ(hits[2].docid, 1u);
  EXPECT_DOUBLE_EQ(hits[1].score, idf);  // of average length
  EXPECT_DOUBLE_EQ(hits[2].score, idf);
  EXPECT_EQ(index.search({"x"}, 1).size(), 1u);
  EXPECT_DOUBLE_EQ(index.search({"x", "x"}, 2)[1].score, 2 * idf);
  EXPECT_EQ(index.count({"z", "y", "y"}), 3u);
  EXPECT_EQ(index.count({"none"}), 0u);
}

TEST(ReferenceDocumentText, DecodesByByteOrderMark) {
  EXPECT_EQ(reference_document_text("\xEF\xBB\xBFz"sv), "z");
  EXPECT_EQ(reference_document_text("\xFF\xFEz\0\x3D\xD8\x00\xDE\x00\xD8q\0"sv),
            "z\U0001F600\uFFFDq");
  EXPECT_EQ(reference_document_text("\xFE\xFF\0z\xDC\x00"sv), "z\uFFFD");
  EXPECT_EQ(reference_document_text("\xFF\xFE\0\0z\0\0\0\x00\xD8\0\0"sv), "z\uFFFD");
  EXPECT_EQ(reference_document_text("\0\0\xFE\xFF\0\x01\xF6\0\0\x11\0\0"sv), "\U0001F600\uFFFD");
  EXPECT_EQ(reference_document_text(""sv), "");
}

TEST(ReferenceDocumentText, NulWithinEightKibMakesItBinary) {
  EXPECT_FALSE(reference_document_text("a\0"sv));
  EXPECT_FALSE(reference_document_text("\xEF\xBB\xBF\0"sv));
  EXPECT_FALSE(reference_document_text(std::string(8191, 'a') + '\0'));
  EXPECT_TRUE(reference_document_text(std::string(8192, 'a') + '\0'));
}

TEST(ReferenceWalk, OrdersByPathAndLeavesOutWhatABuildLeavesOut) {
  const TemporaryDirectory directory;
  const std::filesystem::path root = directory.path();
  for (const char* const name : {"a", "a-b", ".hidden", "links"}) {
    std::filesystem::create_directory(root / name);
  }
  for (const char* const name : {"a/z", "a-b/c", "a.txt", "a0", ".dot", ".hidden/x", "\xff"}) {
    std::ofstream(root / name) << name;
  }
  std::filesystem::create_symlink(root / "a0", root / "links/file");
  std::filesystem::create_directory_symlink(root / "a", root / "links/directory");
  EXPECT_THAT(reference_walk(root), ElementsAre("a-b/c", "a.txt", "a/z", "a0", "\xff"));
}

}  // namespace
}  // namespace spimi::testing
