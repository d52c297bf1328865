#include "spimi/query.h"

#include <algorithm>
#include <bit>
#include <set>
#include <vector>

#include "base/bitmap.h"
#include "search/count_terms.h"
#include "search/explain.h"
#include "search/query_state.h"
#include "search/rank_terms.h"
#include "search/top_k.h"

namespace spimi {
namespace {

/// The documents of a bit map are counted or visited in stretches of so many.
constexpr std::uint32_t kWindowDocs = 65536;

double sum_of_boosts(const PlanNode& node) {
  double sum = 0;
  switch (node.kind) {
    case PlanNode::Kind::kTerm:
    case PlanNode::Kind::kGroup:
      return node.boost;
    case PlanNode::Kind::kPhrase:
      return node.boost * static_cast<double>(node.terms.size());
    case PlanNode::Kind::kBoolean:
      for (const PlanClause& clause : node.clauses) {
        if (clause.occur != Occur::kNot) sum += sum_of_boosts(clause.node);
      }
      return sum;
    case PlanNode::Kind::kNothing:
    case PlanNode::Kind::kAll:
    case PlanNode::Kind::kPath:
      break;
  }
  return 0;
}

void collect_terms(const PlanNode& node, std::set<std::string>& terms) {
  for (const PlanTerm& term : node.terms) terms.insert(term.term);
  for (const PlanClause& clause : node.clauses) {
    if (clause.occur != Occur::kNot) collect_terms(clause.node, terms);
  }
}

/// Whether rank_terms can rank it.
bool is_of_terms(const PlanNode& root) {
  if (root.kind == PlanNode::Kind::kTerm) return true;
  bool any = false;
  for (const PlanClause& clause : root.clauses) {
    if (clause.occur == Occur::kNot) continue;
    if (clause.node.kind != PlanNode::Kind::kTerm) return false;
    any = true;
  }
  return root.kind == PlanNode::Kind::kBoolean && any;
}

}  // namespace

Query::State::State(const Index::State& index_, Plan plan_, const RankOptions& rank)
    : index(index_), plan(std::move(plan_)), context(index.segment, rank) {
  context.root_ends = &index.root_ends;
  if (rank.ranking == Ranking::kDirichlet) context.dirichlet_weight = sum_of_boosts(plan.root);
}

Query::Query(std::unique_ptr<State> state) : state_(std::move(state)) {}
Query::Query(Query&&) noexcept = default;
Query& Query::operator=(Query&&) noexcept = default;
Query::~Query() = default;

namespace {

/// The ranking kNone.
std::vector<Hit> first_hits(const PlanNode& root, const SearchContext& context, std::size_t k,
                            const std::optional<Hit>& after) {
  std::vector<Hit> hits;
  if (k == 0) return hits;
  const auto iterator = make_iterator(root, context, false);
  if (after) iterator->seek(after->docid + 1);
  while (iterator->docid() != DocIterator::kEnd && hits.size() < k) {
    if (iterator->matches()) hits.push_back({iterator->docid(), 0});
    iterator->seek(iterator->docid() + 1);
  }
  return hits;
}

/// Any query: from candidate to candidate, past stretches whose bound is too low.
void rank_all(const PlanNode& root, const SearchContext& context, TopK& top) {
  const auto iterator = make_iterator(root, context, true);
  std::uint32_t target = iterator->docid();
  DocIterator::Bound bound{0, 0};
  bool bounded = false;
  while (target != DocIterator::kEnd) {
    if (top.threshold() > 0 && (!bounded || target > bound.last_docid)) {
      bound = iterator->bound(target);
      bounded = true;
      if (!top.can_enter(bound.score)) {
        if (bound.last_docid >= DocIterator::kEnd - 1) return;
        target = bound.last_docid + 1;
        continue;
      }
    }
    const std::uint32_t docid = iterator->seek(target);
    if (docid == DocIterator::kEnd) return;
    if (bounded && docid > bound.last_docid) {
      target = docid;
      continue;
    }
    if (iterator->matches()) {
      top.offer(docid, context.total_score(docid, iterator->score()));
      iterator->set_min_score(top.lenient_threshold());
    }
    target = docid + 1;
  }
}

/// The same for every match, which it counts: where finding matches is the dear part, that is done
/// once.
std::uint64_t rank_and_count(const PlanNode& root, const SearchContext& context, TopK& top) {
  const auto iterator = make_iterator(root, context, true);
  std::uint64_t num_docs = 0;
  for (std::uint32_t docid = iterator->docid(); docid != DocIterator::kEnd;
       docid = iterator->seek(docid + 1)) {
    if (!iterator->matches()) continue;
    ++num_docs;
    if (!iterator->may_exceed(top.lenient_threshold())) continue;
    top.offer(docid, context.total_score(docid, iterator->score()));
  }
  return num_docs;
}

/// Calls `take` with the bits of each stretch of documents, until it returns false.
template <typename Take>
void for_each_window(const PlanNode& root, const SearchContext& context, Take take) {
  const auto iterator = make_iterator(root, context, false);
  std::vector<std::uint64_t> bits(kWindowDocs / 64);
  while (iterator->docid() != DocIterator::kEnd) {
    const std::uint32_t begin = iterator->docid() / 64 * 64;
    const auto end = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(std::uint64_t{begin} + kWindowDocs, DocIterator::kEnd));
    iterator->fill(begin, end, bits.data());
    if (!take(begin, bits)) return;
    std::fill(bits.begin(), bits.end(), 0);
    if (iterator->docid() < end) iterator->seek(end);
  }
}

/// The part of a query that decides what matches: the one that must, if all others are optional.
const PlanNode& what_matches(const PlanNode& root) {
  const PlanNode* must = nullptr;
  for (const PlanClause& clause : root.clauses) {
    if (clause.occur == Occur::kShould) continue;
    if (clause.occur == Occur::kNot || must != nullptr) return root;
    must = &clause.node;
  }
  return must != nullptr ? what_matches(*must) : root;
}

/// The count of a query of single terms alone; nothing for any other.
std::optional<std::uint64_t> count_of_terms(const PlanNode& root, const SegmentReader& segment) {
  if (root.kind != PlanNode::Kind::kBoolean) return std::nullopt;
  std::vector<TermInfo> must, should, excluded;
  for (const PlanClause& clause : root.clauses) {
    if (clause.node.kind != PlanNode::Kind::kTerm) return std::nullopt;
    auto& terms = clause.occur == Occur::kMust     ? must
                  : clause.occur == Occur::kShould ? should
                                                   : excluded;
    terms.push_back(clause.node.terms[0].info);
  }
  if (!must.empty()) return count_every(must, excluded, segment);
  if (must.empty() && !should.empty() && excluded.empty()) return count_any(should, segment);
  return std::nullopt;
}

}  // namespace

std::vector<Hit> Query::search(std::size_t k, const std::optional<Hit>& after) const {
  const SearchContext& context = state_->context;
  const PlanNode& root = state_->plan.root;
  if (context.rank.ranking == Ranking::kNone) return first_hits(root, context, k, after);
  k = static_cast<std::size_t>(std::min<std::uint64_t>(k, context.segment.num_docs()));
  if (k == 0) return {};
  TopK top(k, after);

  if (is_of_terms(root)) {
    rank_terms(root, context, top);
  } else {
    rank_all(root, context, top);
  }
  return top.take();
}

std::vector<Hit> Query::search_and_count(std::size_t k, std::uint64_t* count) const {
  const SearchContext& context = state_->context;
  const PlanNode& root = state_->plan.root;
  if (k == 0 || context.rank.ranking == Ranking::kNone || is_of_terms(root)) {
    *count = this->count();
    return search(k);
  }
  k = static_cast<std::size_t>(std::min<std::uint64_t>(k, context.segment.num_docs()));
  TopK top(k, std::nullopt);
  *count = rank_and_count(root, context, top);
  return top.take();
}

std::uint64_t Query::count() const {
  const PlanNode& root = what_matches(state_->plan.root);
  if (root.kind == PlanNode::Kind::kTerm) return root.terms[0].info.df;
  if (root.kind == PlanNode::Kind::kAll) return state_->context.segment.num_docs();
  if (const auto num_docs = count_of_terms(root, state_->context.segment)) return *num_docs;
  std::uint64_t num_docs = 0;
  for_each_window(root, state_->context,
                  [&](std::uint32_t, const std::vector<std::uint64_t>& bits) {
                    num_docs += count_bits(bits.data(), bits.size());
                    return true;
                  });
  return num_docs;
}

void Query::for_each(const std::function<bool(std::uint32_t docid)>& visit) const {
  for_each_window(state_->plan.root, state_->context,
                  [&](std::uint32_t begin, const std::vector<std::uint64_t>& bits) {
                    for (std::size_t i = 0; i < bits.size(); ++i) {
                      for (std::uint64_t word = bits[i]; word != 0; word &= word - 1) {
                        const auto place = static_cast<std::uint32_t>(
                            i * 64 + static_cast<std::size_t>(std::countr_zero(word)));
                        if (!visit(begin + place)) return false;
                      }
                    }
                    return true;
                  });
}

Explanation Query::explain(std::uint32_t docid) const {
  return explain_document(state_->plan.root, state_->context, docid);
}

bool Query::has_terms() const { return state_->plan.has_terms; }

std::vector<std::string> Query::terms() const {
  std::set<std::string> terms;
  collect_terms(state_->plan.root, terms);
  return {terms.begin(), terms.end()};
}

const std::vector<std::string>& Query::missing() const { return state_->plan.missing; }
const std::vector<Expansion>& Query::expansions() const { return state_->plan.expansions; }

Query Index::query(std::string_view text, const QueryOptions& options) const {
  require_terms_of_this_unicode();
  return Query(std::make_unique<Query::State>(
      *state_, make_plan(text, state_->segment, state_->info, options), options.rank));
}

std::vector<Hit> Index::search(const std::vector<std::string>& terms, std::size_t k) const {
  return Query(std::make_unique<Query::State>(*state_, plan_of_terms(terms, state_->segment),
                                              RankOptions{}))
      .search(k);
}

std::uint64_t Index::count(const std::vector<std::string>& terms) const {
  return Query(std::make_unique<Query::State>(*state_, plan_of_terms(terms, state_->segment),
                                              RankOptions{}))
      .count();
}

}  // namespace spimi
