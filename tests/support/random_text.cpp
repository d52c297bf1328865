#include "support/random_text.h"

#include <cstdlib>

namespace spimi::testing {

using namespace std::string_literals;

std::uint64_t test_seed() {
  const char* const value = std::getenv("SPIMI_TEST_SEED");
  return value == nullptr ? 20220913 : std::strtoull(value, nullptr, 10);
}

std::size_t random_below(Random& random, std::size_t bound) { return random() % bound; }

const std::vector<std::string>& text_fragments() {
  static const std::vector<std::string> fragments = {
      // ASCII
      "a", "Z", "the", "Word", "MiXeD", "internationalization", "0", "7", "1234", "x86", "_", "__",
      " ", " ", " ", "  ", "\t", "\r", "\n", "\r\n", "\v", "\f", "\0"s, "\x7f", "-", "/", "(", "$",
      // between letters, between digits, between both
      ":", ".", "'", "\"", ",", ";", "..", "\u00b7", "\u2019", "\u2024", "\u2027", "\u066b",
      "\u066c", "\ufe13", "\uff0e", "\uff1a", "\uff07", "\u2044",
      // letters that fold, and that fold to more than one
      "\u00e9", "\u00c9", "\u00df", "\u1e9e", "\u0130", "\ufb03", "\ufdfa", "\u03a3\u03c2",
      "\u2126", "\u2167", "\u00bd", "\u00b2", "\u24c2", "\uff21\uff42", "\U0001d400", "\U00010400",
      // combining marks, joiners, format characters; some at the start of a segment
      "\u0301", "\u0308\u0327", "\u20dd", "\u200d", "\u200c", "\u00ad", "\u200b", "\ufeff",
      "\u2060", "\u180e", "\ufe0f", "\U000e0020", "e\u0301", "\u034f",
      // Hebrew with quotes, Arabic, Devanagari
      "\u05d0", "\u05e9\u05dc\u05d5\u05dd", "\u05d0'", "\u05d0\"\u05d1", "\u05d0\"", "\u0627\u0644",
      "\u0661\u0662", "\u0915\u094d\u0937",
      // Katakana, Hiragana, Han, Hangul, Thai
      "\u30ab", "\u30bf\u30ab\u30ca", "\u30fc", "\uff76", "\uff9e", "\uff9f", "\u3042", "\u6f22",
      "\u5b57", "\U00020000", "\ud55c\uae00", "\u1112\u1161\u11ab", "\u115f", "\u1160", "\u3164",
      "\uffa0", "\u0e44\u0e17\u0e22", "\u3031", "\u3000", "\u3000", "\u2003",
      // emoji, regional indicators, spaces and line ends beyond ASCII
      "\U0001f469\u200d\U0001f469", "\u2764\ufe0f", "\U0001f44d\U0001f3fd", "\u2139",
      "\u200d\u2139", "\U0001f170", "\U0001f1e9", "\U0001f1ea", "\u0085", "\u2028", "\u2029",
      "\u00a0", "\u2018", "\ufffd", "\U0010ffff", "\ufdd0",
      // ill-formed: stray, cut short, overlong, surrogate, beyond the last
      "\x80", "\xbf", "\xc0", "\xc1", "\xff", "\xfe", "\xf5", "\xc3", "\xe2\x80", "\xe2",
      "\xf0\x9f", "\xf0\x9f\x91", "\xf0", "\xe0\x80\x80", "\xe0\x9f", "\xed\xa0\x80",
      "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xc3\xc3\xa9", "\xe6\xbc"};
  return fragments;
}

std::string random_text(Random& random, std::size_t num_fragments) {
  const std::vector<std::string>& fragments = text_fragments();
  std::string text;
  for (std::size_t i = 0; i < num_fragments; ++i) {
    const std::string& fragment = fragments[random_below(random, fragments.size())];
    std::size_t repeats = 1;
    if (random_below(random, 8) == 0) repeats = 1 + random_below(random, 4);
    if (random_below(random, 64) == 0) repeats = random_below(random, 300);
    while (repeats-- > 0) text += fragment;
    // Half of it looks like prose, so that tokens also begin and end.
    if (random_below(random, 4) == 0) text += ' ';
  }
  return text;
}

}  // namespace spimi::testing
