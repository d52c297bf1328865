#include <algorithm>
#include <array>
#include <numeric>
#include <optional>

#include "search/adjacent_matcher.h"
#include "search/doc_iterator.h"
#include "search/near_matcher.h"

namespace spimi {
namespace {

/// Documents that hold all the words of a phrase are the candidates; where their positions are as
/// they must be, it matches. Candidates are found batch by batch: postings of the rarest word,
/// which are looked up in the others.
class PhraseIterator : public DocIterator {
 public:
  PhraseIterator(const PlanNode& node, const SearchContext& context, bool scores,
                 std::span<const TermInfo> also)
      : segment_(context.segment),
        scores_(scores),
        num_words_(node.terms.size()),
        adjacent_(segment_) {
    if (scores) weights_ = weights_of(node, context);
    for (std::size_t i = 0; i < node.terms.size(); ++i) {
      if (scores) max_score_ += weights_[i].bound();
      words_.push_back({i, node.terms[i].info.df, segment_.postings(node.terms[i].info), {}});
    }
    std::stable_sort(words_.begin(), words_.end(),
                     [](const Word& a, const Word& b) { return a.df < b.df; });
    has_impacts_ = scores && weights_[0].has_impacts();
    for (const Word& word : words_) {
      const TermInfo& info = node.terms[word.place].info;
      if (has_impacts_) bounds_.push_back(segment_.skips(info));
      if (node.order == QueryNode::Order::kAdjacent) {
        adjacent_.add_word(info, node.offsets[word.place]);
      }
    }
    if (node.order != QueryNode::Order::kAdjacent) near_.emplace(node, segment_);
    for (const TermInfo& term : also) {
      words_.push_back({kNoPlace, term.df, segment_.postings(term), {}});
    }
    // Behind the rarest word all are looked up, the others rarest first as well.
    std::stable_sort(words_.begin() + 1, words_.end(),
                     [](const Word& a, const Word& b) { return a.df < b.df; });
  }

  std::uint32_t seek(std::uint32_t target) override {
    while (true) {
      for (; at_ < size_; ++at_) {
        if (docids_[at_] >= target) return docid_ = docids_[at_];
      }
      if (!find_batch(std::max(target, batch_end_))) return docid_ = kEnd;
    }
  }

  bool matches() override {
    ++num_asked_;
    if (!is_matched_) match_batch();
    return at_ < size_ && docids_[at_] == docid_;
  }

  double score() override { return score_of(docid_, tfs_[at_]); }

  void set_min_score(double score) override {
    if (!weights_[0].grows_with_tf() || max_score_ == 0) return;
    min_score_ = score;
    // All words have the same tf, so the first one's part in the score is always the same.
    least_of_first_ = score * weights_[0].bound() / max_score_;
    least_tf_ = weights_[0].least_tf(least_of_first_);
  }

  std::uint64_t cost() const override { return words_[0].df; }
  bool is_dear() const override { return true; }

  Bound bound(std::uint32_t target) override {
    if (!has_impacts_) return {kEnd - 1, max_score_};
    // A phrase occurs no more often than its rarest word, so no impact is above the least.
    std::uint32_t last_docid = kEnd - 1;
    std::uint8_t max_impact = 255;
    for (SkipCursor& skips : bounds_) {
      const SkipCursor::Bound bound = skips.bound(target);
      last_docid = std::min(last_docid, bound.last_docid);
      max_impact = std::min(max_impact, bound.max_impact);
    }
    bound_end_ = last_docid;
    return {last_docid, max_score_ * max_impact / 255};
  }

 private:
  static constexpr std::uint32_t kMinBatch = 8;
  static constexpr std::uint32_t kMaxBatch = kBlockValues;

  static constexpr std::size_t kNoPlace = ~std::size_t{0};

  struct Word {
    std::size_t place;  ///< In the phrase; kNoPlace if it is only required.
    std::uint32_t df;
    PostingsCursor cursor;
    std::array<PositionsRange, kMaxBatch> ranges;  ///< Of the candidates.
  };

  /// Finds candidates from `target` on; false if there are no more.
  bool find_batch(std::uint32_t target) {
    // Larger and larger, but where most candidates are passed over.
    const std::uint32_t size = 2 * num_asked_ >= size_ ? 2 * batch_size_ : batch_size_ / 2;
    batch_size_ = std::clamp(size, kMinBatch, kMaxBatch);
    num_asked_ = 0;
    PostingsCursor& rarest = words_[0].cursor;
    const std::uint32_t first = rarest.seek(target);
    if (first == kEnd) return false;
    // What is behind the last bound is perhaps not asked for.
    auto docids = rarest.docids_below(first <= bound_end_ ? bound_end_ + 1 : kEnd);
    docids = docids.first(std::min<std::size_t>(docids.size(), batch_size_));
    std::copy(docids.begin(), docids.end(), docids_.begin());
    batch_end_ = docids.back() + 1;
    at_ = 0;
    size_ = static_cast<std::uint32_t>(docids.size());
    std::iota(indices_.begin(), indices_.begin() + size_, std::uint8_t{0});
    for (std::size_t i = 1; i < words_.size(); ++i) {
      Word& word = words_[i];
      if (word.place == kNoPlace) {
        word.cursor.find({docids_.data(), size_}, tfs_.data());
        keep([this](std::uint32_t k) { return tfs_[k] != 0; });
      } else {
        word.cursor.find_positions({docids_.data(), size_}, word.ranges.data());
        keep([&word](std::uint32_t k) { return word.ranges[k].tf != 0; });
      }
    }
    rarest.positions_ranges({indices_.data(), size_}, words_[0].ranges.data());
    is_matched_ = false;
    return true;
  }

  /// Keeps the candidates that match, of those that are not passed over.
  void match_batch() {
    keep([&](std::uint32_t i) { return i >= at_ && !(min_score_ > 0 && cannot_enter(i)); });
    at_ = 0;
    is_matched_ = true;
    const std::uint32_t most = scores_ ? ~0u : 1;
    if (near_) {
      std::vector<PositionsRange> ranges(num_words_);
      for (std::uint32_t i = 0; i < size_; ++i) {
        for (const Word& word : words_) {
          if (word.place != kNoPlace) ranges[word.place] = word.ranges[i];
        }
        tfs_[i] = near_->count(ranges, most);
      }
    } else {
      ranges_.clear();
      for (const Word& word : words_) {
        if (word.place != kNoPlace) ranges_.push_back(word.ranges.data());
      }
      adjacent_.count(ranges_, size_, most, tfs_.data());
    }
    std::uint32_t num_kept = 0;
    for (std::uint32_t i = 0; i < size_; ++i) {
      docids_[num_kept] = docids_[i];
      tfs_[num_kept] = tfs_[i];
      num_kept += static_cast<std::uint32_t>(tfs_[i] != 0);
    }
    size_ = num_kept;
  }

  /// Keeps some candidates of the batch.
  template <typename Keep>
  void keep(Keep keep) {
    std::array<std::uint8_t, kMaxBatch> kept;
    std::uint32_t num_kept = 0;
    for (std::uint32_t i = 0; i < size_; ++i) {
      kept[num_kept] = static_cast<std::uint8_t>(i);
      num_kept += static_cast<std::uint32_t>(keep(i));
    }
    if (num_kept == size_) return;
    size_ = num_kept;
    for (std::uint32_t i = 0; i < size_; ++i) docids_[i] = docids_[kept[i]];
    for (std::uint32_t i = 0; i < size_; ++i) indices_[i] = indices_[kept[i]];
    for (Word& word : words_) {
      for (std::uint32_t i = 0; i < size_; ++i) word.ranges[i] = word.ranges[kept[i]];
    }
  }

  double score_of(std::uint32_t docid, std::uint32_t tf) const {
    double sum = 0;
    const std::uint32_t length = segment_.length(docid);
    for (const TermWeight& weight : weights_) sum += weight.score(tf, length);
    return sum;
  }

  /// Whether the score of a candidate would be too little if the phrase occurred as often as its
  /// rarest word: that is known without the positions.
  bool cannot_enter(std::uint32_t i) {
    std::uint32_t tf = ~0u;
    for (const Word& word : words_) {
      if (word.place != kNoPlace) tf = std::min(tf, word.ranges[i].tf);
    }
    if (tf < least_tf_) return true;
    return has_impacts_ ? !weights_[0].may_reach(least_of_first_, tf, segment_.length(docids_[i]))
                        : score_of(docids_[i], tf) <= min_score_;
  }

  const SegmentReader& segment_;
  bool scores_;
  std::vector<TermWeight> weights_;  ///< By place in the phrase.
  bool has_impacts_ = false;
  std::size_t num_words_;
  std::vector<Word> words_;          ///< Rarest first; and what else is required.
  std::vector<SkipCursor> bounds_;   ///< Of the words, for `bound`.
  AdjacentMatcher adjacent_;         ///< Of the same words, if they must be adjacent;
  std::optional<NearMatcher> near_;  ///< else this one, by place in the phrase.
  std::vector<const PositionsRange*> ranges_;

  // The batch.
  std::array<std::uint32_t, kMaxBatch> docids_;
  std::array<std::uint8_t, kMaxBatch> indices_;  ///< Of docids_below of the rarest word.
  std::array<std::uint32_t, kMaxBatch> tfs_;
  std::uint32_t at_ = 0, size_ = 0;
  bool is_matched_ = false;  ///< Then there are tfs, and what does not match is not in it any more.
  std::uint32_t batch_end_ = 0;  ///< All candidates before it are found.
  std::uint32_t batch_size_ = 0, num_asked_ = 0;
  std::uint32_t bound_end_ = 0;  ///< Of the last bound.

  double min_score_ = 0;
  double least_of_first_ = 0;  ///< What the first word must score then.
  std::uint32_t least_tf_ = 0;
};

}  // namespace

std::unique_ptr<DocIterator> make_phrase_iterator(const PlanNode& node,
                                                  const SearchContext& context, bool scores,
                                                  std::span<const TermInfo> also) {
  return std::make_unique<PhraseIterator>(node, context, scores, also);
}

}  // namespace spimi
