#include "search/count_terms.h"

#include <algorithm>

#include "search/doc_window.h"

// Both go through windows of docids with a bit for each document, which most blocks of frequent
// terms are laid over as they stand. What is rarer goes first: where it leaves no document the
// blocks of the others are not read.

namespace spimi {
namespace {

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
  DocWindow window;
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
  DocWindow window;
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
