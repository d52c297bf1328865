#include <algorithm>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/utf8.h"
#include "search/query_state.h"
#include "spimi/query.h"
#include "text/normalize.h"
#include "text/tokenizer.h"

namespace spimi {
namespace {

/// An occurrence of one of the query's terms.
struct Occurrence {
  std::size_t begin, end;  ///< Bytes of the text.
  std::size_t term;
};

/// Finds the terms in a text whose letters of ASCII are small, as they are in tokens. A token is a
/// stretch of the text that comes after the one before, and what is between two tokens has no
/// letter or number in it.
class Finder : public TokenSink {
 public:
  Finder(std::string_view text, const std::vector<std::string>& terms) : text_(text) {
    for (std::size_t i = 0; i < terms.size(); ++i) number_of_.emplace(terms[i], i);
  }

  void take(const TokenBatch& batch) override {
    for (std::size_t i = 0; i < batch.size; ++i) {
      if (batch.tokens[i].data == nullptr) continue;
      const std::string_view token(batch.tokens[i].data, batch.tokens[i].length);
      const std::size_t begin = text_.find(token, at_);
      // Ill-formed text inside a token is not as it was.
      if (begin == std::string_view::npos) continue;
      at_ = begin + token.size();
      make_term(token, &term_);
      const auto found = number_of_.find(term_);
      if (found != number_of_.end()) occurrences_.push_back({begin, at_, found->second});
    }
  }

  const std::vector<Occurrence>& occurrences() const { return occurrences_; }

 private:
  std::string_view text_;
  std::unordered_map<std::string, std::size_t> number_of_;
  std::size_t at_ = 0;
  std::string term_;
  std::vector<Occurrence> occurrences_;
};

/// The stretch of at most `max_bytes` with the most distinct terms, then the most occurrences, then
/// the earliest: its first occurrence and the one after its last.
std::pair<std::size_t, std::size_t> best_stretch(const std::vector<Occurrence>& occurrences,
                                                 std::size_t max_bytes) {
  std::pair<std::size_t, std::size_t> best{0, 1};
  std::size_t best_distinct = 0, best_size = 0;
  std::unordered_map<std::size_t, std::size_t> held;
  std::size_t first = 0;
  for (std::size_t last = 0; last < occurrences.size(); ++last) {
    ++held[occurrences[last].term];
    while (first < last && occurrences[last].end - occurrences[first].begin > max_bytes) {
      const auto gone = held.find(occurrences[first++].term);
      if (--gone->second == 0) held.erase(gone);
    }
    const std::size_t size = last + 1 - first;
    if (held.size() > best_distinct || (held.size() == best_distinct && size > best_size)) {
      best = {first, last + 1};
      best_distinct = held.size();
      best_size = size;
    }
  }
  return best;
}

bool is_space(char c) { return c == ' ' || ('\t' <= c && c <= '\r'); }
bool is_inside_char(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}

/// The nearest place from `at` towards `limit` where a word begins or ends, else where a character
/// does.
std::size_t clean_cut(std::string_view text, std::size_t at, std::size_t limit) {
  constexpr std::size_t kMaxMove = 20;
  const bool forward = limit >= at;
  std::size_t cut = at;
  for (std::size_t moved = 0; moved < kMaxMove && cut != limit; ++moved) {
    if (cut == 0 || cut == text.size() || is_space(text[cut]) || is_space(text[cut - 1]))
      return cut;
    cut = forward ? cut + 1 : cut - 1;
  }
  if (cut == limit) return cut;
  while (at != limit && is_inside_char(text, at)) at = forward ? at + 1 : at - 1;
  return at;
}

}  // namespace

Snippet Query::snippet(std::string_view text, std::size_t max_bytes) const {
  TokenizerOptions options;
  options.kind = state_->index.info.tokenizer;
  options.max_token_bytes = state_->index.info.max_token_bytes;
  const std::vector<std::string> looked_for = terms();
  const std::string folded = fold_ascii(text);
  Finder finder(folded, looked_for);
  tokenize_text(folded, options, finder);
  const std::vector<Occurrence>& occurrences = finder.occurrences();
  Snippet snippet;
  if (occurrences.empty()) return snippet;

  const auto [first, last] = best_stretch(occurrences, max_bytes);
  const std::size_t begin = occurrences[first].begin, end = occurrences[last - 1].end;
  const std::size_t room = max_bytes > end - begin ? max_bytes - (end - begin) : 0;
  const std::size_t left = begin - std::min(begin, room / 3);
  const std::size_t right = std::min(text.size(), end + (room - (begin - left)));
  const std::size_t cut_begin = clean_cut(text, left, begin);
  const std::size_t cut_end = clean_cut(text, right, end);
  snippet.cut_before = cut_begin > 0;
  snippet.cut_after = cut_end < text.size();

  // White space becomes one blank, and what a terminal would act on goes.
  std::size_t next = first;
  for (std::size_t i = cut_begin; i < cut_end;) {
    if (next < last && i == occurrences[next].begin)
      snippet.marks.push_back({snippet.text.size(), 0});
    const Utf8Char c = decode_utf8(text, i);
    if (is_space(text[i])) {
      if (!snippet.text.empty() && snippet.text.back() != ' ') snippet.text += ' ';
    } else if (!c.valid) {
      snippet.text += "\xEF\xBF\xBD";
    } else if (c.code_point >= 0x20 && (c.code_point < 0x7F || c.code_point > 0x9F)) {
      snippet.text += text.substr(i, c.num_bytes);
    }
    i += c.num_bytes;
    if (next < last && i >= occurrences[next].end)
      snippet.marks[next++ - first].end = snippet.text.size();
  }
  if (!snippet.text.empty() && snippet.text.back() == ' ') snippet.text.pop_back();
  return snippet;
}

}  // namespace spimi
