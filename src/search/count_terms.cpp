#include "search/count_terms.h"

#include <algorithm>
#include <array>
#include <cstring>

// Both go through windows of docids with a byte for each document, its mark. A byte is set with one
// store, where a bit would have to be read back first, just after its neighbour was written. The
// rarer terms set marks; the commonest one is only looked up where there are marks to be found.

namespace spimi {
namespace {

constexpr std::uint32_t kWindowDocs = 16384;  // Half of the usual first-level cache.

class Marks {
 public:
  /// Clears the window and lets it begin with the docid `first`.
  void begin(std::uint32_t first) {
    first_ = first;
    end_ = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(std::uint64_t{first} + kWindowDocs, PostingsCursor::kEnd));
    marks_.fill(0);
  }

  /// Marks the documents of a list from its current posting on; moves it behind the window.
  void set(PostingsCursor& cursor) {
    while (cursor.docid() < end_) {
      const auto docids = cursor.docids_below(end_);
#pragma GCC unroll 8
      for (const std::uint32_t docid : docids) marks_[docid - first_] = 1;
      cursor.pass(docids.size());
    }
  }

  /// Calls `visit` with the marks of all documents of a list, but passes over blocks none of whose
  /// documents has the mark `wanted`, which no visit gives to a document of a later block.
  template <typename Visit>
  void visit(PostingsCursor& cursor, std::uint8_t wanted, Visit visit) {
    for (std::uint32_t place = 0; place < end_ - first_;) {
      const void* const found = std::memchr(&marks_[place], wanted, end_ - first_ - place);
      if (found == nullptr) return;
      place = static_cast<std::uint32_t>(static_cast<const std::uint8_t*>(found) - marks_.data());
      if (cursor.seek(first_ + place) >= end_) return;
      const auto docids = cursor.docids_below(end_);
#pragma GCC unroll 8
      for (const std::uint32_t docid : docids) visit(marks_[docid - first_]);
      place = docids.back() - first_ + 1;
    }
  }

  /// How many documents have the mark `wanted`, which is not 0.
  std::uint64_t count(std::uint8_t wanted) const {
    // Sixteen sums side by side, in bytes for as long as those cannot run over.
    using Sixteen [[gnu::vector_size(16)]] = std::uint8_t;
    constexpr std::size_t kStretch = 128 * sizeof(Sixteen);
    static_assert(kWindowDocs % kStretch == 0);
    std::uint64_t total = 0;
    for (std::size_t begin = 0; begin < marks_.size(); begin += kStretch) {
      Sixteen sums = {};
      for (std::size_t i = begin; i < begin + kStretch; i += sizeof(Sixteen)) {
        Sixteen marks;
        std::memcpy(&marks, &marks_[i], sizeof(marks));
        sums -= static_cast<Sixteen>(marks == wanted);  // What is equal is -1.
      }
      for (std::size_t k = 0; k < sizeof(Sixteen); ++k) total += sums[k];
    }
    return total;
  }

 private:
  std::uint32_t first_ = 0, end_ = 0;
  std::array<std::uint8_t, kWindowDocs> marks_;
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
  sort_by_df(terms);
  PostingsCursor commonest = segment.postings(terms.back());
  std::uint64_t num_docs = terms.back().df;
  terms.pop_back();
  std::vector<PostingsCursor> cursors = open_lists(terms, segment);
  for (PostingsCursor& cursor : cursors) cursor.next();
  Marks marks;
  while (true) {
    std::uint32_t first = PostingsCursor::kEnd;
    for (const PostingsCursor& cursor : cursors) first = std::min(first, cursor.docid());
    if (first == PostingsCursor::kEnd) return num_docs;
    marks.begin(first);
    for (PostingsCursor& cursor : cursors) marks.set(cursor);
    std::uint64_t num_both = 0;
    marks.visit(commonest, 1, [&](std::uint8_t mark) { num_both += mark; });
    num_docs += marks.count(1) - num_both;
  }
}

std::uint64_t count_every(std::vector<TermInfo> required, const std::vector<TermInfo>& excluded,
                          const SegmentReader& segment) {
  sort_by_df(required);
  std::vector<PostingsCursor> cursors = open_lists(required, segment);
  std::vector<PostingsCursor> excluding = open_lists(excluded, segment);
  PostingsCursor& rarest = cursors[0];
  std::uint64_t num_docs = 0;
  Marks marks;
  for (rarest.next(); rarest.docid() != PostingsCursor::kEnd;) {
    marks.begin(rarest.docid());
    marks.set(rarest);
    // A document's mark is the number of terms it has, as long as it has had all.
    std::uint8_t level = 1;
    for (std::size_t i = 1; i < cursors.size(); ++i, ++level) {
      if (i + 1 == cursors.size() && excluding.empty()) {
        marks.visit(cursors[i], level, [&](std::uint8_t mark) { num_docs += mark == level; });
      } else {
        marks.visit(cursors[i], level, [=](std::uint8_t& mark) {
          mark = static_cast<std::uint8_t>(mark + (mark == level));
        });
      }
    }
    for (PostingsCursor& cursor : excluding) {
      marks.visit(cursor, level, [](std::uint8_t& mark) { mark = 0; });
    }
    if (cursors.size() == 1 || !excluding.empty()) num_docs += marks.count(level);
  }
  return num_docs;
}

}  // namespace spimi
