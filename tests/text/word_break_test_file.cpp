#include "text/word_break_test_file.h"

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace spimi::testing {

std::vector<WordBreakCase> read_word_break_test() {
  std::ifstream in(SPIMI_WORD_BREAK_TEST);
  std::vector<WordBreakCase> cases;
  std::string first_line;
  std::getline(in, first_line);
  if (first_line != "# WordBreakTest-15.0.0.txt") {
    throw std::runtime_error(SPIMI_WORD_BREAK_TEST ": is not that of Unicode 15.0");
  }
  std::string line;
  while (std::getline(in, line)) {
    std::istringstream words(line.substr(0, line.find('#')));
    WordBreakCase next{line, {}, {}};
    std::string word;
    while (words >> word) {
      if (word == "÷") {
        next.boundaries.push_back(next.text.size());
      } else if (word != "×") {
        next.text += static_cast<char32_t>(std::stoul(word, nullptr, 16));
      }
    }
    if (!next.text.empty()) cases.push_back(std::move(next));
  }
  if (cases.size() < 1800) throw std::runtime_error(SPIMI_WORD_BREAK_TEST ": lacks lines");
  return cases;
}

}  // namespace spimi::testing
