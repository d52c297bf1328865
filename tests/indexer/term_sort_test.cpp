#include "indexer/term_sort.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "support/random_text.h"

namespace spimi::testing {
namespace {

/// Sorts the terms in the order given, and compares with std::sort. Also what else is in an entry
/// must have moved along.
void expect_sorted(const std::vector<std::string>& terms) {
  std::string arena;
  std::vector<TermRef> refs;
  const auto words_of = [](const std::string& term, std::uint64_t words[2]) {
    words[0] = words[1] = 0;
    std::memcpy(words, term.data(), std::min<std::size_t>(term.size(), 16));
    words[0] = __builtin_bswap64(words[0]);
    words[1] = __builtin_bswap64(words[1]);
  };
  for (const std::string& term : terms) {
    TermRef ref{};
    words_of(term, ref.words);
    ref.length = static_cast<std::uint32_t>(term.size());
    ref.id = static_cast<std::uint32_t>(refs.size());
    if (term.size() > 16) {
      ref.offset = static_cast<std::uint32_t>(arena.size());
      arena += term;
    }
    refs.push_back(ref);
  }
  sort_terms(refs.data(), refs.data() + refs.size(), arena.data());
  std::vector<std::string> expected = terms;
  std::sort(expected.begin(), expected.end());
  for (std::size_t i = 0; i < refs.size(); ++i) {
    ASSERT_EQ(terms[refs[i].id], expected[i]) << "at " << i;
    ASSERT_EQ(refs[i].length, expected[i].size());
    if (refs[i].length > 16) {
      ASSERT_EQ(arena.substr(refs[i].offset, refs[i].length), expected[i]);
    } else {
      std::uint64_t words[2];
      words_of(expected[i], words);
      ASSERT_EQ(refs[i].words[0], words[0]);
      ASSERT_EQ(refs[i].words[1], words[1]);
    }
  }
}

TEST(TermSort, NoneAndOne) {
  expect_sorted({});
  expect_sorted({"a"});
}

TEST(TermSort, ZeroBytesAndPrefixes) {
  // Each is a prefix of the next, in every number of zero bytes around both ends of the words.
  std::vector<std::string> terms;
  for (std::size_t size = 1; size < 70; ++size) {
    terms.emplace_back(size, '\0');
    terms.push_back(std::string(size, '\0') + 'x');
    terms.emplace_back(size, '\xff');
  }
  std::reverse(terms.begin(), terms.end());
  expect_sorted(terms);
}

TEST(TermSort, RandomTermsWithSharedPrefixes) {
  SCOPED_TRACE("SPIMI_TEST_SEED=" + std::to_string(test_seed()));
  Random random(test_seed());
  for (int round = 0; round < 200; ++round) {
    // Pieces of 1 to 20 bytes: terms share whole pieces, and few letters make many ties.
    std::vector<std::string> pieces;
    for (int i = 0; i < 8; ++i) {
      std::string piece;
      for (std::size_t n = 1 + random_below(random, 20); n > 0; --n) {
        piece += static_cast<char>(random_below(random, round % 2 == 0 ? 3 : 256));
      }
      pieces.push_back(piece);
    }
    std::set<std::string> distinct;
    for (std::size_t n = random_below(random, 3000); n > 0; --n) {
      std::string term;
      for (std::size_t k = 1 + random_below(random, 6); k > 0; --k) {
        term += pieces[random_below(random, pieces.size())];
      }
      distinct.insert(term);
    }
    std::vector<std::string> terms(distinct.begin(), distinct.end());
    switch (round % 4) {
      case 0:
        break;  // already in order
      case 1:
        std::reverse(terms.begin(), terms.end());
        break;
      default:
        std::shuffle(terms.begin(), terms.end(), random);
    }
    expect_sorted(terms);
  }
}

TEST(TermSort, PatternsThatFoolThePivot) {
  // Numbers up, then down, and saw teeth, behind a prefix that fills the words.
  for (const std::string prefix : {"", "sixteen bytes of prefix that all of them share "}) {
    std::vector<std::string> pipe, saw;
    for (std::uint32_t i = 0; i < 20000; ++i) {
      const std::uint32_t p = i < 10000 ? 2 * i : 2 * (20000 - i) - 1;
      const std::uint32_t s = i % 100 * 200 + i / 100;
      for (const auto& [number, terms] : {std::pair(p, &pipe), std::pair(s, &saw)}) {
        const std::uint32_t bytes = __builtin_bswap32(number);
        terms->push_back(prefix + std::string(reinterpret_cast<const char*>(&bytes), 4));
      }
    }
    expect_sorted(pipe);
    expect_sorted(saw);
  }
}

}  // namespace
}  // namespace spimi::testing
