#include "search/doc_iterator.h"

#include <algorithm>

namespace spimi {
namespace {

class EmptyIterator : public DocIterator {
 public:
  std::uint32_t seek(std::uint32_t) override { return docid_ = kEnd; }
  std::uint64_t cost() const override { return 0; }
  Bound bound(std::uint32_t) override { return {kEnd - 1, 0}; }
};

class AllIterator : public DocIterator {
 public:
  explicit AllIterator(std::uint64_t num_docs) : num_docs_(num_docs) {}
  std::uint32_t seek(std::uint32_t target) override {
    return docid_ = target < num_docs_ ? target : kEnd;
  }
  std::uint64_t cost() const override { return num_docs_; }

 private:
  std::uint64_t num_docs_;
};

class TermIterator : public DocIterator {
 public:
  TermIterator(const PlanTerm& term, const TermWeight& weight, const SegmentReader& segment)
      : segment_(segment),
        weight_(weight),
        df_(term.info.df),
        cursor_(segment.postings(term.info)) {
    max_score_ = weight_.bound();
    if (weight_.has_impacts()) max_score_ = weight_.bound(cursor_.skips().list_impact());
  }

  std::uint32_t seek(std::uint32_t target) override { return docid_ = cursor_.seek(target); }
  double score() override { return weight_.score(cursor_.tf(), segment_.length(docid_)); }
  std::uint64_t cost() const override { return df_; }
  bool is_simple() const override { return true; }
  Bound bound(std::uint32_t target) override {
    const SkipCursor::Bound bound = cursor_.bound(target);
    return {bound.last_docid, weight_.bound(bound.max_impact)};
  }
  void fill(std::uint32_t begin, std::uint32_t end, std::uint64_t* bits) override {
    if (docid_ >= end) return;
    cursor_.fill(begin, end, bits);
    docid_ = cursor_.docid();
  }

 private:
  const SegmentReader& segment_;
  TermWeight weight_;
  std::uint64_t df_;
  PostingsCursor cursor_;
};

}  // namespace

void DocIterator::fill(std::uint32_t begin, std::uint32_t end, std::uint64_t* bits) {
  for (std::uint32_t docid = seek(std::max(begin, docid_)); docid < end; docid = seek(docid + 1)) {
    if (matches()) bits[(docid - begin) / 64] |= std::uint64_t{1} << (docid - begin) % 64;
  }
}

std::vector<TermWeight> weights_of(const PlanNode& node, const SearchContext& context) {
  std::vector<TermWeight> weights;
  if (node.kind == PlanNode::Kind::kGroup) {
    // The df is that of the union.
    const auto documents = make_group_iterator(node, context, false);
    double df = 0, cf = 0;
    for (std::uint32_t d = documents->seek(0); d != DocIterator::kEnd; d = documents->seek(d + 1)) {
      ++df;
    }
    for (const PlanTerm& term : node.terms) cf += static_cast<double>(term.info.cf);
    weights.emplace_back(context.rank, context.stats, df, cf, node.boost);
    return weights;
  }
  for (const PlanTerm& term : node.terms) {
    weights.emplace_back(context.rank, context.stats, term.info.df,
                         static_cast<double>(term.info.cf), node.boost);
  }
  return weights;
}

namespace {

std::unique_ptr<DocIterator> make_unplaced(const PlanNode& node, const SearchContext& context,
                                           bool scores) {
  switch (node.kind) {
    case PlanNode::Kind::kNothing:
      break;
    case PlanNode::Kind::kAll:
      return std::make_unique<AllIterator>(context.segment.num_docs());
    case PlanNode::Kind::kTerm:
      return std::make_unique<TermIterator>(
          node.terms[0], scores ? weights_of(node, context)[0] : TermWeight(), context.segment);
    case PlanNode::Kind::kPhrase:
      return make_phrase_iterator(node, context, scores);
    case PlanNode::Kind::kGroup:
      return make_group_iterator(node, context, scores);
    case PlanNode::Kind::kPath:
      return make_path_iterator(node, context);
    case PlanNode::Kind::kBoolean:
      return make_boolean_iterator(node, context, scores);
  }
  return std::make_unique<EmptyIterator>();
}

}  // namespace

std::unique_ptr<DocIterator> make_iterator(const PlanNode& node, const SearchContext& context,
                                           bool scores) {
  auto iterator = make_unplaced(node, context, scores);
  iterator->seek(0);
  return iterator;
}

}  // namespace spimi
