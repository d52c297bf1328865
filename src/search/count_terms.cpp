#include "search/count_terms.h"

#include <algorithm>
#include <array>

#include "base/bitmap.h"

// Both go through windows of docids with a bit for each document, which most blocks of frequent
// terms are laid over as they stand. What is rarer goes first: where it leaves no document the
// blocks of the others are not read.

namespace spimi {
namespace {

/// Two windows take a quarter of the usual first-level cache.
constexpr std::uint32_t kWindowDocs = 32768;

class Window {
 public:
  /// No document from `first` on, up to the end of the window.
  void begin(std::uint32_t first) {
    begin_ = first / 64 * 64;
    end_ = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(std::uint64_t{begin_} + kWindowDocs, PostingsCursor::kEnd));
    bits_.fill(0);
  }

  /// Adds the documents of a list from its current posting on; moves it behind the window.
  void add(PostingsCursor& cursor) { cursor.fill(begin_, end_, bits_.data()); }

  /// Keeps the documents that a list has, or that it does not have.
  void keep(PostingsCursor& cursor, bool that_it_has) {
    if (std::none_of(bits_.begin(), bits_.end(), [](std::uint64_t word) { return word; })) return;
    Bits other{};
    cursor.fill_wanted(begin_, end_, bits_.data(), other.data());
    for (std::size_t i = 0; i < bits_.size(); ++i) bits_[i] &= that_it_has ? other[i] : ~other[i];
  }

  std::uint64_t count() const { return count_bits(bits_.data(), bits_.size()); }

 private:
  using Bits = std::array<std::uint64_t, kWindowDocs / 64>;
  std::uint32_t begin_ = 0, end_ = 0;
  Bits bits_;
};

void sort_by_df(std::vector<TermInfo>& terms) {
  std::stable_sort(terms.begin(), terms.end(),
                   [](const TermInfo& a, const TermInfo& b) { return a.df < b.df; });
}

std::vector<PostingsCursor> open_lists(const std::vector<TermInfo>& terms,
                                       const SegmentReader& segment) {
  std::vector<PostingsCursor> cursors;
  cursors.reserve(terms.size());
  for (const TermInfo& term : terms) cursors.push_back(segment.postings(term));
  return cursors;
}

}  // namespace

std::uint64_t count_any(std::vector<TermInfo> terms, const SegmentReader& segment) {
  // The commonest term matches as many as it has, and its list is read for what else is there.
  sort_by_df(terms);
  PostingsCursor commonest = segment.postings(terms.back());
  std::uint64_t num_docs = terms.back().df;
  terms.pop_back();
  std::vector<PostingsCursor> cursors = open_lists(terms, segment);
  for (PostingsCursor& cursor : cursors) cursor.next();
  Window window;
  while (true) {
    std::uint32_t first = PostingsCursor::kEnd;
    for (const PostingsCursor& cursor : cursors) first = std::min(first, cursor.docid());
    if (first == PostingsCursor::kEnd) return num_docs;
    window.begin(first);
    for (PostingsCursor& cursor : cursors) window.add(cursor);
    window.keep(commonest, false);
    num_docs += window.count();
  }
}

std::uint64_t count_every(std::vector<TermInfo> required, const std::vector<TermInfo>& excluded,
                          const SegmentReader& segment) {
  sort_by_df(required);
  std::vector<PostingsCursor> cursors = open_lists(required, segment);
  std::vector<PostingsCursor> excluding = open_lists(excluded, segment);
  PostingsCursor& rarest = cursors[0];
  std::uint64_t num_docs = 0;
  Window window;
  for (rarest.next(); rarest.docid() != PostingsCursor::kEnd;) {
    window.begin(rarest.docid());
    window.add(rarest);
    for (std::size_t i = 1; i < cursors.size(); ++i) window.keep(cursors[i], true);
    for (PostingsCursor& cursor : excluding) window.keep(cursor, false);
    num_docs += window.count();
  }
  return num_docs;
}

}  // namespace spimi
