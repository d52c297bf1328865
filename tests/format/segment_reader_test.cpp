#include "format/segment_reader.h"

#include <gtest/gtest.h>

#include <string>

#include "format/manifest.h"
#include "spimi/error.h"
#include "support/random_text.h"
#include "support/segment_builder.h"
#include "support/temporary_directory.h"

namespace spimi::testing {
namespace {

/// An index on disk, opened below the level of spimi::Index.
struct Opened {
  explicit Opened(const TestIndex& index) : files(index_files(index)) {
    write_files(files, directory.path());
    info = parse_manifest("manifest", files.at("manifest"));
    segment.emplace(directory.path(), info);
  }
  TemporaryDirectory directory;
  std::map<std::string, std::string> files;
  IndexInfo info;
  std::optional<SegmentReader> segment;
};

void expect_equal_info(const TermInfo& a, const TermInfo& b) {
  EXPECT_EQ(a.df, b.df);
  EXPECT_EQ(a.cf, b.cf);
  EXPECT_EQ(a.postings_offset, b.postings_offset);
  EXPECT_EQ(a.postings_bytes, b.postings_bytes);
  EXPECT_EQ(a.skips_offset, b.skips_offset);
  EXPECT_EQ(a.skips_bytes, b.skips_bytes);
  EXPECT_EQ(a.positions_offset, b.positions_offset);
  EXPECT_EQ(a.positions_bytes, b.positions_bytes);
}

void expect_holds(const SegmentReader& segment, const TestIndex& index) {
  ASSERT_EQ(segment.num_docs(), index.documents.size());
  PathIterator paths(segment.paths());
  for (std::uint32_t docid = 0; docid < index.documents.size(); ++docid) {
    const TestDocument& document = index.documents[docid];
    ASSERT_TRUE(paths.next());
    ASSERT_EQ(paths.path(), document.path);
    if (docid % 7 == 0) {
      ASSERT_EQ(segment.paths().path(docid), document.path);
    }
    ASSERT_EQ(segment.length(docid), document.length);
  }
  EXPECT_FALSE(paths.next());

  DictionaryIterator terms = segment.terms();
  for (const auto& [term, list] : index.lists) {
    SCOPED_TRACE(term);
    ASSERT_TRUE(terms.next());
    ASSERT_EQ(terms.term(), term);
    const auto found = segment.find(term);
    ASSERT_TRUE(found);
    expect_equal_info(*found, terms.info());
    EXPECT_EQ(found->df, list.size());
    EXPECT_FALSE(segment.find(term + '\0'));
    EXPECT_FALSE(
        segment.find(term.substr(0, term.size() - 1) + char(term.back() - 1) + "\xff\xff"));
    PostingsCursor cursor = segment.postings(*found);
    std::uint64_t cf = 0;
    for (const TestPosting& posting : list) {
      ASSERT_EQ(cursor.next(), posting.docid);
      ASSERT_EQ(cursor.tf(), posting.tf);
      cf += posting.tf;
      const auto positions = cursor.positions();
      ASSERT_EQ(std::vector(positions.begin(), positions.end()), posting.positions);
    }
    EXPECT_EQ(cursor.next(), PostingsCursor::kEnd);
    EXPECT_EQ(found->cf, cf);
  }
  EXPECT_FALSE(terms.next());
  EXPECT_FALSE(terms.next());
  EXPECT_FALSE(segment.find(""));
  EXPECT_FALSE(segment.find("\xff\xff"));
}

TEST(SegmentReader, RoundTripsRandomIndexes) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE("SPIMI_TEST_SEED=" + std::to_string(seed));
  Random random(seed);
  for (const std::uint32_t num_docs : {1, 15, 16, 17, 128, 300, 1200}) {
    for (const bool positions : {false, true}) {
      SCOPED_TRACE(num_docs);
      const TestIndex index = random_test_index(
          random, num_docs, {2, 127, 128, 129, 255, 256, 257, 1000, 1200}, positions);
      Opened opened(index);
      expect_holds(*opened.segment, index);
    }
  }
}

TEST(SegmentReader, ReadsAnEmptyIndex) {
  for (const bool positions : {false, true}) {
    TestIndex index;
    index.positions = positions;
    Opened opened(index);
    expect_holds(*opened.segment, index);
  }
}

TEST(SegmentReader, ReadsDocumentsWithoutTerms) {
  TestIndex index;
  index.documents = {{"a", 0}, {"b", 0}};
  Opened opened(index);
  expect_holds(*opened.segment, index);
}

TEST(SegmentReader, FindsTermsWithPrefixesAndSuffixesAroundTheNibbleBoundary) {
  TestIndex index;
  index.documents = {{"a", 0}};
  for (const std::size_t lcp : {1, 14, 15, 16, 300}) {
    for (const std::size_t suffix : {1, 14, 15, 16, 300}) {
      std::string term(lcp, 'p');
      index.lists[term] = {{0, 1, {0}}};
      index.lists[term + std::string(suffix, 's')] = {{0, 1, {0}}};
      index.lists["\xc3\xa9" + term + std::string(suffix, '\xff')] = {{0, 1, {0}}};
    }
  }
  index.documents[0].length = static_cast<std::uint32_t>(index.lists.size());
  Opened opened(index);
  expect_holds(*opened.segment, index);
}

// Each number of a term entry is below 128 for some terms and not for others, whatever the rest
// are.
TEST(SegmentReader, FindsTermsBehindNumbersOfOneByteAndOfMore) {
  for (const bool positions : {false, true}) {
    TestIndex index;
    index.positions = positions;
    constexpr std::uint32_t kApart = 65;  // A gap that takes two bytes.
    for (std::uint32_t i = 0; i < 70 * kApart; ++i) {
      index.documents.push_back({"d" + std::to_string(10000 + i), 0});
    }
    int num_terms = 0;
    for (const std::uint32_t df : {1, 30, 63, 64, 70}) {
      for (const std::uint32_t tf : {1, 2, 3, 200}) {
        for (const std::uint32_t gap : {0, 200, 20000}) {
          std::vector<TestPosting> list;
          for (std::uint32_t docid = 0; docid < df * kApart; docid += kApart) {
            std::vector<std::uint32_t> at;
            for (std::uint32_t k = 0; k < tf && positions; ++k) at.push_back((gap + 1) * k);
            list.push_back({docid, tf, at});
            index.documents[docid].length += tf;
          }
          index.lists["term" + std::to_string(100 + num_terms++)] = list;
        }
      }
    }
    Opened opened(index);
    expect_holds(*opened.segment, index);
    bool any_long_behind_short = false;
    for (const auto& [term, list] : index.lists) {
      const TermInfo info = opened.segment->find(term).value();
      const bool are_short = info.df < 64 && info.cf != info.df && info.cf - info.df <= 128 &&
                             (!positions || info.postings_bytes < 128);
      const std::uint64_t last = positions ? info.positions_bytes : info.postings_bytes;
      any_long_behind_short |= are_short && last >= 128;
    }
    EXPECT_TRUE(any_long_behind_short);
  }
}

TEST(SegmentReader, ReadsFilesOfSeveralPages) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE("SPIMI_TEST_SEED=" + std::to_string(seed));
  Random random(seed);
  TestIndex index = random_test_index(random, 40000, {10000, 20000, 30000, 35000, 128}, true);
  for (int i = 0; i < 9000; ++i) {
    const auto docid = static_cast<std::uint32_t>(random_below(random, index.documents.size()));
    index.lists["term" + std::to_string(random())] = {{docid, 1, {static_cast<std::uint32_t>(i)}}};
    ++index.documents[docid].length;
  }
  Opened opened(index);
  for (std::size_t i = 0; i < kNumSegmentFiles; ++i) {
    const auto which = static_cast<SegmentFile>(i);
    if (which == SegmentFile::kTermsIndex || which == SegmentFile::kPathsIndex ||
        which == SegmentFile::kSkips) {
      continue;
    }
    EXPECT_GT(opened.segment->file(which).payload_bytes(), kPageBytes) << layout_of(which).name;
  }
  expect_holds(*opened.segment, index);
  opened.segment->release();
  expect_holds(*opened.segment, index);
}

/// The index with one segment file's payload changed and its checksums made right again.
void expect_refuses(const TestIndex& index, const std::string& name, const std::string& kind,
                    const std::string& from, const std::string& to) {
  SCOPED_TRACE(name + ": " + from + " -> " + to);
  auto files = index_files(index);
  const std::string id = build_id_of(files);
  std::string& file = files["segment-" + id + "/" + name];
  std::string payload = file.substr(64, file.size() - 64 - 8);
  const std::size_t at = payload.find(from);
  ASSERT_NE(at, std::string::npos);
  payload.replace(at, from.size(), to);
  file = segment_file(kind, id, payload);
  TemporaryDirectory directory;
  write_files(files, directory.path());
  try {
    const SegmentReader segment(directory.path(), parse_manifest("m", files["manifest"]));
    for (DictionaryIterator terms = segment.terms(); terms.next();) {
      PostingsCursor cursor = segment.postings(terms.info());
      while (cursor.next() != PostingsCursor::kEnd) (void)cursor.positions();
    }
    for (PathIterator paths(segment.paths()); paths.next();) {
    }
    ADD_FAILURE() << "it was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCorrupt) << error.what();
  }
}

TEST(SegmentReader, RefusesADictionaryThatBreaksItsRules) {
  TestIndex index;
  index.documents = {{"dir/a", 3}, {"dir/b", 2}};
  index.lists["apple"] = {{0, 2, {0, 1}}, {1, 1, {0}}};
  index.lists["apply"] = {{0, 1, {2}}};
  index.lists["zoo"] = {{1, 1, {1}}};
  using namespace std::string_literals;
  const auto terms = [&](const std::string& from, const std::string& to) {
    expect_refuses(index, "terms", "TERM", from, to);
  };
  terms("zoo", "abc");  // Not ascending.
  terms("\x41y",
        "\x41"
        "e");               // Equal to the one before.
  terms("\x41y", "\x61y");  // A common prefix longer than the term before.
  terms(
      "\x05"
      "apple",
      "\x15"
      "apple");                     // A common prefix in a block's first term.
  terms("\x03zoo", "\x0F\x7Fzoo");  // A suffix longer than the block.
  terms(
      "\x03"
      "\x00\x00\x00\x05"s,
      "\x02"
      "\x00\x00\x00\x05"s);  // A wrong count.
  terms(
      "\x03"
      "\x00\x00\x00\x05"s,
      "\x03"
      "\x01\x00\x00\x05"s);                         // A wrong first offset.
  terms("apple\x04", "apple\x08");                  // df greater than the number of documents.
  terms("apple\x04", "apple\x01");                  // df 0.
  terms("zoo\x03\x01", "zoo\x03\x7F");              // A list longer than the file.
  terms("zoo\x03\x01\x01", "zoo\x03\x01\x01\x01");  // Bytes left in the block.
  expect_refuses(index, "terms.index", "TIDX", std::string(8, '\0'), "\1"s + std::string(7, '\0'));
  expect_refuses(index, "terms.index", "TIDX", std::string(8, '\0'), "");
  expect_refuses(index, "terms.index", "TIDX", std::string(8, '\0'), std::string(16, '\0'));
  expect_refuses(index, "terms.index", "TIDX", "apple", "appla");  // Another key than the term's.
  expect_refuses(index, "paths", "PATH",
                 "\x04\x01"
                 "b",
                 "\x06\x01"
                 "b");
  expect_refuses(index, "paths", "PATH",
                 "\x04\x01"
                 "b",
                 "\x04\x02"
                 "b");
  expect_refuses(index, "paths", "PATH",
                 "\x04\x01"
                 "b",
                 "\x04\x01"
                 "bc");
  expect_refuses(index, "paths.index", "PIDX", std::string(8, '\0'), "");
  expect_refuses(index, "lengths", "DLEN", "\3"s, "");
  expect_refuses(index, "lengths", "DLEN", "\3\0\0\0"s, "");
}

}  // namespace
}  // namespace spimi::testing
