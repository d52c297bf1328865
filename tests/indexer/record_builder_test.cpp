// Records of occurrences are those of the postings that one finds by going through the pieces, with
// every instruction set that can run here.

#include "indexer/record_builder.h"

#include <gtest/gtest.h>

#include <numeric>
#include <span>
#include <vector>

#include "support/random_text.h"

namespace spimi::testing {
namespace {

using Words = std::vector<std::uint16_t>;

Words words_of(std::span<const std::uint16_t> words) { return {words.begin(), words.end()}; }

// Documents of these sizes, the first of which has `before` tokens in earlier runs.
class Pieces {
 public:
  Pieces(const std::vector<std::uint32_t>& sizes, std::uint32_t before)
      : layout_{OccurrenceLayout::position_bits_for(sizes.size()), before} {
    for (std::uint32_t piece = 0; piece < sizes.size(); ++piece) {
      EXPECT_LE(sizes[piece], OccurrenceLayout::max_piece_tokens(sizes.size()));
      for (std::uint32_t position = 0; position < sizes[piece]; ++position) {
        tokens_.push_back({piece, position});
      }
    }
  }

  std::uint32_t num_tokens() const { return static_cast<std::uint32_t>(tokens_.size()); }

  void expect_record(const std::vector<std::uint32_t>& tokens) const {
    RecordBuilder expected;
    expected.clear();
    std::vector<std::uint32_t> occurrences;
    for (std::size_t i = 0; i < tokens.size();) {
      const std::uint32_t piece = tokens_[tokens[i]].piece;
      const std::size_t first = i;
      for (; i < tokens.size() && tokens_[tokens[i]].piece == piece; ++i) {
        const std::uint32_t position = tokens_[tokens[i]].position;
        expected.put_position(i > first    ? tokens[i] - tokens[i - 1] - 1
                              : piece == 0 ? layout_.positions_before + position
                                           : position);
        occurrences.push_back(piece << layout_.position_bits | position);
      }
      expected.put_posting(piece, static_cast<std::uint32_t>(i - first));
    }
    // What follows is another term's.
    occurrences.resize(tokens.size() + kOccurrenceSlack, static_cast<std::uint32_t>(tokens[0]));
    for (std::size_t target = 0; target < record_words_testing::num_targets(); ++target) {
      SCOPED_TRACE(target);
      record_words_testing::use_target(target);
      RecordBuilder record;
      record.build(layout_, occurrences.data(), tokens.size());
      EXPECT_EQ(record.num_postings(), expected.num_postings());
      EXPECT_EQ(words_of(record.posting_words()), words_of(expected.posting_words()));
      EXPECT_EQ(words_of(record.position_words()), words_of(expected.position_words()));
    }
    record_words_testing::use_target(record_words_testing::num_targets());
  }

 private:
  struct Token {
    std::uint32_t piece, position;
  };
  OccurrenceLayout layout_;
  std::vector<Token> tokens_;
};

// Some of all tokens, or some of a stretch of them.
std::vector<std::uint32_t> random_tokens(Random& random, std::uint32_t num_tokens) {
  const std::size_t begin = random_below(random, num_tokens);
  const std::size_t end = begin + 1 + random_below(random, num_tokens - begin);
  const std::size_t wanted = 1 + random_below(random, kRecordOccurrences);
  const std::size_t step = 1 + 2 * (end - begin) / wanted;
  std::vector<std::uint32_t> tokens;
  for (std::size_t at = begin; at < end && tokens.size() < kRecordOccurrences;
       at += 1 + random_below(random, step)) {
    tokens.push_back(static_cast<std::uint32_t>(at));
  }
  return tokens;
}

TEST(RecordBuilderTest, FindsThePostings) {
  SCOPED_TRACE("SPIMI_TEST_SEED=" + std::to_string(test_seed()));
  Random random(test_seed());
  // Empty documents and some of a few tokens, of some hundred, and of more than a word counts.
  for (const std::uint32_t most : {2u, 5u, 100u, 2000u, 200000u}) {
    for (const std::uint32_t before : {0u, 1u, 70000u, 3000000000u}) {
      SCOPED_TRACE(std::to_string(most) + " " + std::to_string(before));
      std::vector<std::uint32_t> sizes;
      for (std::size_t i = 0; i < 20000 / most + 5; ++i) {
        sizes.push_back(static_cast<std::uint32_t>(random_below(random, most)));
      }
      sizes.push_back(1);
      const Pieces pieces(sizes, before);
      for (int round = 0; round < 50; ++round) {
        pieces.expect_record(random_tokens(random, pieces.num_tokens()));
      }
    }
  }
}

TEST(RecordBuilderTest, FindsTheFirstAndTheLastTokenOfEachDocument) {
  const Pieces pieces({63, 1, 64, 0, 65, 1, 1, 1, 200, 0, 0, 7}, 10);
  std::vector<std::uint32_t> all;
  for (std::uint32_t token = 0; token < pieces.num_tokens(); ++token) {
    pieces.expect_record({token});
    all.push_back(token);
  }
  ASSERT_LE(all.size(), kRecordOccurrences);
  pieces.expect_record(all);
}

// Postings with as many occurrences as a word counts, and one more, among others that have few.
TEST(RecordBuilderTest, CountsOccurrences) {
  for (const std::uint32_t most : {7u, 8u, 9u, 100u}) {
    for (std::uint32_t place = 0; place < 20; ++place) {
      SCOPED_TRACE(std::to_string(most) + " " + std::to_string(place));
      std::vector<std::uint32_t> sizes(20, 2);
      sizes[place] = most;
      const Pieces pieces(sizes, 0);
      std::vector<std::uint32_t> all(pieces.num_tokens());
      std::iota(all.begin(), all.end(), 0);
      pieces.expect_record(all);
    }
  }
}

// Gaps between positions of as much as a word holds, and of one more.
TEST(RecordBuilderTest, FindsPositionsThatAreFarApart) {
  const Pieces pieces({10, 70000, 10}, 0);
  for (std::uint32_t gap = kPositionEscape - 2; gap <= kPositionEscape + 2u; ++gap) {
    SCOPED_TRACE(gap);
    pieces.expect_record({10 + gap, 70010});
    pieces.expect_record({9, 10 + gap});
    pieces.expect_record({2, 11, 12 + gap, 13 + gap});
  }
}

// Gaps between documents that take more than their word.
TEST(RecordBuilderTest, FindsDocumentsThatAreFarApart) {
  const Pieces pieces(std::vector<std::uint32_t>(20000, 3), 0);
  for (const std::uint32_t distance : {8190u, 8191u, 8192u, 8193u, 15000u}) {
    pieces.expect_record({1, 3 * distance, 3 * distance + 2});
    pieces.expect_record({3 * distance});
  }
}

// Every number of pieces leaves room for tokens, and all of both fit in 32 bits.
TEST(OccurrenceLayoutTest, HoldsAllPiecesAndPositions) {
  for (std::uint64_t num_pieces : {1u, 2u, 3u, 4u, 5u, 1023u, 1024u, 1025u, 524287u, 524288u}) {
    const std::uint64_t tokens = OccurrenceLayout::max_piece_tokens(num_pieces);
    const unsigned bits = OccurrenceLayout::position_bits_for(num_pieces);
    SCOPED_TRACE(num_pieces);
    EXPECT_LT(bits, 32u);
    EXPECT_GE(tokens, 8192u);  // more than a batch
    EXPECT_LE(((num_pieces - 1) << bits) + tokens - 1, 0xFFFFFFFFu);
    // No bit is wasted, but for that of a single piece.
    EXPECT_GT(num_pieces * tokens * 2, 0xFFFFFFFFu);
  }
}

}  // namespace
}  // namespace spimi::testing
