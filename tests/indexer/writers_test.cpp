// The writers of src/format: their bytes against the independent encoder, and what they refuse.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

#include "base/padded_bytes.h"
#include "format/dictionary_writer.h"
#include "format/list_writer.h"
#include "format/segment_file_writer.h"
#include "format/segment_writer.h"
#include "indexer/corpora.h"
#include "support/temporary_directory.h"

namespace spimi::testing {
namespace {

class TestLengths : public DocumentLengths {
 public:
  explicit TestLengths(const TestIndex& index) : index_(index) {}
  void get(const std::uint32_t* docids, std::size_t size, std::uint32_t* lengths) override {
    for (std::size_t i = 0; i < size; ++i) lengths[i] = index_.documents.at(docids[i]).length;
  }

 private:
  const TestIndex& index_;
};

std::string bytes_of(const ByteBuffer& buffer) {
  return {reinterpret_cast<const char*>(buffer.data()), buffer.size()};
}

double average_length(const TestIndex& index) {
  double sum = 0;
  for (const TestDocument& document : index.documents) sum += document.length;
  return sum / static_cast<double>(index.documents.size());
}

class ListWriterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 10; ++i) index_.documents.push_back({std::to_string(i), 100});
  }

  /// Adds postings to a list that was begun; gaps as add takes them.
  void add(const std::vector<std::uint32_t>& docids, const std::vector<std::uint32_t>& tfs,
           const std::vector<std::uint32_t>& gaps) {
    writer_.add(docids.data(), tfs.data(), docids.size(), gaps.data());
  }

  TestIndex index_;
  TestLengths lengths_{index_};
  ListBytes bytes_;
  ListWriter writer_{bytes_, lengths_, 100, true};
};

TEST_F(ListWriterTest, AnyDivisionIntoStretchesGivesTheBytesOfTheReference) {
  SCOPED_TRACE("SPIMI_TEST_SEED=" + std::to_string(test_seed()));
  Random random(test_seed());
  for (const bool positions : {true, false}) {
    index_ = random_test_index(random, 1000, {1, 2, 127, 128, 129, 255, 256, 257, 1000}, true);
    const double average = average_length(index_);
    TestIndex expected_index = index_;
    expected_index.positions = positions;
    ListWriter writer(bytes_, lengths_, average, positions);
    for (const auto& [term, list] : index_.lists) {
      SCOPED_TRACE(term);
      const EncodedLists expected = encode_lists(expected_index, list, average);
      for (const std::size_t most : {1, 3, 200, 100000}) {
        bytes_.postings.clear();
        bytes_.skips.clear();
        bytes_.positions.clear();
        writer.begin();
        // Stretches of up to `most` occurrences, which break within postings.
        std::vector<std::uint32_t> docids, tfs, gaps;
        std::size_t room = 0;
        const auto hand_over = [&] {
          writer.add(docids.data(), tfs.data(), docids.size(), gaps.data());
          docids.clear();
          tfs.clear();
          gaps.clear();
          room = 1 + random_below(random, most);
        };
        std::uint64_t cf = 0;
        for (const TestPosting& posting : list) {
          cf += posting.tf;
          for (std::uint32_t i = 0; i < posting.tf; ++i) {
            if (room == 0) hand_over();
            const bool first = docids.empty() || docids.back() != posting.docid;
            if (first) {
              docids.push_back(posting.docid);
              tfs.push_back(0);
            }
            ++tfs.back();
            if (positions) {
              gaps.push_back(posting.positions[i] - (first ? 0 : posting.positions[i - 1] + 1));
            }
            --room;
          }
        }
        hand_over();
        const TermInfo info = writer.finish();
        EXPECT_EQ(info.df, list.size());
        EXPECT_EQ(info.cf, cf);
        EXPECT_EQ(info.postings_bytes, expected.postings.size());
        EXPECT_EQ(info.skips_bytes, expected.skips.size());
        ASSERT_EQ(bytes_of(bytes_.postings), expected.postings);
        ASSERT_EQ(bytes_of(bytes_.skips), expected.skips);
        if (positions) {
          EXPECT_EQ(info.positions_bytes, expected.positions.size());
          ASSERT_EQ(bytes_of(bytes_.positions), expected.positions);
        }
      }
    }
  }
}

TEST_F(ListWriterTest, ShortListsWrittenAtOnceHaveTheBytesOfTheReference) {
  SCOPED_TRACE("SPIMI_TEST_SEED=" + std::to_string(test_seed()));
  Random random(test_seed());
  for (const bool positions : {true, false}) {
    index_ = random_test_index(random, 1000, {0, 1, 2, 3, 50, 126, 127, 128}, true);
    TestIndex expected_index = index_;
    expected_index.positions = positions;
    ListWriter writer(bytes_, lengths_, average_length(index_), positions);
    std::string expected_postings, expected_positions;
    std::size_t num_lists = 0;
    for (const auto& [term, list] : index_.lists) {
      SCOPED_TRACE(term);
      std::vector<std::uint32_t> docids, tfs, gaps;
      for (const TestPosting& posting : list) {
        docids.push_back(posting.docid);
        tfs.push_back(posting.tf);
        for (std::uint32_t i = 0; positions && i < posting.tf; ++i) {
          gaps.push_back(posting.positions[i] - (i == 0 ? 0 : posting.positions[i - 1] + 1));
        }
      }
      if (docids.size() >= kBlockValues || gaps.size() >= kBlockValues) continue;
      ++num_lists;
      const EncodedLists expected = encode_lists(expected_index, list, average_length(index_));
      const TermInfo info =
          writer.write_short(docids.data(), tfs.data(), docids.size(), gaps.data(), gaps.size());
      EXPECT_EQ(info.df, list.size());
      EXPECT_EQ(info.cf, std::accumulate(tfs.begin(), tfs.end(), std::uint64_t{0}));
      EXPECT_EQ(info.postings_bytes, expected.postings.size());
      EXPECT_EQ(info.skips_bytes, 0u);
      EXPECT_EQ(info.positions_bytes, positions ? expected.positions.size() : 0);
      expected_postings += expected.postings;
      if (positions) expected_positions += expected.positions;
    }
    EXPECT_GE(num_lists, 4u);
    EXPECT_EQ(bytes_of(bytes_.postings), expected_postings);
    EXPECT_EQ(bytes_of(bytes_.positions), expected_positions);
    bytes_.postings.clear();
    bytes_.positions.clear();
  }
}

TEST_F(ListWriterTest, DocidsThatDoNotAscendAreRefused) {
  writer_.begin();
  EXPECT_EQ(error_kind([&] { add({5, 4}, {1, 1}, {0, 0}); }), ErrorKind::kCorrupt);
  writer_.begin();
  EXPECT_EQ(error_kind([&] { add({5, 5}, {1, 1}, {0, 0}); }), ErrorKind::kCorrupt);
  writer_.begin();
  add({2, 5}, {1, 1}, {0, 0});
  EXPECT_EQ(error_kind([&] { add({4}, {1}, {0}); }), ErrorKind::kCorrupt);
  writer_.begin();
  add({2, 5}, {1, 1}, {0, 0});
  EXPECT_EQ(error_kind([&] { add({5, 5}, {1, 1}, {1, 2}); }), ErrorKind::kCorrupt);
  writer_.begin();
  add({2, 5}, {1, 1}, {0, 0});
  EXPECT_EQ(error_kind([&] { add({0}, {1}, {0}); }), ErrorKind::kCorrupt);
}

TEST_F(ListWriterTest, PositionsOfAContinuedPostingThatDoNotAscendAreRefused) {
  for (const std::uint32_t position : {0u, 6u, 7u}) {
    SCOPED_TRACE(position);
    writer_.begin();
    add({5}, {3}, {5, 0, 1});  // 5, 6, 8
    EXPECT_EQ(error_kind([&] { add({5}, {1}, {position}); }), ErrorKind::kCorrupt);
  }
  writer_.begin();
  add({5}, {3}, {5, 0, 1});
  EXPECT_EQ(error_kind([&] { add({5}, {1}, {8}); }), ErrorKind::kCorrupt);
  writer_.begin();
  add({5}, {3}, {5, 0, 1});
  add({5, 6}, {2, 1}, {9, 0, 0});
  EXPECT_EQ(writer_.finish().cf, 6u);
  // The last position of a posting that was continued counts, not the one before.
  writer_.begin();
  add({5}, {1}, {5});
  add({5}, {2}, {6, 3});
  EXPECT_EQ(error_kind([&] { add({5}, {1}, {10}); }), ErrorKind::kCorrupt);
}

// Its bytes are taken away as they come, so it takes no memory, but half a minute.
TEST_F(ListWriterTest, ListOfMoreThanFourGiB) {
  if (std::getenv("SPIMI_LARGE") == nullptr) GTEST_SKIP() << "only with $SPIMI_LARGE";
  class OneLength : public DocumentLengths {
   public:
    void get(const std::uint32_t*, std::size_t size, std::uint32_t* lengths) override {
      std::fill_n(lengths, size, 1u << 31);
    }
  } lengths;
  ListWriter writer(bytes_, lengths, 1u << 31, true);
  writer.begin();
  constexpr std::size_t kStretch = 512;
  const std::vector<std::uint32_t> tfs(kStretch, 1), positions(kStretch, 1u << 31);
  std::vector<std::uint32_t> docids(kStretch);
  std::uint64_t postings = 0, skips = 0, all_positions = 0, num_postings = 0;
  const auto take = [&] {
    postings += bytes_.postings.size();
    skips += bytes_.skips.size();
    all_positions += bytes_.positions.size();
    bytes_.postings.clear();
    bytes_.skips.clear();
    bytes_.positions.clear();
  };
  while (all_positions <= std::uint64_t{1} << 32) {
    for (std::uint32_t& docid : docids) docid = static_cast<std::uint32_t>(num_postings++);
    writer.add(docids.data(), tfs.data(), kStretch, positions.data());
    take();
  }
  const TermInfo info = writer.finish();
  take();
  EXPECT_EQ(info.df, num_postings);
  EXPECT_EQ(info.cf, num_postings);
  EXPECT_EQ(info.postings_bytes, postings);
  EXPECT_EQ(info.skips_bytes, skips);
  EXPECT_EQ(info.positions_bytes, all_positions);
}

TEST_F(ListWriterTest, NewListForgetsTheOneBefore) {
  writer_.begin();
  add({5}, {3}, {5, 0, 1});
  writer_.finish();
  writer_.begin();
  add({0}, {1}, {0});
  const TermInfo info = writer_.finish();
  EXPECT_EQ(info.df, 1u);
  EXPECT_EQ(info.cf, 1u);
}

TEST_F(ListWriterTest, ListWithoutPostingsIsEmpty) {
  writer_.begin();
  writer_.add(nullptr, nullptr, 0, nullptr);
  EXPECT_EQ(writer_.finish().df, 0u);
  EXPECT_EQ(bytes_.size(), 0u);
}

class SegmentFileWriterTest : public ::testing::Test {
 protected:
  TemporaryDirectory directory_{TemporaryDirectory::memory_base()};
  BackgroundSync early_sync_;
};

TEST_F(SegmentFileWriterTest, AnyDivisionIntoAppendsGivesTheSameFile) {
  Random random(test_seed());
  constexpr std::size_t kPage = 65536;
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, kPage - 1, kPage, kPage + 1, 3 * kPage, 3 * kPage + 7}) {
    std::string payload(size, '\0');
    for (char& c : payload) c = static_cast<char>(random());
    for (const std::size_t most : {std::size_t{2000}, kPage, 4 * kPage}) {
      SCOPED_TRACE(::testing::Message() << size << " bytes by up to " << most);
      std::filesystem::remove(directory_.path("skips"));
      SegmentFileWriter writer(directory_.path(), SegmentFile::kSkips, early_sync_);
      for (std::size_t at = 0; at < size;) {
        const std::size_t n = std::min(size - at, random_below(random, most + 1));
        writer.append(payload.data() + at, n);
        at += n;
        ASSERT_EQ(writer.size(), at);
      }
      writer.finish();
      BuildId id;
      ASSERT_TRUE(parse_build_id(std::string(32, 'c'), &id));
      writer.write_header(id);
      writer.close();
      const std::string bytes = directory_.read_file("skips");
      EXPECT_EQ(bytes.size(), writer.file_bytes());
      ASSERT_TRUE(bytes == segment_file("SKIP", std::string(32, 'c'), payload));
    }
  }
}

TEST_F(SegmentFileWriterTest, ExistingFileIsNotOverwritten) {
  directory_.write_file("skips", "mine");
  EXPECT_EQ(
      error_kind([&] { SegmentFileWriter(directory_.path(), SegmentFile::kSkips, early_sync_); }),
      ErrorKind::kIo);
  EXPECT_EQ(directory_.read_file("skips"), "mine");
}

class DictionaryWriterTest : public SegmentFileWriterTest {
 protected:
  /// Whether a dictionary takes the terms in this order.
  ErrorKind refusal(const std::vector<std::string>& terms) {
    std::filesystem::remove(directory_.path("terms"));
    std::filesystem::remove(directory_.path("terms.index"));
    SegmentFileWriter file(directory_.path(), SegmentFile::kTerms, early_sync_);
    SegmentFileWriter index(directory_.path(), SegmentFile::kTermsIndex, early_sync_);
    DictionaryWriter writer(file, index, true);
    TermInfo info;
    info.df = 1;
    info.cf = 1;
    for (std::size_t i = 0; i + 1 < terms.size(); ++i)
      writer.add(0, PaddedString(terms[i]).view(), info);
    return error_kind([&] { writer.add(0, PaddedString(terms.back()).view(), info); });
  }
};

TEST_F(DictionaryWriterTest, TermsThatDoNotAscendAreRefused) {
  using namespace std::string_literals;
  EXPECT_EQ(refusal({""}), ErrorKind::kCorrupt);
  EXPECT_EQ(refusal({"b", "a"}), ErrorKind::kCorrupt);
  EXPECT_EQ(refusal({"a", "a"}), ErrorKind::kCorrupt);
  EXPECT_EQ(refusal({"ab", "a"}), ErrorKind::kCorrupt);
  EXPECT_EQ(refusal({"\xff", "a"}), ErrorKind::kCorrupt);
  EXPECT_EQ(refusal({"a\0"s, "a"}), ErrorKind::kCorrupt);
  // The first term of a block has the last one of the block before to be greater than.
  std::vector<std::string> block;
  for (char c = 'a'; c < 'a' + 16; ++c) block.emplace_back(1, c);
  block.push_back("p");
  EXPECT_EQ(refusal(block), ErrorKind::kCorrupt);
  block.back() = "a";
  EXPECT_EQ(refusal(block), ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace spimi::testing
