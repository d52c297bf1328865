#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace spimi::testing {

/// A line of the Unicode Character Database's WordBreakTest.txt.
struct WordBreakCase {
  std::string line;  ///< As it stands in the file, for messages.
  std::u32string text;
  std::vector<std::size_t> boundaries;  ///< Indices into `text`, 0 and the end included.
};

/// All of them. Throws std::runtime_error when the file is not what it should be.
std::vector<WordBreakCase> read_word_break_test();

}  // namespace spimi::testing
