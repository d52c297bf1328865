#include <algorithm>
#include <bit>

#include "search/doc_iterator.h"

namespace spimi {
namespace {

/// Any of a group of terms, as if they were one. It goes through windows of docids, in which it
/// adds up the terms' postings: so the memory it takes does not depend on how many there are.
class GroupIterator : public DocIterator {
 public:
  GroupIterator(const PlanNode& node, const SearchContext& context, bool scores)
      : segment_(context.segment), scores_(scores) {
    for (const PlanTerm& term : node.terms) {
      cursors_.push_back(segment_.postings(term.info));
      cost_ += term.info.df;
    }
    if (scores_) {
      weight_ = weights_of(node, context)[0];
      max_score_ = weight_.bound();
    }
    cost_ = std::min(cost_, segment_.num_docs());
    load_window(0);
  }

  std::uint32_t seek(std::uint32_t target) override {
    if (docid_ >= target) return docid_;
    const std::uint32_t found = next_in_window(target);
    if (found != kEnd) return docid_ = found;
    load_window(std::max(target, window_begin_ + kWindowDocs));
    return docid_;
  }

  double score() override {
    return weight_.score(tfs_[docid_ - window_begin_], segment_.length(docid_));
  }

  std::uint64_t cost() const override { return cost_; }
  bool is_simple() const override { return true; }

 private:
  static constexpr std::uint32_t kWindowDocs = 4096;

  /// Loads the window that begins with the first document from `target` on, and stands on it.
  void load_window(std::uint32_t target) {
    std::uint32_t first = kEnd;
    for (PostingsCursor& cursor : cursors_) {
      if (!started_ || cursor.docid() < target) cursor.seek(target);
      first = std::min(first, cursor.docid());
    }
    started_ = true;
    docid_ = first;
    if (first == kEnd) return;
    window_begin_ = first / 64 * 64;
    std::fill(found_.begin(), found_.end(), 0);
    if (scores_) std::fill(tfs_.begin(), tfs_.end(), 0u);
    const auto end = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(std::uint64_t{window_begin_} + kWindowDocs, kEnd));
    for (PostingsCursor& cursor : cursors_) {
      if (!scores_) {
        if (cursor.docid() < end) cursor.fill(window_begin_, end, found_.data());
        continue;
      }
      for (std::uint32_t docid = cursor.docid(); docid < end; docid = cursor.next()) {
        const std::uint32_t place = docid - window_begin_;
        found_[place / 64] |= std::uint64_t{1} << place % 64;
        tfs_[place] += cursor.tf();
      }
    }
  }

  std::uint32_t next_in_window(std::uint32_t target) const {
    std::uint32_t place = target - window_begin_;
    if (place >= kWindowDocs) return kEnd;
    std::uint64_t word = found_[place / 64] >> place % 64 << place % 64;
    for (std::uint32_t i = place / 64;;) {
      if (word != 0) {
        return window_begin_ + i * 64 + static_cast<std::uint32_t>(std::countr_zero(word));
      }
      if (++i == found_.size()) return kEnd;
      word = found_[i];
    }
  }

  const SegmentReader& segment_;
  bool scores_;
  TermWeight weight_;
  std::uint64_t cost_ = 0;
  bool started_ = false;
  std::vector<PostingsCursor> cursors_;
  std::uint32_t window_begin_ = 0;
  std::vector<std::uint64_t> found_ = std::vector<std::uint64_t>(kWindowDocs / 64);
  std::vector<std::uint32_t> tfs_ = std::vector<std::uint32_t>(scores_ ? kWindowDocs : 0);
};

}  // namespace

std::unique_ptr<DocIterator> make_group_iterator(const PlanNode& node, const SearchContext& context,
                                                 bool scores) {
  return std::make_unique<GroupIterator>(node, context, scores);
}

}  // namespace spimi
