// Records of occurrences are those of the postings that one finds by going through the pieces.

#include "indexer/record_builder.h"

#include <gtest/gtest.h>

#include <algorithm>
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
  Pieces(const std::vector<std::uint32_t>& sizes, std::uint32_t before) {
    std::uint32_t end = 0;
    for (const std::uint32_t size : sizes) {
      starts_.push_back(end);
      end += size;
    }
    starts_.push_back(end);
    for (std::uint32_t i = 0; i < end; i += 1u << RunPieces::kHintShift) {
      hints_.push_back(piece_of(i));
    }
    starts_[0] -= before;
  }

  std::uint32_t num_tokens() const { return starts_.back(); }
  std::uint32_t piece_of(std::uint32_t token) const {
    const auto next = std::upper_bound(starts_.begin() + 1, starts_.end(), token);
    return static_cast<std::uint32_t>(next - starts_.begin() - 1);
  }

  void expect_record(const std::vector<std::uint32_t>& occurrences) const {
    RecordBuilder expected;
    expected.clear();
    for (std::size_t i = 0; i < occurrences.size();) {
      const std::uint32_t piece = piece_of(occurrences[i]);
      const std::size_t first = i;
      for (; i < occurrences.size() && piece_of(occurrences[i]) == piece; ++i) {
        expected.put_position(i == first ? occurrences[i] - starts_[piece]
                                         : occurrences[i] - occurrences[i - 1] - 1);
      }
      expected.put_posting(piece, static_cast<std::uint32_t>(i - first));
    }
    RecordBuilder record;
    record.build({starts_.data(), hints_.data()}, occurrences.data(), occurrences.size());
    EXPECT_EQ(record.num_postings(), expected.num_postings());
    EXPECT_EQ(words_of(record.posting_words()), words_of(expected.posting_words()));
    EXPECT_EQ(words_of(record.position_words()), words_of(expected.position_words()));
  }

 private:
  std::vector<std::uint32_t> starts_, hints_;
};

// Some of all tokens, or some of a stretch of them.
std::vector<std::uint32_t> random_occurrences(Random& random, std::uint32_t num_tokens) {
  const std::size_t begin = random_below(random, num_tokens);
  const std::size_t end = begin + 1 + random_below(random, num_tokens - begin);
  const std::size_t wanted = 1 + random_below(random, kRecordOccurrences);
  const std::size_t step = 1 + 2 * (end - begin) / wanted;
  std::vector<std::uint32_t> occurrences;
  for (std::size_t at = begin; at < end && occurrences.size() < kRecordOccurrences;
       at += 1 + random_below(random, step)) {
    occurrences.push_back(static_cast<std::uint32_t>(at));
  }
  return occurrences;
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
        pieces.expect_record(random_occurrences(random, pieces.num_tokens()));
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

// Gaps between documents that take more than their word.
TEST(RecordBuilderTest, FindsDocumentsThatAreFarApart) {
  const Pieces pieces(std::vector<std::uint32_t>(20000, 3), 0);
  for (const std::uint32_t distance : {8190u, 8191u, 8192u, 8193u, 15000u}) {
    pieces.expect_record({1, 3 * distance, 3 * distance + 2});
    pieces.expect_record({3 * distance});
  }
}

}  // namespace
}  // namespace spimi::testing
