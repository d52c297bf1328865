#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "format/postings_cursor.h"
#include "search/plan.h"
#include "search/term_weight.h"

namespace spimi {

/// Iterates, in the order of docids, the documents that a part of a query matches. It stands on
/// candidates; `matches` decides, for what is dear is only done when all else fits.
class DocIterator {
 public:
  static constexpr std::uint32_t kEnd = Cursor::kEnd;

  /// No document up to `last_docid` scores more than `score`.
  struct Bound {
    std::uint32_t last_docid;
    double score;
  };

  virtual ~DocIterator() = default;

  /// The candidate, or kEnd: the first one when it comes from make_iterator.
  std::uint32_t docid() const { return docid_; }
  /// Moves to the first candidate from `target` on, never backwards; returns it. If it stands there
  /// already nothing changes.
  virtual std::uint32_t seek(std::uint32_t target) = 0;
  /// Whether the candidate is a match.
  virtual bool matches() { return true; }
  /// The score of the candidate, which must have matched.
  virtual double score() { return 0; }
  /// False only if that is not more than `score`; quicker.
  virtual bool may_exceed(double) { return true; }
  /// The most documents it can match: the rarest goes first.
  virtual std::uint64_t cost() const = 0;
  /// True if `matches` is dear, such as where it reads positions.
  virtual bool is_dear() const { return false; }
  /// True if every candidate matches, and its score is cheap.
  virtual bool is_simple() const { return false; }

  /// No document scores more; never negative.
  double max_score() const { return max_score_; }
  /// A bound from `target` on, which never goes back and is not below the candidate. Only `seek`
  /// with a docid of at least `target` may follow.
  virtual Bound bound(std::uint32_t) { return {kEnd - 1, max_score_}; }
  /// Documents that cannot score more may be left out from now on.
  virtual void set_min_score(double) {}

  /// Sets bit `docid - begin` for each match in [begin, end); windows ascend, and are not mixed
  /// with the functions above. Fastest where `begin` is a multiple of 8.
  virtual void fill(std::uint32_t begin, std::uint32_t end, std::uint64_t* bits);

 protected:
  std::uint32_t docid_ = 0;
  double max_score_ = 0;
};

/// What iterators need to know of the index and the ranking. Must outlive them.
struct SearchContext {
  SearchContext(const SegmentReader& segment_, const RankOptions& rank_)
      : segment(segment_),
        rank(rank_),
        stats{static_cast<double>(segment_.num_docs()), 0, segment_.average_length()} {
    stats.num_tokens = stats.average_length * stats.num_docs;
  }

  const SegmentReader& segment;
  RankOptions rank;
  CollectionStats stats;
  const std::vector<std::uint64_t>* root_ends = nullptr;  ///< Of Index::State.
  /// The boosts of all terms with a score, for the part of a Dirichlet score that all have; else 0.
  double dirichlet_weight = 0;

  /// The score of a document whose terms add up to `sum`.
  double total_score(std::uint32_t docid, double sum) const {
    if (dirichlet_weight == 0) return sum;
    return sum + dirichlet_weight * dirichlet_length_score(rank.mu, segment.length(docid));
  }
};

/// On the first candidate. Scores are only asked for if `scores`. `node` and `context` must outlive
/// it.
std::unique_ptr<DocIterator> make_iterator(const PlanNode& node, const SearchContext& context,
                                           bool scores);

/// The weights of the words of a kTerm or kPhrase, or the one of a kGroup: its postings are counted
/// for that.
std::vector<TermWeight> weights_of(const PlanNode& node, const SearchContext& context);

// For make_iterator; each in a file of its own.
/// Documents without one of the terms `also` are no candidates.
std::unique_ptr<DocIterator> make_phrase_iterator(const PlanNode& node,
                                                  const SearchContext& context, bool scores,
                                                  std::span<const TermInfo> also = {});
std::unique_ptr<DocIterator> make_group_iterator(const PlanNode& node, const SearchContext& context,
                                                 bool scores);
std::unique_ptr<DocIterator> make_path_iterator(const PlanNode& node, const SearchContext& context);
std::unique_ptr<DocIterator> make_boolean_iterator(const PlanNode& node,
                                                   const SearchContext& context, bool scores);

}  // namespace spimi
