#include <algorithm>
#include <optional>

#include "search/adjacent_matcher.h"
#include "search/doc_iterator.h"
#include "search/near_matcher.h"

namespace spimi {
namespace {

/// Documents that hold all the words of a phrase are the candidates; where their positions are as
/// they must be, it matches.
class PhraseIterator : public DocIterator {
 public:
  PhraseIterator(const PlanNode& node, const SearchContext& context, bool scores)
      : segment_(context.segment), scores_(scores) {
    if (scores) weights_ = weights_of(node, context);
    for (std::size_t i = 0; i < node.terms.size(); ++i) {
      const TermInfo& info = node.terms[i].info;
      cursors_.push_back({segment_.postings(info), info.df});
      if (scores) max_score_ += weights_[i].bound();
      by_cost_.push_back(i);
    }
    std::stable_sort(by_cost_.begin(), by_cost_.end(), [this](std::size_t a, std::size_t b) {
      return cursors_[a].df < cursors_[b].df;
    });
    has_impacts_ = scores && weights_[0].has_impacts();
    if (node.order == QueryNode::Order::kAdjacent) {
      for (const std::size_t i : by_cost_) {
        adjacent_.add_word(cursors_[i].cursor, node.offsets[i]);
      }
    } else {
      near_.emplace(node);
      words_.resize(cursors_.size());
    }
  }

  std::uint32_t seek(std::uint32_t target) override {
    PostingsCursor& rarest = cursors_[by_cost_[0]].cursor;
    std::uint32_t docid = rarest.seek(target);
    for (std::size_t i = 1; i < by_cost_.size() && docid != kEnd;) {
      const std::uint32_t other = cursors_[by_cost_[i]].cursor.seek(docid);
      if (other == docid) {
        ++i;
      } else {
        docid = other == kEnd ? kEnd : rarest.seek(other);
        i = 1;
      }
    }
    return docid_ = docid;
  }

  bool matches() override {
    if (min_score_ > 0 && cannot_enter()) return false;
    const std::uint32_t most = scores_ ? ~0u : 1;
    if (near_) {
      for (std::size_t i = 0; i < words_.size(); ++i) words_[i] = cursors_[i].cursor.positions();
      tf_ = near_->count(words_, most);
    } else {
      tf_ = adjacent_.count(most);
    }
    return tf_ > 0;
  }

  double score() override { return score_of(tf_); }

  void set_min_score(double score) override {
    if (!weights_[0].grows_with_tf() || max_score_ == 0) return;
    min_score_ = score;
    // All words have the same tf, so the first one's part in the score is always the same.
    least_of_first_ = score * weights_[0].bound() / max_score_;
    least_tf_ = weights_[0].least_tf(least_of_first_);
  }

  std::uint64_t cost() const override { return cursors_[by_cost_[0]].df; }
  bool is_dear() const override { return true; }

  Bound bound(std::uint32_t target) override {
    if (!has_impacts_) return {kEnd - 1, max_score_};
    // A phrase occurs no more often than its rarest word, so no impact is above the least.
    std::uint32_t last_docid = kEnd - 1;
    std::uint8_t max_impact = 255;
    for (WordCursor& word : cursors_) {
      const PostingsCursor::Bound bound = word.cursor.bound(target);
      last_docid = std::min(last_docid, bound.last_docid);
      max_impact = std::min(max_impact, bound.max_impact);
    }
    return {last_docid, max_score_ * max_impact / 255};
  }

 private:
  struct WordCursor {
    PostingsCursor cursor;
    std::uint32_t df;
  };

  double score_of(std::uint32_t tf) const {
    double sum = 0;
    const std::uint32_t length = segment_.length(docid_);
    for (const TermWeight& weight : weights_) sum += weight.score(tf, length);
    return sum;
  }

  /// Whether it would be too little if the phrase occurred as often as its rarest word: that is
  /// known without the positions.
  bool cannot_enter() {
    std::uint32_t tf = cursors_[0].cursor.tf();
    for (std::size_t i = 1; i < cursors_.size(); ++i) {
      tf = std::min(tf, cursors_[i].cursor.tf());
    }
    if (tf < least_tf_) return true;
    return has_impacts_ ? !weights_[0].may_reach(least_of_first_, tf, segment_.length(docid_))
                        : score_of(tf) <= min_score_;
  }

  const SegmentReader& segment_;
  bool scores_;
  std::vector<TermWeight> weights_;  ///< By word.
  bool has_impacts_ = false;
  std::vector<WordCursor> cursors_;   ///< By word.
  std::vector<std::size_t> by_cost_;  ///< Indices of cursors_, rarest first.
  AdjacentMatcher adjacent_;          ///< Of the words, if they must be adjacent;
  std::optional<NearMatcher> near_;   ///< else this one, which takes the positions of words_.
  std::vector<std::span<const std::uint32_t>> words_;
  std::uint32_t tf_ = 0;
  double min_score_ = 0;
  double least_of_first_ = 0;  ///< What the first word must score then.
  std::uint32_t least_tf_ = 0;
};

}  // namespace

std::unique_ptr<DocIterator> make_phrase_iterator(const PlanNode& node,
                                                  const SearchContext& context, bool scores) {
  return std::make_unique<PhraseIterator>(node, context, scores);
}

}  // namespace spimi
