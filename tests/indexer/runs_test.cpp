// Runs: what a writer wrote is read back, sought in, merged in order, and not believed when
// damaged.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/checksum.h"
#include "base/common_prefix.h"
#include "base/padded_bytes.h"
#include "indexer/corpora.h"
#include "indexer/run_queue.h"
#include "indexer/run_reader.h"
#include "indexer/run_writer.h"
#include "support/temporary_directory.h"

namespace spimi::testing {
namespace {

constexpr std::uint32_t kMaxTokenBytes = 255;

std::uint64_t prefix_of(const std::string& term) { return term_prefix(term.data(), term.size()); }

class RunsTest : public ::testing::Test {
 protected:
  /// A term of a few letters, zero bytes among them: prefixes of one another, equal in 8 bytes.
  std::string random_term() {
    std::string term(1 + random_below(random_, 12), '\0');
    for (char& c : term) c = "\0\0\0ab\xff"[random_below(random_, 6)];
    return term;
  }
  /// In order, some of them more than once.
  std::vector<std::string> random_terms(std::size_t count) {
    std::vector<std::string> terms;
    while (terms.size() < count) terms.push_back(random_term());
    std::sort(terms.begin(), terms.end());
    return terms;
  }

  /// Adds a run that `write_records` fills, in a file of its own.
  template <class WriteRecords>
  void add_run(std::uint64_t num_pieces, WriteRecords write_records) {
    const auto index = static_cast<std::uint32_t>(set_.files.size());
    File file = File::create(directory_.path("spill" + std::to_string(index)));
    RunInfo run;
    run.num_pieces = num_pieces;
    run.num_docs = 1;
    run.docid_base = index;
    {
      RunWriter writer(file, index, kMaxTokenBytes, set_.positions);
      writer.begin(&run);
      writer.add_document("path", 7);
      writer.begin_terms();
      write_records(writer);
      writer.end();
    }
    set_.files.push_back(std::move(file));
    set_.runs.push_back(run);
  }
  /// One posting for each term.
  void add_run(const std::vector<std::string>& terms) {
    add_run(1, [&](RunWriter& writer) {
      RecordBuilder record;
      for (const std::string& term : terms) {
        record.clear();
        record.put_position(0);
        record.put_posting(0, 1);
        writer.add_record(PaddedString(term).view(), record);
      }
    });
  }

  TemporaryDirectory directory_{TemporaryDirectory::memory_base()};
  Random random_{test_seed()};
  RunSet set_;
  std::vector<std::uint8_t> buffer_ =
      std::vector<std::uint8_t>(RunCursor::min_buffer_bytes(kMaxTokenBytes));
};

TEST_F(RunsTest, QueueGivesTermsInByteOrderAndRunsInTheirs) {
  SCOPED_TRACE("SPIMI_TEST_SEED=" + std::to_string(test_seed()));
  for (const std::size_t num_runs : {0, 1, 2, 3, 4, 5, 7, 8, 9, 33}) {
    SCOPED_TRACE(num_runs);
    set_ = RunSet();
    std::filesystem::remove_all(directory_.path());
    directory_.make_directory("");
    std::vector<std::pair<std::string, std::size_t>> expected;
    for (std::size_t i = 0; i < num_runs; ++i) {
      const std::vector<std::string> terms = random_terms(random_below(random_, 100));
      for (const std::string& term : terms) expected.emplace_back(term, i);
      add_run(terms);
    }
    std::stable_sort(expected.begin(), expected.end());
    RunQueue queue(set_, 0, num_runs, RunCursor::min_buffer_bytes(kMaxTokenBytes));
    // All terms, then ranges of them, with the same queue.
    for (int range = 0; range < 10; ++range) {
      const std::uint64_t begin = range == 0 ? 0 : prefix_of(random_term());
      const auto end = range < 2 ? std::nullopt : std::optional(prefix_of(random_term()));
      std::vector<std::pair<std::string, std::size_t>> in_range, taken;
      for (const auto& entry : expected) {
        const std::uint64_t prefix = prefix_of(entry.first);
        if (prefix >= begin && (!end || prefix < *end)) in_range.push_back(entry);
      }
      queue.open(begin, end);
      while (RunCursor* const cursor = queue.top()) {
        const TermRecord& record = cursor->record();
        const std::string_view term(record.term, record.term_bytes);
        ASSERT_EQ(queue.lcp(), taken.empty() ? 0 : common_prefix(taken.back().first, term));
        ASSERT_EQ(queue.is_same_term(), !taken.empty() && taken.back().first == term);
        taken.emplace_back(std::string(record.term, record.term_bytes), cursor->run().docid_base);
        queue.pop();
      }
      ASSERT_EQ(taken, in_range);
    }
  }
}

TEST_F(RunsTest, SeekFindsWhatAScanFinds) {
  SCOPED_TRACE("SPIMI_TEST_SEED=" + std::to_string(test_seed()));
  // One term in many frames, all with one prefix; and some before and behind it.
  std::vector<std::string> terms = random_terms(5000);
  terms.insert(terms.end(), 3000, "a\0\0a\0bab-and-more-of-it");
  std::sort(terms.begin(), terms.end());
  add_run(terms);
  const RunInfo& run = set_.runs[0];
  ASSERT_GE(num_samples(run), 8u);

  std::vector<std::uint64_t> targets = {0, 1, ~std::uint64_t{0}};
  for (std::uint64_t i = 0; i < num_samples(run); ++i) {
    RunSample sample;
    read_samples(set_.files[0], run, i, 1, &sample);
    targets.insert(targets.end(), {sample.prefix - 1, sample.prefix, sample.prefix + 1});
  }
  for (int i = 0; i < 200; ++i) targets.push_back(prefix_of(random_term()));
  RunCursor cursor(set_.files[0], run, true, kMaxTokenBytes, buffer_.data(), buffer_.size());
  for (const std::uint64_t target : targets) {
    SCOPED_TRACE(target);
    auto expected = std::find_if(terms.begin(), terms.end(), [&](const std::string& term) {
      return prefix_of(term) >= target;
    });
    ASSERT_EQ(cursor.seek(target), expected != terms.end());
    for (int i = 0; i < 3 && expected != terms.end(); ++i, ++expected) {
      ASSERT_EQ(std::string(cursor.record().term, cursor.record().term_bytes), *expected);
      ASSERT_EQ(cursor.record().prefix, prefix_of(*expected));
      if (!cursor.next()) break;
    }
  }
  // Ranges, from wherever the cursor was: all records of each.
  for (int i = 0; i < 500; ++i) {
    const std::uint64_t first = targets[random_below(random_, targets.size())];
    const std::uint64_t second = targets[random_below(random_, targets.size())];
    const auto [begin, end] = std::minmax(first, second);
    std::vector<std::string> expected, found;
    std::copy_if(terms.begin(), terms.end(), std::back_inserter(expected),
                 [begin = begin, end = end](const std::string& term) {
                   return prefix_of(term) >= begin && prefix_of(term) < end;
                 });
    for (bool more = cursor.seek(begin, end); more && cursor.record().prefix < end;
         more = cursor.next()) {
      found.emplace_back(cursor.record().term, cursor.record().term_bytes);
    }
    ASSERT_EQ(found, expected) << "from " << begin << " to " << end;
  }
}

TEST_F(RunsTest, RunsBehindFourGiBAreReadAsAtTheFront) {
  constexpr std::uint64_t kBehind = std::uint64_t{5} << 30;
  const std::vector<std::string> terms = random_terms(5000);
  add_run(terms);
  const RunInfo& run = set_.runs[0];
  ASSERT_GE(num_samples(run), 4u);
  RunInfo far = run;
  for (std::uint64_t* offset :
       {&far.documents_offset, &far.terms_offset, &far.samples_offset, &far.end_offset}) {
    *offset += kBehind;
  }
  std::string bytes = directory_.read_file("spill0").substr(0, run.samples_offset);
  for (std::uint64_t i = 0; i < num_samples(run); ++i) {
    RunSample near;
    read_samples(set_.files[0], run, i, 1, &near);
    const RunSample sample = make_sample(near.prefix, near.frame_offset + kBehind);
    bytes.append(reinterpret_cast<const char*>(&sample), sizeof(sample));
  }
  File file = File::create(directory_.path("far"));
  file.pwrite_all(kBehind, bytes.data(), bytes.size());

  RunCursor cursor(file, far, true, kMaxTokenBytes, buffer_.data(), buffer_.size());
  for (const std::string& term : terms) {
    ASSERT_TRUE(cursor.next());
    ASSERT_EQ(std::string(cursor.record().term, cursor.record().term_bytes), term);
  }
  EXPECT_FALSE(cursor.next());
  for (std::size_t i = 0; i < terms.size(); i += 997) {
    ASSERT_TRUE(cursor.seek(prefix_of(terms[i])));
    ASSERT_EQ(cursor.record().prefix, prefix_of(terms[i]));
  }
  std::vector<std::uint8_t> buffer(kMaxDocumentFrameBytes);
  RunDocuments documents(file, far, buffer.data(), buffer.size());
  ASSERT_TRUE(documents.next());
  EXPECT_EQ(documents.path(), "path");
}

TEST_F(RunsTest, RecordsAreReadBack) {
  struct Posting {
    std::uint32_t piece, tf;
  };
  const std::vector<Posting> postings = {{0, 1},     {1, 6},     {8191, 7},      {16383, 8},
                                         {24576, 9}, {24577, 1}, {32768, 100},   {70000, 2},
                                         {90000, 1}, {90001, 1}, {4000000000, 3}};
  const std::vector<std::uint32_t> gaps = {0, 1, 65533, 65534, 65535, 65536, 4000000000};
  std::vector<std::uint32_t> positions;
  add_run(4000000001, [&](RunWriter& writer) {
    RecordBuilder record;
    record.clear();
    for (const Posting& posting : postings) {
      for (std::uint32_t i = 0; i < posting.tf; ++i) {
        positions.push_back(gaps[random_below(random_, gaps.size())]);
        record.put_position(positions.back());
      }
      record.put_posting(posting.piece, posting.tf);
    }
    writer.add_record(PaddedString("term").view(), record);
  });
  RunCursor cursor(set_.files[0], set_.runs[0], true, kMaxTokenBytes, buffer_.data(),
                   buffer_.size());
  ASSERT_TRUE(cursor.next());
  DecodedRecord decoded;
  decode_record(cursor, true, &decoded);
  ASSERT_EQ(decoded.num_postings, postings.size());
  for (std::size_t i = 0; i < postings.size(); ++i) {
    EXPECT_EQ(decoded.docids[i], postings[i].piece);
    EXPECT_EQ(decoded.tfs[i], postings[i].tf);
  }
  ASSERT_EQ(decoded.num_positions, positions.size());
  EXPECT_TRUE(std::equal(positions.begin(), positions.end(), decoded.position_gaps));
  EXPECT_FALSE(cursor.next());
}

TEST_F(RunsTest, LargestRecordsAndTermsFitTheirFrames) {
  const std::string longest(kMaxTermExpansion * kMaxTokenBytes, 'x');
  add_run(4000000000, [&](RunWriter& writer) {
    RecordBuilder record;
    for (const std::string& term : {std::string(1, 'a'), longest, longest}) {
      record.clear();
      for (std::uint32_t i = 0; i < kRecordOccurrences; ++i) {
        record.put_position(100000);
        record.put_posting((i + 1) * 10000, 1);
      }
      writer.add_record(PaddedString(term).view(), record);
    }
  });
  RunCursor cursor(set_.files[0], set_.runs[0], true, kMaxTokenBytes, buffer_.data(),
                   buffer_.size());
  DecodedRecord decoded;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(cursor.next());
    decode_record(cursor, true, &decoded);
    EXPECT_EQ(decoded.num_postings, kRecordOccurrences);
    EXPECT_EQ(decoded.docids[kRecordOccurrences - 1], 5120000u);
    EXPECT_EQ(decoded.position_gaps[kRecordOccurrences - 1], 100000u);
  }
  EXPECT_FALSE(cursor.next());
}

TEST_F(RunsTest, PieceThatIsNotInTheRunIsRefused) {
  add_run(3, [](RunWriter& writer) {
    RecordBuilder record;
    record.clear();
    record.put_position(0);
    record.put_posting(3, 1);
    writer.add_record(PaddedString("term").view(), record);
  });
  RunCursor cursor(set_.files[0], set_.runs[0], true, kMaxTokenBytes, buffer_.data(),
                   buffer_.size());
  ASSERT_TRUE(cursor.next());
  DecodedRecord decoded;
  EXPECT_EQ(error_kind([&] { decode_record(cursor, true, &decoded); }), ErrorKind::kCorrupt);
}

TEST_F(RunsTest, DroppedPieceIsLeftOutOfEveryRecord) {
  add_run(2, [](RunWriter& writer) {
    RecordBuilder record;
    for (const std::uint32_t tf : {2u, 5u}) {
      record.clear();
      for (std::uint32_t i = 0; i < 1 + tf; ++i) record.put_position(i);
      record.put_posting(0, 1);
      record.put_posting(1, tf);
      writer.add_record(PaddedString("term").view(), record);
    }
  });
  set_.runs[0].drop_last = true;
  RunCursor cursor(set_.files[0], set_.runs[0], true, kMaxTokenBytes, buffer_.data(),
                   buffer_.size());
  DecodedRecord decoded;
  while (cursor.next()) {
    decode_record(cursor, true, &decoded);
    EXPECT_EQ(decoded.num_postings, 1u);
    EXPECT_EQ(decoded.num_positions, 1u);
    EXPECT_EQ(decoded.docids[0], 0u);
  }
}

TEST_F(RunsTest, DocumentsAreReadBack) {
  RunInfo run;
  std::vector<std::pair<std::string, std::uint32_t>> documents = {
      {"", 0}, {std::string("\0\xff", 2), 1}, {std::string(kMaxPathBytes - 1, 'p'), ~0u}};
  for (int i = 0; i < 3000; ++i) documents.emplace_back("path" + std::to_string(i), i);
  File file = File::create(directory_.path("documents"));
  {
    RunWriter writer(file, 0, kMaxTokenBytes, true);
    writer.begin(&run);
    for (const auto& [path, length] : documents) writer.add_document(path, length);
    writer.begin_terms();
    writer.end();
  }
  std::vector<std::uint8_t> buffer(kMaxDocumentFrameBytes);
  RunDocuments reader(file, run, buffer.data(), buffer.size());
  for (const auto& [path, length] : documents) {
    ASSERT_TRUE(reader.next());
    EXPECT_EQ(reader.path(), path);
    EXPECT_EQ(reader.length(), length);
  }
  EXPECT_FALSE(reader.next());
}

class FrameReaderTest : public ::testing::Test {
 protected:
  static std::string frame(const std::string& payload) {
    std::string bytes(kFrameHeaderBytes, '\0');
    const auto payload_bytes = static_cast<std::uint32_t>(payload.size());
    const std::uint64_t checksum = checksum64(payload.data(), payload.size());
    std::memcpy(bytes.data(), &payload_bytes, 4);
    std::memcpy(bytes.data() + 8, &checksum, 8);
    return bytes + payload;
  }

  /// The payloads in [0, stop) of a file with these bytes.
  std::vector<std::string> read(const std::string& bytes, std::uint64_t stop,
                                std::size_t buffer_bytes) {
    const File file = File::open_read(directory_.write_file("frames", bytes));
    std::vector<std::uint8_t> buffer(buffer_bytes);
    FrameReader reader(file, buffer.data(), buffer.size());
    reader.open(0, stop);
    std::vector<std::string> payloads;
    for (std::string_view payload; !(payload = reader.next()).empty();) {
      payloads.emplace_back(payload);
    }
    return payloads;
  }

  const std::vector<std::string> payloads_ = {"a", "some more", std::string(50, 'x'), "end"};
  const std::size_t largest_ = kFrameHeaderBytes + 50;
  const std::string bytes_ =
      frame(payloads_[0]) + frame(payloads_[1]) + frame(payloads_[2]) + frame(payloads_[3]);
  TemporaryDirectory directory_{TemporaryDirectory::memory_base()};
};

TEST_F(FrameReaderTest, BufferOfTheLargestFrameIsEnough) {
  for (std::size_t extra = 0; extra < 200; ++extra) {
    EXPECT_EQ(read(bytes_, bytes_.size(), largest_ + extra), payloads_);
  }
}

TEST_F(FrameReaderTest, EveryTruncationIsFound) {
  for (std::size_t size = 0; size < bytes_.size(); ++size) {
    for (const std::size_t buffer_bytes : {largest_, std::size_t{1000}}) {
      SCOPED_TRACE(size);
      EXPECT_EQ(error_kind([&] { read(bytes_.substr(0, size), bytes_.size(), buffer_bytes); }),
                ErrorKind::kCorrupt);
    }
  }
}

TEST_F(FrameReaderTest, EndWithinAFrameIsFound) {
  std::vector<std::size_t> ends = {0};
  for (const std::string& payload : payloads_) {
    ends.push_back(ends.back() + kFrameHeaderBytes + payload.size());
  }
  for (std::size_t stop = 0; stop <= bytes_.size(); ++stop) {
    SCOPED_TRACE(stop);
    const auto end = std::find(ends.begin(), ends.end(), stop);
    if (end != ends.end()) {
      EXPECT_EQ(read(bytes_, stop, largest_).size(), end - ends.begin());
    } else {
      EXPECT_EQ(error_kind([&] { read(bytes_, stop, largest_); }), ErrorKind::kCorrupt);
    }
  }
}

TEST_F(FrameReaderTest, SizesThatCannotBeAreRefused) {
  for (const std::uint32_t size : {0u, 2u, 51u, 985u, 0x7FFFFFFFu, 0xFFFFFFF0u, 0xFFFFFFFFu}) {
    SCOPED_TRACE(size);
    std::string bytes = bytes_;
    std::memcpy(bytes.data(), &size, 4);
    EXPECT_EQ(error_kind([&] { read(bytes, bytes.size(), 1000); }), ErrorKind::kCorrupt);
  }
}

}  // namespace
}  // namespace spimi::testing
