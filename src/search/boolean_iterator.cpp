#include <algorithm>
#include <array>
#include <bit>

#include "search/doc_iterator.h"

namespace spimi {
namespace {

using Iterators = std::vector<std::unique_ptr<DocIterator>>;

bool holds(DocIterator& iterator, std::uint32_t docid) {
  if (iterator.docid() < docid) iterator.seek(docid);
  return iterator.docid() == docid && iterator.matches();
}

template <typename Parts>
bool any_is_dear(const Parts& parts) {
  return std::any_of(parts.begin(), parts.end(), [](const auto& part) { return part->is_dear(); });
}

/// Documents that any of its parts matches.
class AnyIterator : public DocIterator {
 public:
  AnyIterator(Iterators parts, std::uint64_t num_docs) : parts_(std::move(parts)) {
    for (const auto& part : parts_) {
      max_score_ += part->max_score();
      cost_ += part->cost();
    }
    cost_ = std::min(cost_, num_docs);
  }

  std::uint32_t seek(std::uint32_t target) override {
    std::uint32_t first = kEnd;
    for (const auto& part : parts_) {
      if (part->docid() < target) part->seek(target);
      first = std::min(first, part->docid());
    }
    return docid_ = first;
  }

  bool matches() override {
    return std::any_of(parts_.begin(), parts_.end(), [this](const auto& part) {
      return part->docid() == docid_ && part->matches();
    });
  }

  double score() override {
    double sum = 0;
    for (const auto& part : parts_) {
      if (part->docid() == docid_ && part->matches()) sum += part->score();
    }
    return sum;
  }

  std::uint64_t cost() const override { return cost_; }
  bool is_dear() const override { return any_is_dear(parts_); }

  Bound bound(std::uint32_t target) override {
    Bound sum{kEnd - 1, 0};
    for (const auto& part : parts_) {
      const Bound bound = part->bound(target);
      sum.last_docid = std::min(sum.last_docid, bound.last_docid);
      sum.score += bound.score;
    }
    return sum;
  }

  void fill(std::uint32_t begin, std::uint32_t end, std::uint64_t* bits) override {
    for (const auto& part : parts_) part->fill(begin, end, bits);
  }

 private:
  Iterators parts_;
  std::uint64_t cost_ = 0;
};

/// Documents that all of its required parts match and none of the excluded; the optional ones add
/// to the score.
class AllOfIterator : public DocIterator {
 public:
  struct Part {
    Occur occur;
    std::unique_ptr<DocIterator> iterator;
  };

  /// At least one part is required.
  explicit AllOfIterator(std::vector<Part> parts) : parts_(std::move(parts)) {
    for (const Part& part : parts_) {
      if (part.occur == Occur::kNot) {
        excluded_.push_back(part.iterator.get());
        continue;
      }
      max_score_ += part.iterator->max_score();
      (part.occur == Occur::kMust ? required_ : optional_).push_back(part.iterator.get());
    }
    std::stable_sort(required_.begin(), required_.end(),
                     [](const auto* a, const auto* b) { return a->cost() < b->cost(); });
    can_prune_ = required_.size() + optional_.size() > 1 && required_[0]->is_simple();
    other_score_ = max_score_ - required_[0]->max_score();
  }

  std::uint32_t seek(std::uint32_t target) override {
    DocIterator& rarest = *required_[0];
    std::uint32_t docid = rarest.docid() < target ? rarest.seek(target) : rarest.docid();
    while (docid != kEnd) {
      if (min_score_ > 0 && can_prune_ && cannot_enter(docid)) {
        docid = rarest.seek(docid + 1);
        continue;
      }
      std::size_t i = 1;
      for (; i < required_.size(); ++i) {
        DocIterator& other = *required_[i];
        if (other.docid() < docid) other.seek(docid);
        if (other.docid() != docid) break;
      }
      if (i == required_.size()) break;
      const std::uint32_t next = required_[i]->docid();
      docid = next == kEnd ? kEnd : rarest.seek(next);
    }
    return docid_ = docid;
  }

  bool matches() override {
    for (DocIterator* part : required_) {
      if (!part->matches()) return false;
    }
    return std::none_of(excluded_.begin(), excluded_.end(),
                        [this](DocIterator* part) { return holds(*part, docid_); });
  }

  double score() override {
    double sum = 0;
    for (const Part& part : parts_) {
      if (part.occur == Occur::kMust ||
          (part.occur == Occur::kShould && holds(*part.iterator, docid_))) {
        sum += part.iterator->score();
      }
    }
    return sum;
  }

  bool may_exceed(double score) override { return required_[0]->may_exceed(score - other_score_); }

  std::uint64_t cost() const override { return required_[0]->cost(); }
  bool is_dear() const override { return any_is_dear(required_); }

  Bound bound(std::uint32_t target) override {
    Bound sum{kEnd - 1, 0};
    others_in_bound_ = 0;
    for (const Part& part : parts_) {
      if (part.occur == Occur::kNot) continue;
      const Bound bound = part.iterator->bound(target);
      sum.last_docid = std::min(sum.last_docid, bound.last_docid);
      sum.score += bound.score;
      if (part.iterator.get() != required_[0]) others_in_bound_ += bound.score;
    }
    bound_end_ = sum.last_docid;
    return sum;
  }

  void set_min_score(double score) override {
    min_score_ = score;
    for (DocIterator* part : required_) {
      part->set_min_score(score - (max_score_ - part->max_score()));
    }
  }

  void fill(std::uint32_t begin, std::uint32_t end, std::uint64_t* bits) override;

 private:
  /// Whether the score of the rarest part shows that the whole score is too low. `docid` only
  /// grows.
  bool cannot_enter(std::uint32_t docid) {
    const double others = docid <= bound_end_ ? others_in_bound_ : other_score_;
    return required_[0]->score() + others <= min_score_;
  }

  std::vector<Part> parts_;             ///< In the order of the query, which is that of the sum.
  std::vector<DocIterator*> required_;  ///< Rarest first.
  std::vector<DocIterator*> optional_, excluded_;
  double min_score_ = 0;
  double other_score_ = 0;  ///< The most that all but the rarest part score.
  bool can_prune_ = false;
  // The same up to bound_end_, as `bound` found last.
  double others_in_bound_ = 0;
  std::uint32_t bound_end_ = 0;
};

void AllOfIterator::fill(std::uint32_t begin, std::uint32_t end, std::uint64_t* bits) {
  // What is dear to decide is only asked of what all else leaves.
  if (is_dear()) return DocIterator::fill(begin, end, bits);
  // The windows of the others are laid over the rarest one's, in pieces that fit in a cache.
  constexpr std::uint32_t kPieceDocs = 4096;
  using Piece = std::array<std::uint64_t, kPieceDocs / 64>;
  for (std::uint32_t first = begin; first < end;) {
    const std::uint32_t size = std::min(kPieceDocs, end - first);
    Piece found{};
    required_[0]->fill(first, first + size, found.data());
    const auto lay_over = [&](DocIterator* part, bool keep) {
      const auto any = std::any_of(found.begin(), found.end(), [](std::uint64_t w) { return w; });
      if (!any) return;
      Piece other{};
      part->fill(first, first + size, other.data());
      for (std::size_t i = 0; i < found.size(); ++i) found[i] &= keep ? other[i] : ~other[i];
    };
    for (std::size_t i = 1; i < required_.size(); ++i) lay_over(required_[i], true);
    for (DocIterator* part : excluded_) lay_over(part, false);
    for (std::size_t i = 0; i < found.size() && i * 64 < size; ++i) {
      bits[(first - begin) / 64 + i] |= found[i];
    }
    first += size;
  }
}

}  // namespace

std::unique_ptr<DocIterator> make_boolean_iterator(const PlanNode& node,
                                                   const SearchContext& context, bool scores) {
  using Part = AllOfIterator::Part;
  std::vector<Part> parts;
  Iterators should;
  bool any_must = false, any_phrase = false;
  // A phrase is told of the terms that must be there as well, for its positions are dear.
  std::vector<TermInfo> required_terms;
  for (const PlanClause& clause : node.clauses) {
    if (clause.occur != Occur::kMust) continue;
    any_must = true;
    any_phrase |= clause.node.kind == PlanNode::Kind::kPhrase;
    if (clause.node.kind == PlanNode::Kind::kTerm) {
      required_terms.push_back(clause.node.terms[0].info);
    }
  }
  for (const PlanClause& clause : node.clauses) {
    const bool scored = scores && clause.occur != Occur::kNot;
    if (clause.occur == Occur::kShould && any_must && !scores) continue;
    Occur occur = clause.occur;
    std::unique_ptr<DocIterator> iterator;
    if (clause.occur == Occur::kMust && clause.node.kind == PlanNode::Kind::kPhrase) {
      iterator = make_phrase_iterator(clause.node, context, scored, required_terms);
      iterator->seek(0);
    } else {
      // The phrase has seen to it already.
      const bool is_term = clause.node.kind == PlanNode::Kind::kTerm;
      if (clause.occur == Occur::kMust && is_term && any_phrase) {
        if (!scores) continue;
        occur = Occur::kShould;
      }
      iterator = make_iterator(clause.node, context, scored);
    }
    if (clause.occur == Occur::kShould && !any_must) {
      should.push_back(std::move(iterator));
    } else {
      parts.push_back({occur, std::move(iterator)});
    }
  }
  if (!any_must) {
    // One of the optional parts must be there; if there is none, any document will do.
    std::unique_ptr<DocIterator> any;
    if (should.empty()) {
      PlanNode all;
      all.kind = PlanNode::Kind::kAll;
      any = make_iterator(all, context, false);
    } else if (should.size() == 1) {
      any = std::move(should[0]);
    } else {
      any = std::make_unique<AnyIterator>(std::move(should), context.segment.num_docs());
    }
    if (parts.empty()) return any;
    parts.insert(parts.begin(), Part{Occur::kMust, std::move(any)});
  }
  if (parts.size() == 1) return std::move(parts[0].iterator);
  return std::make_unique<AllOfIterator>(std::move(parts));
}

}  // namespace spimi
