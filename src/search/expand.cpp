#include "search/expand.h"

#include <algorithm>
#include <tuple>

#include "base/common_prefix.h"
#include "base/utf8.h"

namespace spimi {
namespace {

/// The best terms offered so far.
class BestTerms {
 public:
  explicit BestTerms(std::size_t max_terms) : max_terms_(max_terms) {}

  void offer(std::string_view term, const TermInfo& info, unsigned distance) {
    ++num_found_;
    terms_.push_back({std::string(term), info, distance});
    if (terms_.size() >= 2 * max_terms_) cut();
  }

  FoundTerms take() {
    cut();
    std::sort(terms_.begin(), terms_.end(), is_better);
    return {num_found_, std::move(terms_)};
  }

 private:
  static bool is_better(const FoundTerm& a, const FoundTerm& b) {
    return std::tie(a.distance, b.info.df, a.term) < std::tie(b.distance, a.info.df, b.term);
  }
  void cut() {
    if (terms_.size() <= max_terms_) return;
    const auto end = terms_.begin() + static_cast<std::ptrdiff_t>(max_terms_);
    std::nth_element(terms_.begin(), end, terms_.end(), is_better);
    terms_.erase(end, terms_.end());
  }

  std::size_t max_terms_;
  std::uint64_t num_found_ = 0;
  std::vector<FoundTerm> terms_;
};

/// Feeds a matcher with terms in ascending order.
class Feeder {
 public:
  explicit Feeder(TermMatcher& matcher) : matcher_(matcher) {}

  /// True if the matcher accepts `term`.
  bool feed(std::string_view term) {
    const std::size_t shared = common_prefix(term, term_);
    if (dead_ && shared >= ends_.back()) return false;
    unsigned num_gone = 0;
    while (!ends_.empty() && ends_.back() > shared) {
      ends_.pop_back();
      ++num_gone;
    }
    if (num_gone > 0) matcher_.pop(num_gone);
    dead_ = false;
    term_ = term;
    for (std::size_t at = ends_.empty() ? 0 : ends_.back(); at < term.size();) {
      const Utf8Char c = decode_utf8(term, at);
      at += c.num_bytes;
      ends_.push_back(at);
      if (!matcher_.push(c.code_point)) {
        dead_ = true;
        return false;
      }
    }
    return matcher_.accepts();
  }

  /// If no term that begins as the last one did can match: that beginning. Else empty.
  std::string_view dead_prefix() const {
    return dead_ ? std::string_view(term_).substr(0, ends_.back()) : std::string_view();
  }

 private:
  TermMatcher& matcher_;
  std::string term_;
  std::vector<std::size_t> ends_;  ///< Where each character that was pushed ends.
  bool dead_ = false;
};

/// The least string above all that begin with `prefix`; empty if there is none.
std::string successor(std::string_view prefix) {
  std::string next(prefix);
  while (!next.empty() && static_cast<unsigned char>(next.back()) == 0xFF) next.pop_back();
  if (!next.empty()) next.back() = static_cast<char>(next.back() + 1);
  return next;
}

}  // namespace

FoundTerms find_terms(const DictionaryReader& dictionary, TermMatcher& matcher,
                      std::string_view prefix, std::size_t max_terms) {
  BestTerms best(max_terms);
  Feeder feeder(matcher);
  std::uint64_t block = prefix.empty() ? 0 : dictionary.upper_block(prefix);
  if (block > 0) --block;
  while (block < dictionary.num_blocks()) {
    TermBlockReader entries = dictionary.block(block);
    while (entries.next()) {
      const std::string_view term = entries.term();
      if (!term.starts_with(prefix)) {
        if (term > prefix) return best.take();
        continue;
      }
      if (feeder.feed(term)) best.offer(term, entries.info(), matcher.distance());
    }
    ++block;
    if (feeder.dead_prefix().empty()) continue;
    const std::string next = successor(feeder.dead_prefix());
    if (next.empty()) break;
    // The block before may end with terms that are not dead any more.
    const std::uint64_t upper = dictionary.upper_block(next, block);
    block = std::max(block, upper - 1);
  }
  return best.take();
}

}  // namespace spimi
