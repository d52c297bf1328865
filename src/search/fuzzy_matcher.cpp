#include "search/fuzzy_matcher.h"

#include <algorithm>

#include "base/utf8.h"

namespace spimi {

FuzzyMatcher::FuzzyMatcher(std::string_view word, unsigned max_edits) : max_edits_(max_edits) {
  for (std::size_t i = 0; i < word.size();) {
    const Utf8Char c = decode_utf8(word, i);
    word_ += c.code_point;
    i += c.num_bytes;
  }
  for (std::size_t j = 0; j <= word_.size(); ++j) {
    rows_.push_back(static_cast<std::uint8_t>(std::min<std::size_t>(j, max_edits_ + 1)));
  }
}

bool FuzzyMatcher::push(char32_t c) {
  const std::size_t width = word_.size() + 1, num_rows = rows_.size() / width;
  rows_.resize(rows_.size() + width, static_cast<std::uint8_t>(max_edits_ + 1));
  pushed_ += c;
  std::uint8_t* const row = rows_.data() + num_rows * width;
  const std::uint8_t* const last = row - width;
  unsigned least = row[0] =
      static_cast<std::uint8_t>(std::min<std::size_t>(num_rows, max_edits_ + 1));
  // Further from the diagonal than max_edits every distance is too large.
  const std::size_t first = num_rows > max_edits_ ? num_rows - max_edits_ : 1;
  for (std::size_t j = first; j < width && j <= num_rows + max_edits_; ++j) {
    const unsigned substituted = last[j - 1] + (word_[j - 1] == c ? 0u : 1u);
    unsigned edits = std::min({last[j] + 1u, row[j - 1] + 1u, substituted});
    if (j > 1 && num_rows > 1 && c == word_[j - 2] && pushed_[num_rows - 2] == word_[j - 1]) {
      edits = std::min(edits, (last - width)[j - 2] + 1u);
    }
    row[j] = static_cast<std::uint8_t>(std::min(edits, max_edits_ + 1));
    least = std::min(least, edits);
  }
  return least <= max_edits_;
}

void FuzzyMatcher::pop(unsigned num_chars) {
  pushed_.resize(pushed_.size() - num_chars);
  rows_.resize(rows_.size() - num_chars * (word_.size() + 1));
}

}  // namespace spimi
