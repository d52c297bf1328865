// Postings and positions lists, read from files that hold just one.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "base/checksum.h"
#include "base/file.h"
#include "format/build_id.h"
#include "format/impact.h"
#include "format/layout.h"
#include "format/positions_reader.h"
#include "format/postings_cursor.h"
#include "spimi/error.h"
#include "support/random_text.h"
#include "support/segment_builder.h"
#include "support/temporary_directory.h"

namespace spimi::testing {
namespace {

using List = std::vector<TestPosting>;

constexpr std::uint64_t kMaxDocs = 0xFFFFFFFFu;

/// A segment file of zeros, which take no space, up to the last bytes.
void write_sparse_segment_file(const std::string& path, std::string_view kind,
                               const std::string& build_id, std::uint64_t zeros,
                               const std::string& last_bytes) {
  const std::uint64_t begin = zeros / kPageBytes * kPageBytes;
  const std::string pages = std::string(zeros - begin, '\0') + last_bytes;
  // As of a file of those pages, but for the size.
  std::string header = segment_file(kind, build_id, pages).substr(0, kHeaderBytes);
  const std::uint64_t payload_bytes = begin + pages.size();
  auto* const bytes = reinterpret_cast<std::uint8_t*>(header.data());
  store_u64(bytes + kHeaderPayloadBytesAt, payload_bytes);
  store_u64(bytes + kHeaderChecksumAt, checksum64(bytes, kHeaderChecksumAt));
  const auto checksum = [](const std::string& page) {
    std::string sum(kChecksumBytes, '\0');
    store_u64(reinterpret_cast<std::uint8_t*>(sum.data()), checksum64(page.data(), page.size()));
    return sum;
  };
  const std::string of_zeros = checksum(std::string(kPageBytes, '\0'));
  std::string checksums;
  for (std::uint64_t page = 0; page < begin; page += kPageBytes) checksums += of_zeros;
  for (std::size_t at = 0; at < pages.size(); at += kPageBytes) {
    checksums += checksum(pages.substr(at, kPageBytes));
  }
  File file = File::create(path);
  file.pwrite_all(0, header.data(), header.size());
  file.pwrite_all(kHeaderBytes + begin, pages.data(), pages.size());
  file.pwrite_all(kHeaderBytes + payload_bytes, checksums.data(), checksums.size());
}

/// A list on disk, behind some bytes that belong to no list.
class ListOnDisk {
 public:
  ListOnDisk(EncodedLists lists, std::uint64_t df, std::uint64_t cf, bool positions,
             std::uint64_t num_docs = kMaxDocs, std::uint64_t before = 3) {
    const std::string id(32, '0');
    BuildId build_id;
    EXPECT_TRUE(parse_build_id(id, &build_id));
    const auto file = [&](SegmentFile which, const std::string& list) {
      const SegmentFileLayout& layout = layout_of(which);
      write_sparse_segment_file(directory_.path(layout.name), layout.kind, id, before, list + ".");
      return std::make_unique<SegmentFileReader>(directory_.path(), which, build_id);
    };
    postings_ = file(SegmentFile::kPostings, lists.postings);
    skips_ = file(SegmentFile::kSkips, lists.skips);
    if (positions) positions_ = file(SegmentFile::kPositions, lists.positions);
    files_ = {postings_.get(), skips_.get(), positions_.get(), num_docs};
    info_ = {static_cast<std::uint32_t>(df),
             cf,
             before,
             lists.postings.size(),
             before,
             lists.skips.size(),
             before,
             lists.positions.size()};
  }
  ListOnDisk(const List& list, bool positions, std::uint64_t before = 3)
      : ListOnDisk(encode(list, positions), list.size(), sum_of_tfs(list), positions, kMaxDocs,
                   before) {}

  static EncodedLists encode(const List& list, bool positions) {
    TestIndex index;
    index.positions = positions;
    return encode_lists(index, list, 1.0);
  }
  static std::uint64_t sum_of_tfs(const List& list) {
    std::uint64_t cf = 0;
    for (const TestPosting& posting : list) cf += posting.tf;
    return cf;
  }

  PostingsCursor cursor() const { return {files_, info_}; }
  PositionsReader positions() const { return {*positions_, info_}; }
  PositionSums position_sums(std::uint32_t room = 0) const { return {*positions_, info_, room}; }

 private:
  TemporaryDirectory directory_;
  std::unique_ptr<SegmentFileReader> postings_, skips_, positions_;
  ListFiles files_;
  TermInfo info_;
};

/// `df` postings whose docids are spread over [0, `num_docs`).
List random_list(Random& random, std::size_t df, std::uint64_t num_docs, std::size_t max_tf,
                 bool positions) {
  List list;
  std::uint64_t next = 0;
  for (std::size_t i = 0; i < df; ++i) {
    const std::uint64_t room = (num_docs - next) / (df - i);
    next += random_below(random, std::max<std::uint64_t>(1, room));
    auto tf = static_cast<std::uint32_t>(1 + random_below(random, max_tf));
    TestPosting posting{static_cast<std::uint32_t>(next++), tf, {}};
    std::uint32_t position = 0;
    for (std::uint32_t k = 0; positions && k < tf; ++k) {
      position += static_cast<std::uint32_t>(random_below(random, k % 5 == 0 ? 300000 : 9));
      posting.positions.push_back(position++);
    }
    list.push_back(posting);
  }
  return list;
}

void expect_reads_back(const List& list, const ListOnDisk& disk, bool positions) {
  PostingsCursor cursor = disk.cursor();
  EXPECT_EQ(cursor.docid(), PostingsCursor::kEnd);
  for (const TestPosting& posting : list) {
    ASSERT_EQ(cursor.next(), posting.docid);
    ASSERT_EQ(cursor.docid(), posting.docid);
    ASSERT_EQ(cursor.tf(), posting.tf);
    if (!positions) continue;
    const auto read = cursor.positions();
    ASSERT_EQ(std::vector(read.begin(), read.end()), posting.positions);
  }
  EXPECT_EQ(cursor.next(), PostingsCursor::kEnd);
  EXPECT_EQ(cursor.next(), PostingsCursor::kEnd);
  EXPECT_EQ(cursor.seek(0), PostingsCursor::kEnd);
  EXPECT_TRUE(cursor.positions().empty());
}

class ListReaderTest : public ::testing::Test {
 protected:
  const std::uint64_t seed_ = test_seed();
  ::testing::ScopedTrace trace_{__FILE__, __LINE__, "SPIMI_TEST_SEED=" + std::to_string(seed_)};
  Random random_{seed_};
};

const std::size_t kDfs[] = {1, 2, 127, 128, 129, 255, 256, 257, 1000};

TEST_F(ListReaderTest, ReadsBackListsAroundBlockBorders) {
  for (const std::size_t df : kDfs) {
    for (const std::uint64_t num_docs : {std::uint64_t{df}, std::uint64_t{5000}, kMaxDocs}) {
      for (const bool positions : {false, true}) {
        SCOPED_TRACE(df);
        const List list = random_list(random_, df, num_docs, 6, positions);
        expect_reads_back(list, ListOnDisk(list, positions), positions);
      }
    }
  }
}

TEST_F(ListReaderTest, ReadsListsBehindFourGiB) {
  for (const std::uint64_t before : {(std::uint64_t{1} << 32) - 5, std::uint64_t{5} << 30}) {
    const List list = random_list(random_, 1000, 5000, 6, true);
    const ListOnDisk disk(list, true, before);
    expect_reads_back(list, disk, true);
    PostingsCursor cursor = disk.cursor();
    for (std::size_t i = 7; i < list.size(); i += 200) {
      ASSERT_EQ(cursor.seek(list[i].docid), list[i].docid);
      const auto read = cursor.positions();
      ASSERT_EQ(std::vector(read.begin(), read.end()), list[i].positions);
    }
  }
}

TEST_F(ListReaderTest, ReadsDocidsUpToTheLast) {
  for (const std::size_t df : kDfs) {
    List list = random_list(random_, df, kMaxDocs / 2, 3, false);
    list.back().docid = 0xFFFFFFFEu;
    expect_reads_back(list, ListOnDisk(list, false), false);
  }
}

TEST_F(ListReaderTest, ReadsTheLargestTfs) {
  for (const std::size_t df : kDfs) {
    List list = random_list(random_, df, 100000, 3, false);
    for (std::size_t i = 0; i < df; i += 1 + random_below(random_, 50)) {
      list[i].tf = 0xFFFFFFFFu - static_cast<std::uint32_t>(random_below(random_, 3));
    }
    expect_reads_back(list, ListOnDisk(list, false), false);
  }
}

TEST_F(ListReaderTest, ReadsTheLargestPosition) {
  List list = random_list(random_, 200, 1000, 2, true);
  list[5].positions = {0, 0xFFFFFFFFu};
  list[5].tf = 2;
  list[199].positions = {0xFFFFFFFFu};
  list[199].tf = 1;
  expect_reads_back(list, ListOnDisk(list, true), true);
}

TEST_F(ListReaderTest, NextAndSeekInAnyOrderAgreeWithALinearScan) {
  for (int round = 0; round < 60; ++round) {
    const std::size_t df = kDfs[random_below(random_, std::size(kDfs))];
    const std::uint64_t num_docs = df + random_below(random_, 20000);
    const List list = random_list(random_, df, num_docs, 1 + random_below(random_, 40), true);
    const ListOnDisk disk(list, true);
    for (int walk = 0; walk < 4; ++walk) {
      PostingsCursor cursor = disk.cursor();
      auto expected = list.begin();
      bool started = false;
      const std::size_t reach = 1 + random_below(random_, num_docs);
      while (!started || expected != list.end()) {
        if (random_below(random_, 2) == 0) {
          if (started) ++expected;
          cursor.next();
        } else {
          const std::uint64_t base = started ? expected->docid : 0;
          // Sometimes not ahead of the cursor, which must then stay.
          std::uint64_t target = base + random_below(random_, reach);
          target -= std::min<std::uint64_t>(target, random_below(random_, 3));
          while (expected != list.end() && expected->docid < target) ++expected;
          cursor.seek(static_cast<std::uint32_t>(target));
        }
        started = true;
        if (expected == list.end()) break;
        ASSERT_EQ(cursor.docid(), expected->docid);
        ASSERT_EQ(cursor.tf(), expected->tf);
        if (random_below(random_, 3) == 0) {
          const auto read = cursor.positions();
          ASSERT_EQ(std::vector(read.begin(), read.end()), expected->positions);
        }
      }
      EXPECT_EQ(cursor.docid(), PostingsCursor::kEnd);
    }
  }
}

TEST_F(ListReaderTest, BlocksAndTheTailCanBePassedOverByImpact) {
  List list = random_list(random_, 128 * 4 + 5, 5000, 3, true);
  // The blocks with larger impacts than all others have.
  const std::size_t best[] = {2, 4};
  for (const std::size_t block : best) {
    TestPosting& posting = list[128 * block + 3];
    posting.positions.clear();
    for (posting.tf = 0; posting.tf < 50; ++posting.tf) posting.positions.push_back(posting.tf);
  }
  const std::uint8_t impact = quantize_impact(bm25_impact(50, 0, 1.0));
  const ListOnDisk disk(list, true);
  PostingsCursor cursor = disk.cursor();
  for (const std::size_t block : best) {
    ASSERT_TRUE(cursor.next_block(impact));
    EXPECT_EQ(cursor.is_tail(), block == 4);
    EXPECT_EQ(cursor.block_impact(), impact);
    ASSERT_EQ(cursor.block_docids().size(), block == 4 ? 5u : 128u);
    EXPECT_EQ(cursor.docid(), list[128 * block].docid);
    const auto read = cursor.positions();
    EXPECT_EQ(std::vector(read.begin(), read.end()), list[128 * block].positions);
  }
  EXPECT_FALSE(cursor.next_block());
  cursor = disk.cursor();
  EXPECT_FALSE(cursor.next_block(impact + 1));
}

TEST_F(ListReaderTest, ListsOfSeveralGroupsOfSkipEntriesAreSoughtIn) {
  const std::size_t group = 256 * 128;
  for (const std::size_t df : {group, group + 1 + random_below(random_, 256), 2 * group + 129}) {
    SCOPED_TRACE(df);
    const List list = random_list(random_, df, 4 * df, 3, true);
    const ListOnDisk disk(list, true);
    for (const std::size_t reach : {std::size_t{300}, std::size_t{9000}, df}) {
      PostingsCursor cursor = disk.cursor();
      for (std::size_t i = random_below(random_, reach); i < df;
           i += 1 + random_below(random_, reach)) {
        if (random_below(random_, 3) == 0) {
          ASSERT_GE(cursor.bound(list[i].docid).last_docid, list[i].docid);
        }
        ASSERT_EQ(cursor.seek(list[i].docid), list[i].docid);
        ASSERT_EQ(cursor.tf(), list[i].tf);
        if (random_below(random_, 2) == 0) {
          const auto read = cursor.positions();
          ASSERT_EQ(std::vector(read.begin(), read.end()), list[i].positions);
        }
      }
    }
  }
}

TEST_F(ListReaderTest, SkipsTellTheImpactsOfTheBestPostings) {
  for (const std::size_t df : {1, 127, 128, 129, 999, 1000, 128 * 9}) {
    const List list = random_list(random_, df, 20000, 60, false);
    std::vector<std::uint8_t> impacts;
    for (const TestPosting& posting : list) {
      impacts.push_back(quantize_impact(bm25_impact(posting.tf, 0, 1.0)));
    }
    const auto tail = impacts.end() - static_cast<std::ptrdiff_t>(df % 128);
    const int tail_impact = tail == impacts.end() ? 0 : *std::max_element(tail, impacts.end());
    std::sort(impacts.rbegin(), impacts.rend());
    const ListOnDisk disk(list, false);
    const PostingsCursor cursor = disk.cursor();
    const SkipCursor& skips = cursor.skips();
    if (df < 128) {
      EXPECT_EQ(skips.list_impact(), 255);
      EXPECT_EQ(skips.tail_impact(), 255);
      EXPECT_EQ(skips.impact_of_rank(1), 0);
      continue;
    }
    EXPECT_EQ(skips.list_impact(), impacts[0]);
    EXPECT_EQ(skips.tail_impact(), tail_impact);
    for (const std::size_t rank : {1, 10, 100, 1000}) {
      EXPECT_EQ(skips.impact_of_rank(rank), rank <= df ? impacts[rank - 1] : 0);
    }
    EXPECT_EQ(skips.impact_of_rank(11), skips.impact_of_rank(100));
    EXPECT_EQ(skips.impact_of_rank(1001), 0);
  }
}

TEST_F(ListReaderTest, StretchesHaveTheImpactsOfTheirPostingsAtLeastAndOfTheirBlocksAtMost) {
  for (int round = 0; round < 100; ++round) {
    const std::size_t df = 1 + random_below(random_, 3000);
    List list = random_list(random_, df, df + random_below(random_, 30000), 1, false);
    for (std::size_t i = 0; i < df; ++i) list[i].tf = i / 128 % 3 == 0 ? 20 : 1 + (i % 3 == 0);
    const ListOnDisk disk(list, false);
    PostingsCursor cursor = disk.cursor();
    SkipCursor skips = cursor.skips();
    const unsigned shift = static_cast<unsigned>(random_below(random_, 13));
    std::vector<std::uint8_t> impacts(1 + random_below(random_, 20));
    for (std::uint32_t begin = 0; begin < 40000;) {
      std::fill(impacts.begin(), impacts.end(), 0);
      skips.raise_impacts(begin, shift, impacts);
      for (std::size_t i = 0; i < impacts.size(); ++i) {
        const std::uint64_t first = begin + (std::uint64_t{i} << shift);
        const std::uint64_t behind = first + (std::uint64_t{1} << shift);
        int of_postings = 0, of_blocks = 0;
        std::uint64_t docid_before = 0;
        for (std::size_t at = 0; at < df; at += 128) {
          const std::size_t end = std::min(at + 128, df);
          int impact = 0;
          for (std::size_t k = at; k < end; ++k) {
            const int of_this = quantize_impact(bm25_impact(list[k].tf, 0, 1.0));
            impact = std::max(impact, of_this);
            if (list[k].docid >= first && list[k].docid < behind) {
              of_postings = std::max(of_postings, of_this);
            }
          }
          const bool is_tail = end - at < 128;
          const bool meets = docid_before < behind && (is_tail || list[end - 1].docid >= first);
          if (meets) of_blocks = std::max(of_blocks, is_tail && df < 128 ? 255 : impact);
          docid_before = list[end - 1].docid + 1;
        }
        ASSERT_GE(impacts[i], of_postings);
        ASSERT_EQ(impacts[i], of_blocks);
      }
      begin += static_cast<std::uint32_t>(impacts.size()) << shift;
      if (random_below(random_, 3) == 0)
        begin += static_cast<std::uint32_t>(random_below(random_, 3000));
    }
  }
}

TEST_F(ListReaderTest, PositionsReaderNamesThePlacesThatSkipEntriesHave) {
  for (const std::size_t max_tf : {1, 2, 40}) {
    const List list = random_list(random_, 1000, 5000, max_tf, true);
    const ListOnDisk disk(list, true);
    PositionsReader positions = disk.positions();
    PostingsCursor cursor = disk.cursor();
    while (cursor.next_block()) {
      for (const std::uint32_t tf : cursor.block_tfs()) {
        for (std::uint64_t left = tf; left > 0;) left -= positions.take(left).size();
      }
      if (!cursor.is_tail()) {
        EXPECT_EQ(cursor.positions_behind_block(), positions.place());
      }
    }
    EXPECT_TRUE(positions.at_end());
  }
}

std::vector<std::uint32_t> values_of(const ShiftedSums& run) {
  std::vector<std::uint32_t> values;
  for (std::uint32_t i = 0; i < run.size; ++i) values.push_back(run[i]);
  return values;
}

/// Some documents at a time: dense lists have bitmaps, and those of large tfs go on over many
/// blocks.
TEST_F(ListReaderTest, FindsDocumentsAndWhereTheirPositionsAre) {
  for (int round = 0; round < 40; ++round) {
    const std::size_t max_tf = round % 3 == 0 ? 1000 : 1 + random_below(random_, 40);
    const std::size_t df = 1 + random_below(random_, max_tf == 1000 ? 150 : 700);
    List list = random_list(random_, df, round % 2 == 0 ? 3 * df : 300000, max_tf, true);
    // Gaps too large to be added up without care.
    if (round % 5 == 4) list[df / 2].positions.back() = 0xFFFFFFFFu;
    const ListOnDisk disk(list, true);
    PostingsCursor cursor = disk.cursor(), finder = disk.cursor();
    constexpr std::uint32_t kRoom = 30000;
    PositionSums sums = disk.position_sums(), many = disk.position_sums(kRoom + 128);
    for (std::size_t at = 0; at < df;) {
      // Half of them are in the list.
      std::vector<std::uint32_t> docids;
      std::vector<const TestPosting*> expected;
      const std::size_t size = 1 + random_below(random_, 128);
      while (docids.size() + 2 <= size && at < df) {
        const std::uint32_t next = at == 0 ? 0 : list[at - 1].docid + 1;
        if (next < list[at].docid) {
          docids.push_back(next);
          expected.push_back(nullptr);
        }
        docids.push_back(list[at].docid);
        expected.push_back(&list[at]);
        at += 1 + random_below(random_, round % 4 == 0 ? 300 : 3);
      }
      if (docids.empty()) continue;
      std::vector<PositionsRange> ranges(docids.size()), some;
      std::vector<std::uint32_t> found(docids.size());
      cursor.find_positions(docids, ranges.data());
      const std::vector<std::uint16_t> any_impact(docids.size());
      finder.look_up(docids, any_impact.data(), found.data());
      std::vector<const TestPosting*> expected_some;
      std::uint32_t room = kRoom;
      for (std::size_t i = 0; i < docids.size(); ++i) {
        ASSERT_EQ(found[i] != 0, expected[i] != nullptr);
        ASSERT_EQ(ranges[i].tf, expected[i] == nullptr ? 0 : expected[i]->tf);
        if (expected[i] == nullptr) continue;
        if (random_below(random_, 2) == 0) {
          std::vector<std::uint32_t> positions;
          sums.begin(ranges[i]);
          for (auto piece = sums.next(); piece.size != 0; piece = sums.next()) {
            ASSERT_TRUE(piece.size == PositionSums::kMaxPiece ||
                        positions.size() + piece.size == expected[i]->tf);
            const auto values = values_of(piece);
            positions.insert(positions.end(), values.begin(), values.end());
          }
          ASSERT_EQ(positions, expected[i]->positions);
        }
        if (ranges[i].tf <= PositionSums::kMaxPiece && ranges[i].tf + 256 <= room) {
          some.push_back(ranges[i]);
          expected_some.push_back(expected[i]);
          room -= ranges[i].tf + 256;
        }
      }
      std::vector<ShiftedSums> runs(some.size());
      if (!many.read(some, runs.data())) {
        EXPECT_EQ(round % 5, 4);
        continue;
      }
      for (std::size_t i = 0; i < runs.size(); ++i) {
        ASSERT_EQ(values_of(runs[i]), expected_some[i]->positions);
      }
    }
  }
}

TEST_F(ListReaderTest, BoundsHoldForEveryPostingUpToTheirLastDocid) {
  for (int round = 0; round < 60; ++round) {
    const std::size_t df = 100 + random_below(random_, 1500);
    List list = random_list(random_, df, round % 2 == 0 ? df : 20000, 1, false);
    // Blocks differ, so that the bound of a neighbour would be too low.
    for (std::size_t i = 0; i < df; ++i) {
      if (i / 128 % 2 == 0) list[i].tf = 20;
    }
    const ListOnDisk disk(list, false);
    PostingsCursor cursor = disk.cursor();
    for (std::size_t i = 0; i < df; i += random_below(random_, round % 3 == 0 ? 3 : 200)) {
      if (round % 3 == 1) i = std::min(i | 127, df - 1);  // The last of a block.
      const std::uint32_t target = list[i].docid;
      if (random_below(random_, 2) == 0) {
        ASSERT_EQ(cursor.seek(target), target);
      }
      const SkipCursor::Bound bound = cursor.bound(target);
      ASSERT_GE(bound.last_docid, target);
      for (std::size_t j = i; j < df && list[j].docid <= bound.last_docid; ++j) {
        const double impact = bm25_impact(list[j].tf, 0, 1.0);
        ASSERT_GE(bound.max_impact, quantize_impact(impact)) << i << ", " << j;
      }
      if (random_below(random_, 2) == 0) {
        ASSERT_EQ(cursor.seek(target), target);
        ASSERT_EQ(cursor.tf(), list[i].tf);
      }
    }
    cursor.bound(PostingsCursor::kEnd - 1);
    EXPECT_EQ(cursor.seek(PostingsCursor::kEnd - 1), PostingsCursor::kEnd);
  }
}

/// The tail is told from packed blocks by its bytes alone: lists whose last bytes look as much as
/// possible like the other.
TEST_F(ListReaderTest, FindsTheTailOfPositionsWhateverTheBytesAround) {
  for (int round = 0; round < 300; ++round) {
    List list;
    std::uint32_t docid = 0;
    // One posting a document and 128 to 300 documents, so that every place in the list is sought
    // below.
    const std::size_t df = 128 + random_below(random_, 172);
    const std::uint32_t masks[] = {0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x80808080u, 0xFFFFFFFFu};
    const std::uint32_t mask = masks[random_below(random_, 8)],
                        tail_mask = masks[random_below(random_, 8)];
    for (std::size_t i = 0; i < df; ++i) {
      const auto bits = static_cast<std::uint32_t>(random_());
      const bool in_tail = i >= df / 128 * 128;
      list.push_back(
          {docid++, 1, {random_below(random_, 8) == 0 ? bits : (in_tail ? tail_mask : mask)}});
    }
    const ListOnDisk disk(list, true);
    for (std::uint32_t target = 120; target < df;
         target += 1 + static_cast<std::uint32_t>(random_below(random_, 9))) {
      PostingsCursor cursor = disk.cursor();
      ASSERT_EQ(cursor.seek(target), target);
      ASSERT_EQ(cursor.positions()[0], list[target].positions[0]);
    }
  }
}

/// Reads all there is to read; returns false if that ended in Error(kCorrupt).
bool reads_through(const ListOnDisk& disk) {
  try {
    PostingsCursor cursor = disk.cursor();
    while (cursor.next() != PostingsCursor::kEnd) {
      (void)cursor.tf();
      (void)cursor.positions();
    }
    return true;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
    return false;
  }
}

TEST_F(ListReaderTest, RefusesListsThatAreNotWhatTheGrammarAllows) {
  List list = random_list(random_, 130, 500, 3, true);
  for (TestPosting& posting : list)
    std::iota(posting.positions.begin(), posting.positions.end(), 0);
  const EncodedLists good = ListOnDisk::encode(list, true);
  const std::uint64_t cf = ListOnDisk::sum_of_tfs(list);
  const auto accepts = [&](const EncodedLists& lists, std::uint64_t df = 130,
                           std::uint64_t num_docs = 500) {
    return reads_through(ListOnDisk(lists, df, cf, true, num_docs));
  };
  ASSERT_TRUE(accepts(good));
  EXPECT_FALSE(accepts(good, 129)) << "bytes after the last posting";
  EXPECT_FALSE(accepts(good, 131)) << "one posting too few";
  EXPECT_FALSE(accepts(good, 127)) << "a list that has no blocks";
  EXPECT_FALSE(accepts(good, 256)) << "a block that is not there";
  EXPECT_FALSE(accepts(good, 130, list[129].docid)) << "a docid out of range in the tail";
  EXPECT_FALSE(accepts(good, 130, list[127].docid)) << "a docid out of range in the block";

  // One entry: max_impact, last docid, bytes of the block, width, position index, delta; the end.
  EncodedLists bad = good;
  ASSERT_EQ(good.skips.size(), 1u + 4 + 2 + 1 + 1 + 1 + 5);
  ASSERT_EQ(good.skips[7], 1);
  const auto with = [&](std::size_t at, int byte) {
    bad = good;
    bad.skips[at] = static_cast<char>(byte);
    return bad;
  };
  bad.skips.insert(10, 1, '\1');
  EXPECT_FALSE(accepts(bad)) << "bytes after the last skip entry";
  EXPECT_FALSE(accepts(with(0, 0))) << "a max_impact of 0";
  EXPECT_FALSE(accepts(with(1, good.skips[1] ^ 1))) << "another last docid than the block's";
  EXPECT_FALSE(accepts(with(4, 1))) << "a last docid out of range";
  EXPECT_FALSE(accepts(with(5, good.skips[5] ^ 1))) << "another end than the block's";
  EXPECT_FALSE(accepts(with(6, 16))) << "a block beyond the end of the list";
  EXPECT_FALSE(accepts(with(7, 0))) << "a width of 0";
  EXPECT_FALSE(accepts(with(7, 2))) << "deltas that reach beyond the entries";
  EXPECT_FALSE(accepts(with(7, 9))) << "a width over 8";
  EXPECT_FALSE(accepts(with(8, 128))) << "a position index over 127";
  EXPECT_FALSE(accepts(with(9, 255))) << "a place beyond the positions";
  bad = good;
  bad.positions.pop_back();
  EXPECT_FALSE(accepts(bad)) << "a position too few";
}

TEST_F(ListReaderTest, RefusesBitmapsThatAreNotTheBlockOfTheirEntry) {
  // Two blocks of 3 × 128 docids each, every third of which has the term; the second block begins
  // within a byte.
  List list;
  for (std::uint32_t i = 0; i < 256; ++i) list.push_back({3 * i + 1, 1, {}});
  const EncodedLists good = ListOnDisk::encode(list, false);
  const std::size_t second = 382 / 8 + 1 + 2;  // Behind the first one's tfs, which are all 1.
  const auto accepts = [&](const EncodedLists& lists) {
    const ListOnDisk disk(lists, 256, 256, false, 1000);
    const bool read = reads_through(disk);
    // Whole blocks are read in another way.
    std::vector<std::uint64_t> bits(1024 / 64);
    bool filled = true;
    try {
      PostingsCursor cursor = disk.cursor();
      cursor.fill(0, 1024, bits.data());
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
      filled = false;
    }
    EXPECT_EQ(read, filled);
    return read;
  };
  ASSERT_TRUE(accepts(good));
  const auto flipped = [&](std::vector<std::size_t> bits) {
    EncodedLists bad = good;
    for (const std::size_t bit : bits) {
      char& byte = bad.postings[second + bit / 8];
      byte = static_cast<char>(byte ^ 1 << bit % 8);
    }
    return accepts(bad);
  };
  // The second block is docids 383 to 766, from bit 7 on.
  EXPECT_TRUE(flipped({9, 10})) << "another docid, which nothing tells";
  EXPECT_FALSE(flipped({9})) << "129 docids";
  EXPECT_FALSE(flipped({6, 9})) << "a docid of the block before";
  EXPECT_FALSE(flipped({390, 389})) << "another last docid";
  EXPECT_FALSE(flipped({9, 391})) << "a docid behind the last";
  EncodedLists bad = good;
  constexpr std::size_t kBlockBytesAt = 2 * (1 + 4) + 2;  // Of the second of two.
  bad.skips[kBlockBytesAt] = 48;                          // The bitmap alone has 49.
  EXPECT_FALSE(accepts(bad)) << "a block that ends within its bitmap";
  bad.skips[kBlockBytesAt] = 50;
  EXPECT_FALSE(reads_through(ListOnDisk(bad, 256, 256, false, 1000)))
      << "a block that ends within its tfs";
}

TEST_F(ListReaderTest, FillSetsTheBitsOfEveryPostingInAnyWindows) {
  for (int round = 0; round < 200; ++round) {
    // Stretches dense and sparse, so that a list has blocks of both kinds.
    List list;
    std::uint32_t docid = 0;
    const std::size_t df = 1 + random_below(random_, 3000);
    std::size_t spread = 1;
    while (list.size() < df) {
      if (random_below(random_, 200) == 0) spread = std::size_t{1} << random_below(random_, 7);
      docid += static_cast<std::uint32_t>(random_below(random_, spread));
      list.push_back({docid++, 1, {}});
    }
    const ListOnDisk disk(list, false);
    std::vector<bool> is_posting(docid);
    for (const TestPosting& posting : list) is_posting[posting.docid] = true;
    const bool aligned = round % 4 != 0, picks = round % 2 != 0;
    const std::size_t reach = 64 << random_below(random_, 8);
    PostingsCursor cursor = disk.cursor();
    for (std::uint32_t begin = 0; begin < docid + 100;) {
      auto end = begin + 1 + static_cast<std::uint32_t>(random_below(random_, reach));
      // Nothing is written behind the last word that has a document.
      std::vector<std::uint64_t> bits((end - begin + 63) / 64), wanted(bits.size());
      for (std::uint64_t& word : wanted) {
        if (random_below(random_, 20) == 0) word = random_() & random_() & random_();
      }
      if (picks) {
        cursor.fill_wanted(begin, end, wanted.data(), bits.data());
      } else {
        cursor.fill(begin, end, bits.data());
        const auto next = std::find_if(list.begin(), list.end(), [&](const TestPosting& posting) {
          return posting.docid >= end;
        });
        ASSERT_EQ(cursor.docid(), next == list.end() ? PostingsCursor::kEnd : next->docid);
      }
      for (std::size_t i = 0; i < bits.size() * 64; ++i) {
        const bool is_set = (bits[i / 64] >> i % 64 & 1) != 0;
        const bool is_wanted = !picks || (wanted[i / 64] >> i % 64 & 1) != 0;
        const bool is_there = i < end - begin && begin + i < docid && is_posting[begin + i];
        ASSERT_TRUE(is_set == is_there || (is_there && !is_wanted)) << begin << " + " << i;
      }
      begin = end + static_cast<std::uint32_t>(
                        random_below(random_, 3) == 0 ? random_below(random_, 2000) : 0);
      if (aligned) begin = (begin + 7) / 8 * 8;
    }
  }
}

TEST_F(ListReaderTest, RefusesATfThatRunsOver) {
  // A tail posting: gap 0, tf - 2 = 2^32 - 2 and 2^32 - 1.
  for (const std::uint64_t tf_less_2 : {0xFFFFFFFEull, 0xFFFFFFFFull}) {
    EncodedLists lists;
    lists.postings += '\0';
    append_varint(lists.postings, tf_less_2);
    EXPECT_FALSE(reads_through(ListOnDisk(lists, 1, 1, false)));
  }
  // A block whose tfs less 1 are 2^32 - 1.
  EncodedLists lists;
  lists.postings =
      std::string(16, '\xFF') + encode_packed_simply(std::vector<std::uint32_t>(128, 0xFFFFFFFFu));
  lists.skips = encode_skips({{255, 127, lists.postings.size()}}, false, {}, {});
  EXPECT_FALSE(reads_through(ListOnDisk(lists, 128, 128, false)));
}

TEST_F(ListReaderTest, RefusesDocidsThatRunOver) {
  // 128 gaps whose sum is right in 32 bits only.
  std::vector<std::uint32_t> gaps(128, 0);
  gaps[3] = gaps[4] = 0x80000000u;
  gaps[5] = 2000 - 128;
  EncodedLists lists;
  lists.postings =
      encode_packed_simply(gaps) + encode_packed_simply(std::vector<std::uint32_t>(128, 0));
  lists.skips = encode_skips({{255, 1999, lists.postings.size()}}, false, {}, {});
  EXPECT_FALSE(reads_through(ListOnDisk(lists, 128, 128, false)));
  // A tail whose gap alone is beyond 32 bits.
  EncodedLists tail;
  append_varint(tail.postings, (std::uint64_t{1} << 33) | 1);
  EXPECT_FALSE(reads_through(ListOnDisk(tail, 1, 1, false)));
}

TEST_F(ListReaderTest, AVastTfWithFewPositionsIsRefusedWithoutVastMemory) {
  EncodedLists lists;
  lists.postings += '\0';
  append_varint(lists.postings, 0xFFFFFFF0u);
  lists.positions = std::string(100, '\1');
  EXPECT_FALSE(reads_through(ListOnDisk(lists, 1, 0xFFFFFFF2u, true)));
}

TEST_F(ListReaderTest, RandomDamageIsRefusedOrReadWithinBounds) {
  const List list = random_list(random_, 300, 2000, 5, true);
  const EncodedLists good = ListOnDisk::encode(list, true);
  const std::uint64_t cf = ListOnDisk::sum_of_tfs(list);
  int num_refused = 0;
  for (int round = 0; round < 600; ++round) {
    EncodedLists bad = good;
    std::string* const parts[] = {&bad.postings, &bad.skips, &bad.positions};
    std::string& part = *parts[random_below(random_, 3)];
    for (std::size_t n = 1 + random_below(random_, 3); n > 0; --n) {
      part[random_below(random_, part.size())] = static_cast<char>(random_());
    }
    if (random_below(random_, 4) == 0) part.resize(random_below(random_, part.size()));
    num_refused += !reads_through(ListOnDisk(bad, 300, cf, true, 2000));
  }
  EXPECT_GT(num_refused, 100);
}

}  // namespace
}  // namespace spimi::testing
