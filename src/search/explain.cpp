#include "search/explain.h"

#include <charconv>
#include <string>

#include "spimi/error.h"

namespace spimi {
namespace {

std::string number(double value) {
  char digits[32];
  const auto end =
      std::to_chars(digits, digits + sizeof(digits), value, std::chars_format::general, 6);
  return {digits, end.ptr};
}

/// What the weight of a term comes from, in the words of Ranking.
std::string factors(const RankOptions& rank, const TermWeight& weight) {
  const std::string value = number(weight.statistic());
  switch (rank.ranking) {
    case Ranking::kBm25:
      return "idf " + value + ", k1 " + number(rank.k1) + ", b " + number(rank.b);
    case Ranking::kBm25Plus:
      return "idf " + value + ", k1 " + number(rank.k1) + ", b " + number(rank.b) + ", delta " +
             number(rank.delta);
    case Ranking::kDirichlet:
      return "cf / T " + value + ", mu " + number(rank.mu);
    case Ranking::kTfIdf:
      return "ln(N / df) " + value;
    case Ranking::kDph:
      return "avg x N / cf " + value;
    case Ranking::kNone:
      break;
  }
  return "no ranking";
}

class Explainer {
 public:
  Explainer(const SearchContext& context, std::uint32_t docid) : context_(context), docid_(docid) {}

  Explanation explain(const PlanNode& node) {
    Explanation result;
    const auto iterator = make_iterator(node, context_, true);
    if (iterator->docid() < docid_) iterator->seek(docid_);
    result.matches = iterator->docid() == docid_ && iterator->matches();
    if (result.matches) result.score = iterator->score();
    result.what = node.text;
    switch (node.kind) {
      case PlanNode::Kind::kNothing:
        result.what += ": in no document";
        break;
      case PlanNode::Kind::kAll:
        result.what += ": every document, without a score";
        break;
      case PlanNode::Kind::kPath:
        result.what += ": a filter, without a score";
        break;
      case PlanNode::Kind::kTerm:
      case PlanNode::Kind::kPhrase:
      case PlanNode::Kind::kGroup:
        explain_terms(node, result);
        break;
      case PlanNode::Kind::kBoolean:
        explain_clauses(node, result);
        break;
    }
    return result;
  }

 private:
  void explain_clauses(const PlanNode& node, Explanation& result) {
    result.what = "sum of";
    for (const PlanClause& clause : node.clauses) {
      Explanation part = explain(clause.node);
      if (clause.occur == Occur::kNot) {
        part.what = "must not match: " + part.what;
        part.score = 0;
      } else if (clause.occur == Occur::kMust) {
        part.what = "must match: " + part.what;
      }
      result.parts.push_back(std::move(part));
    }
  }

  void explain_terms(const PlanNode& node, Explanation& result) {
    const std::vector<TermWeight> weights = weights_of(node, context_);
    if (node.boost != 1) result.what += ", boost " + number(node.boost);
    result.what += ", length " + number(context_.segment.length(docid_)) + " of average " +
                   number(context_.stats.average_length);
    for (std::size_t i = 0; i < node.terms.size(); ++i) {
      const PlanTerm& term = node.terms[i];
      PostingsCursor cursor = context_.segment.postings(term.info);
      const bool found = cursor.seek(docid_) == docid_;
      // Of a group only what is there: it may be of very many terms.
      if (!found && node.kind == PlanNode::Kind::kGroup) continue;
      Explanation part;
      part.matches = found;
      part.what = "'" + escape_bytes(term.term) + "': tf " + number(found ? cursor.tf() : 0) +
                  ", df " + number(term.info.df) + ", cf " +
                  number(static_cast<double>(term.info.cf));
      if (node.kind != PlanNode::Kind::kGroup) {
        part.what += ", " + factors(context_.rank, weights[i]);
        if (node.kind == PlanNode::Kind::kTerm) part.score = result.score;
      }
      result.parts.push_back(std::move(part));
    }
    if (node.kind == PlanNode::Kind::kGroup) {
      result.what += ", " + std::to_string(node.terms.size()) + " terms as one, " +
                     factors(context_.rank, weights[0]);
    }
  }

  const SearchContext& context_;
  std::uint32_t docid_;
};

}  // namespace

Explanation explain_document(const PlanNode& root, const SearchContext& context,
                             std::uint32_t docid) {
  Explanation result = Explainer(context, docid).explain(root);
  if (!result.matches || context.dirichlet_weight == 0) return result;
  Explanation whole;
  whole.matches = true;
  whole.score = context.total_score(docid, result.score);
  whole.what = "sum of";
  Explanation length;
  length.matches = true;
  length.score = whole.score - result.score;
  length.what = "ln(mu / (length + mu)) for each term of the query";
  whole.parts.push_back(std::move(result));
  whole.parts.push_back(std::move(length));
  return whole;
}

}  // namespace spimi
