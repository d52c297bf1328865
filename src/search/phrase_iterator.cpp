#include <algorithm>
#include <array>
#include <optional>

#include "search/adjacent_matcher.h"
#include "search/doc_iterator.h"
#include "search/doc_window.h"
#include "search/near_matcher.h"

namespace spimi {
namespace {

/// Documents that hold all the words of a phrase are the candidates; where their positions are as
/// they must be, it matches. Candidates are found window by window, as for counting; their
/// positions are looked up batch by batch.
class PhraseIterator : public DocIterator {
 public:
  PhraseIterator(const PlanNode& node, const SearchContext& context, bool scores,
                 std::span<const TermInfo> also)
      : segment_(context.segment),
        scores_(scores),
        num_words_(node.terms.size()),
        adjacent_(segment_) {
    if (scores) weights_ = weights_of(node, context);
    std::vector<std::size_t> places;
    std::vector<TermInfo> required(also.begin(), also.end());
    for (std::size_t i = 0; i < num_words_; ++i) {
      if (scores) max_score_ += weights_[i].bound();
      places.push_back(i);
    }
    std::stable_sort(places.begin(), places.end(), [&](std::size_t a, std::size_t b) {
      return node.terms[a].info.df < node.terms[b].info.df;
    });
    if (max_score_ > 0) share_of_first_ = weights_[0].bound() / max_score_;
    has_impacts_ = scores && weights_[0].has_impacts();
    words_.reserve(num_words_);
    for (const std::size_t place : places) {
      const TermInfo& info = node.terms[place].info;
      required.push_back(info);
      words_.push_back({place, segment_.postings(info), {}});
      if (has_impacts_) bounds_.push_back(segment_.skips(info));
      if (node.order == QueryNode::Order::kAdjacent) {
        adjacent_.add_word(info, node.offsets[place]);
      }
    }
    if (node.order != QueryNode::Order::kAdjacent) near_.emplace(node, segment_);
    std::stable_sort(required.begin(), required.end(),
                     [](const TermInfo& a, const TermInfo& b) { return a.df < b.df; });
    lists_.reserve(required.size());
    for (const TermInfo& term : required) lists_.push_back(segment_.postings(term));
    cost_ = required[0].df;
    rarest_is_word_ = cost_ == node.terms[places[0]].info.df;
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
  bool may_exceed(double score) override {
    if (share_of_first_ == 0) return true;
    return weights_[0].may_reach(score * share_of_first_, tfs_[at_], segment_.length(docid_));
  }

  void set_min_score(double score) override {
    if (!weights_[0].grows_with_tf() || max_score_ == 0) return;
    min_score_ = score;
    least_of_first_ = score * share_of_first_;
    least_tf_ = weights_[0].least_tf(least_of_first_);
  }

  std::uint64_t cost() const override { return cost_; }
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

  struct Word {
    std::size_t place;  ///< In the phrase.
    PostingsCursor cursor;
    std::array<PositionsRange, kMaxBatch> ranges;  ///< Of the candidates.
  };

  /// Finds candidates from `target` on; false if there are no more.
  bool find_batch(std::uint32_t target) {
    // Larger and larger, but where most candidates are passed over.
    const std::uint32_t size = 2 * num_asked_ >= size_ ? 2 * batch_size_ : batch_size_ / 2;
    batch_size_ = std::clamp(size, kMinBatch, kMaxBatch);
    num_asked_ = 0;
    do {
      if (target >= window_.end() && !find_window(target)) return false;
      target = std::max(target, window_.first());
      // What is behind the last bound is perhaps not asked for.
      const std::uint32_t end =
          target <= bound_end_ ? std::min(window_.end(), bound_end_ + 1) : window_.end();
      target = is_walked_ ? walk(target, end) : pick(target, end);
    } while (size_ == 0);
    batch_end_ = target;
    at_ = 0;
    for (std::size_t i = is_walked_ ? 1 : 0; i < words_.size(); ++i) {
      Word& word = words_[i];
      word.cursor.find_positions({docids_.data(), size_}, word.ranges.data());
      // Only the lists of a damaged index can disagree.
      keep([&word](std::uint32_t k) { return word.ranges[k].tf != 0; });
    }
    is_matched_ = false;
    return true;
  }

  /// Finds the candidates of the next window that has a posting of the rarest list from `target`
  /// on; false if there is none.
  bool find_window(std::uint32_t target) {
    PostingsCursor& rarest = lists_[0];
    const std::uint32_t first = rarest.seek(std::max(target, window_.end()));
    if (first == kEnd) return false;
    window_.begin(first);
    window_.add(rarest);
    const std::uint64_t most = any_window_ ? 0 : window_.count();
    for (std::size_t i = 1; i < lists_.size(); ++i) window_.keep(lists_[i], true);
    // Where many of a word's postings are candidates, they need not be looked up in its blocks. A
    // list that something was looked up in cannot be walked any more.
    if (!any_window_) is_walked_ = rarest_is_word_ && 2 * window_.count() > most;
    any_window_ = true;
    return true;
  }

  /// Makes a batch of the next candidates from `target` on that are before `end`. Returns a docid
  /// up to which there are no others.
  std::uint32_t pick(std::uint32_t target, std::uint32_t end) {
    size_ = window_.take(target, end, batch_size_, docids_.data());
    return size_ == batch_size_ ? docids_[size_ - 1] + 1 : end;
  }

  /// The same of those in a block of the rarest word, and finds where its positions are.
  std::uint32_t walk(std::uint32_t target, std::uint32_t end) {
    PostingsCursor& rarest = words_[0].cursor;
    rarest.seek(target);
    auto docids = rarest.docids_below(end);
    docids = docids.first(std::min<std::size_t>(docids.size(), batch_size_));
    size_ = 0;
    if (docids.empty()) return end;
    std::array<std::uint8_t, kMaxBatch> indices;
    std::uint32_t size = 0;
    for (std::uint32_t i = 0; i < docids.size(); ++i) {
      indices[size] = static_cast<std::uint8_t>(i);
      size += static_cast<std::uint32_t>(window_.has(docids[i]));
    }
    for (std::uint32_t i = 0; i < size; ++i) docids_[i] = docids[indices[i]];
    if (size != 0) rarest.positions_ranges({indices.data(), size}, words_[0].ranges.data());
    size_ = size;
    return docids.back() + 1;
  }

  /// Keeps the candidates that match, of those that are not passed over.
  void match_batch() {
    if (at_ > 0 || min_score_ > 0) {
      keep([&](std::uint32_t i) { return i >= at_ && !(min_score_ > 0 && cannot_enter(i)); });
    }
    at_ = 0;
    is_matched_ = true;
    const std::uint32_t most = scores_ ? ~0u : 1;
    if (near_) {
      std::vector<PositionsRange> ranges(num_words_);
      for (std::uint32_t i = 0; i < size_; ++i) {
        for (const Word& word : words_) {
          ranges[word.place] = word.ranges[i];
        }
        tfs_[i] = near_->count(ranges, most);
      }
    } else {
      ranges_.clear();
      for (const Word& word : words_) {
        ranges_.push_back(word.ranges.data());
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
      tf = std::min(tf, word.ranges[i].tf);
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
  std::vector<Word> words_;          ///< Rarest first.
  std::vector<SkipCursor> bounds_;   ///< Of the words, for `bound`.
  AdjacentMatcher adjacent_;         ///< Of the same words, if they must be adjacent;
  std::optional<NearMatcher> near_;  ///< else this one, by place in the phrase.
  std::vector<const PositionsRange*> ranges_;

  // The candidates.
  std::vector<PostingsCursor> lists_;  ///< Of the words and of what else is required, rarest first.
  std::uint64_t cost_ = 0;
  bool rarest_is_word_ = false;
  DocWindow window_;
  bool any_window_ = false;
  bool is_walked_ = false;  ///< Batches are made of the rarest word's postings.

  // The batch.
  std::array<std::uint32_t, kMaxBatch> docids_;
  std::array<std::uint32_t, kMaxBatch> tfs_;
  std::uint32_t at_ = 0, size_ = 0;
  bool is_matched_ = false;  ///< Then there are tfs, and what does not match is not in it any more.
  std::uint32_t batch_end_ = 0;  ///< All candidates before it are found.
  std::uint32_t batch_size_ = 0, num_asked_ = 0;
  std::uint32_t bound_end_ = 0;  ///< Of the last bound.

  double min_score_ = 0;
  /// The first word's part in the score: always the same, for all words have the same tf.
  double share_of_first_ = 0;
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
