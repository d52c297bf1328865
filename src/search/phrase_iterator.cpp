#include <algorithm>
#include <map>
#include <string>

#include "search/doc_iterator.h"
#include "search/position_matcher.h"

namespace spimi {
namespace {

/// Documents that hold all the words of a phrase are the candidates; where their positions are as
/// they must be, it matches.
class PhraseIterator : public DocIterator {
 public:
  PhraseIterator(const PlanNode& node, const SearchContext& context, bool scores)
      : segment_(context.segment), scores_(scores), matcher_(node) {
    if (scores) weights_ = weights_of(node, context);
    // A word that is given twice has one cursor.
    std::map<std::string, std::size_t> cursor_of;
    for (std::size_t i = 0; i < node.terms.size(); ++i) {
      const PlanTerm& term = node.terms[i];
      const auto [place, is_new] = cursor_of.try_emplace(term.term, cursors_.size());
      if (is_new) cursors_.push_back({segment_.postings(term.info), term.info.df});
      if (scores) max_score_ += weights_[i].bound();
      cursor_of_word_.push_back(place->second);
    }
    for (std::size_t i = 0; i < cursors_.size(); ++i) by_cost_.push_back(i);
    std::stable_sort(by_cost_.begin(), by_cost_.end(), [this](std::size_t a, std::size_t b) {
      return cursors_[a].df < cursors_[b].df;
    });
    has_impacts_ = scores && weights_[0].has_impacts();
    positions_.resize(cursors_.size());
    words_.resize(node.terms.size());
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
    for (std::size_t i = 0; i < cursors_.size(); ++i)
      positions_[i] = cursors_[i].cursor.positions();
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] = positions_[cursor_of_word_[i]];
    tf_ = matcher_.count(words_, scores_ ? ~0u : 1);
    return tf_ > 0;
  }

  double score() override { return score_of(tf_); }

  void set_min_score(double score) override {
    if (weights_[0].grows_with_tf()) min_score_ = score;
  }

  std::uint64_t cost() const override { return cursors_[by_cost_[0]].df; }

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
    return score_of(tf) <= min_score_;
  }

  const SegmentReader& segment_;
  bool scores_;
  PositionMatcher matcher_;
  std::vector<TermWeight> weights_;  ///< By word.
  bool has_impacts_ = false;
  std::vector<WordCursor> cursors_;
  std::vector<std::size_t> by_cost_;         ///< Indices of cursors_, rarest first.
  std::vector<std::size_t> cursor_of_word_;  ///< By word.
  std::vector<std::span<const std::uint32_t>> positions_, words_;
  std::uint32_t tf_ = 0;
  double min_score_ = 0;
};

}  // namespace

std::unique_ptr<DocIterator> make_phrase_iterator(const PlanNode& node,
                                                  const SearchContext& context, bool scores) {
  return std::make_unique<PhraseIterator>(node, context, scores);
}

}  // namespace spimi
