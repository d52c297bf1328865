#include "search/plan.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "search/expand.h"
#include "search/fuzzy_matcher.h"
#include "search/query_parser.h"
#include "search/term_pattern.h"
#include "text/normalize.h"

namespace spimi {
namespace {

struct PlacedTerm {
  std::string term;
  std::uint32_t position;
};

/// The same as placed_terms for what most queries are: words of a to z with single spaces between
/// them, which are tokens and terms to every tokenizer. Nothing for any other text.
std::vector<PlacedTerm> plain_terms(std::string_view text, const TokenizerOptions& options) {
  std::vector<PlacedTerm> terms;
  for (std::size_t begin = 0, end; begin <= text.size(); begin = end + 1) {
    end = begin;
    while (end < text.size() && 'a' <= text[end] && text[end] <= 'z') ++end;
    const bool is_plain = end == text.size() || text[end] == ' ';
    if (!is_plain || end == begin || end - begin > options.max_token_bytes) return {};
    const auto position = static_cast<std::uint32_t>(terms.size());
    terms.push_back({std::string(text.substr(begin, end - begin)), position});
  }
  return terms;
}

/// The terms of a text with their positions; overlong tokens leave gaps.
std::vector<PlacedTerm> placed_terms(std::string_view text, const TokenizerOptions& options) {
  if (auto terms = plain_terms(text, options); !terms.empty()) return terms;
  class Collector : public TokenSink {
   public:
    void take(const TokenBatch& batch) override {
      for (std::size_t i = 0; i < batch.size; ++i, ++position) {
        const Token& token = batch.tokens[i];
        if (token.data == nullptr) continue;
        make_term({token.data, token.length}, &terms.emplace_back(PlacedTerm{{}, position}).term);
      }
    }
    std::vector<PlacedTerm> terms;
    std::uint32_t position = 0;
  };
  Collector collector;
  tokenize_text(text, options, collector);
  return std::move(collector.terms);
}

class Planner {
 public:
  Planner(std::string_view query, const SegmentReader& segment, const IndexInfo& info,
          const QueryOptions& options)
      : query_(query), segment_(segment), info_(info), options_(options) {
    tokenizer_.kind = info.tokenizer;
    tokenizer_.max_token_bytes = info.max_token_bytes;
    fold_ = [this](std::string_view text) {
      if (info_.tokenizer == Tokenizer::kAlpha) return fold_ascii(text);
      std::string folded;
      make_term(text, &folded);
      return folded;
    };
  }

  Plan plan(const QueryNode& root) {
    plan_.has_terms = plan_node(root, 1, plan_.root);
    return std::move(plan_);
  }

 private:
  // All of these make a part of the plan in the node that is to hold it, which is a fresh one:
  // nodes are large to move. They return false if the query's node has no term, such as a dash
  // between words: it then counts as not written.

  bool plan_node(const QueryNode& node, double boost, PlanNode& plan) {
    boost *= node.boost;
    bool found = true;
    switch (node.kind) {
      case QueryNode::Kind::kWord:
      case QueryNode::Kind::kPhrase:
        found = plan_text(node, plan);
        break;
      case QueryNode::Kind::kWildcard:
      case QueryNode::Kind::kRegexp:
        found = plan_pattern(node, plan);
        break;
      case QueryNode::Kind::kFuzzy:
        found = plan_fuzzy(node, plan);
        break;
      case QueryNode::Kind::kPath:
        plan.kind = PlanNode::Kind::kPath;
        plan.glob.emplace(node.text, node.begin + 5 + (query_[node.begin + 5] == '"'));
        break;
      case QueryNode::Kind::kBoolean:
        return plan_boolean(node, boost, plan);
    }
    plan.text = source(node);
    plan.boost = boost;
    return found;
  }

  std::string_view source(const QueryNode& node) const {
    return query_.substr(node.begin, node.end - node.begin);
  }

  std::optional<PlanTerm> look_up(std::string term) {
    const auto info = segment_.find(term);
    if (info) return PlanTerm{std::move(term), *info};
    auto& missing = plan_.missing;
    if (std::find(missing.begin(), missing.end(), term) == missing.end()) {
      missing.push_back(std::move(term));
    }
    return std::nullopt;
  }

  bool plan_text(const QueryNode& node, PlanNode& plan) {
    std::vector<PlacedTerm> words = placed_terms(node.text, tokenizer_);
    if (words.empty()) return false;
    if (words.size() > 1 && !info_.positions) {
      throw QueryError(node.begin, node.end,
                       node.kind == QueryNode::Kind::kPhrase
                           ? "the index has no positions, so it knows no phrases; join the words "
                             "with AND, or build it without --no-positions"
                           : "this is several words to the index, and it has no positions to tell "
                             "whether they stand together; join them with AND");
    }
    bool all_found = true;
    plan.terms.reserve(words.size());
    for (PlacedTerm& word : words) {
      if (auto term = look_up(std::move(word.term))) {
        plan.terms.push_back(std::move(*term));
      } else {
        all_found = false;
      }
    }
    if (!all_found) {
      plan.terms.clear();
      return true;
    }
    plan.is_word = plan.terms.size() == 1;
    plan.kind = plan.is_word ? PlanNode::Kind::kTerm : PlanNode::Kind::kPhrase;
    if (plan.is_word) return true;
    plan.offsets.reserve(words.size());
    for (const PlacedTerm& word : words) {
      plan.offsets.push_back(word.position - words[0].position);
    }
    plan.order = node.order;
    plan.slop = node.slop;
    return true;
  }

  bool plan_pattern(const QueryNode& node, PlanNode& plan) {
    if (node.kind == QueryNode::Kind::kRegexp) {
      plan_group(node, regexp_pattern(node.text, node.begin + 1, fold_), plan);
      return true;
    }
    if (node.text.find_first_not_of('*') == std::string::npos) {
      plan.kind = PlanNode::Kind::kAll;
      return true;
    }
    // "!?" and "**" are punctuation, not a search for every term.
    if (placed_terms(node.text, tokenizer_).empty()) return false;
    plan_group(node, wildcard_pattern(node.text, node.begin, fold_), plan);
    return true;
  }

  void plan_group(const QueryNode& node, TermPattern pattern, PlanNode& plan) {
    const std::string prefix = pattern.prefix;
    PatternMatcher matcher(std::move(pattern));
    take_group(node, find_terms(segment_.dictionary(), matcher, prefix, options_.max_expansion),
               plan);
  }

  bool plan_fuzzy(const QueryNode& node, PlanNode& plan) {
    const std::vector<PlacedTerm> words = placed_terms(node.text, tokenizer_);
    if (words.empty()) return false;
    if (words.size() > 1) {
      throw QueryError(node.begin, node.end,
                       "this is several words to the index, and only one can be fuzzy");
    }
    FuzzyMatcher matcher(words[0].term, node.edits);
    take_group(node, find_terms(segment_.dictionary(), matcher, {}, options_.max_expansion), plan);
    return true;
  }

  void take_group(const QueryNode& node, FoundTerms found, PlanNode& plan) {
    plan_.expansions.push_back({std::string(source(node)), found.num_found, found.terms.size()});
    for (FoundTerm& term : found.terms) {
      plan.terms.push_back({std::move(term.term), term.info});
    }
    if (plan.terms.size() > 1) plan.kind = PlanNode::Kind::kGroup;
    if (plan.terms.size() == 1) plan.kind = PlanNode::Kind::kTerm;
  }

  bool plan_boolean(const QueryNode& node, double boost, PlanNode& plan) {
    plan.clauses.reserve(node.clauses.size());
    bool any_term = false, any_must = false, any_should = false, never = false;
    const auto add = [&](const Clause& clause) {
      PlanNode part;
      if (!plan_node(clause.node, boost, part)) return;
      any_term = true;
      any_must |= clause.occur == Occur::kMust;
      any_should |= clause.occur == Occur::kShould;
      if (part.kind == PlanNode::Kind::kNothing) {
        never |= clause.occur == Occur::kMust;
      } else {
        add_clause(plan, clause.occur, std::move(part));
      }
    };
    for (const Clause& clause : node.clauses) {
      if (!options_.matches_only || clause.occur != Occur::kShould) add(clause);
    }
    // Where there is a MUST, the others do not decide what matches.
    for (const Clause& clause : node.clauses) {
      if (options_.matches_only && !any_must && clause.occur == Occur::kShould) add(clause);
    }
    if (!any_term) return false;
    plan.kind = PlanNode::Kind::kBoolean;
    const bool has_should =
        std::any_of(plan.clauses.begin(), plan.clauses.end(),
                    [](const PlanClause& clause) { return clause.occur == Occur::kShould; });
    if (never || (any_should && !any_must && !has_should)) {
      plan = PlanNode{};
    } else if (plan.clauses.empty()) {  // All its NOTs are of what no document has.
      plan.kind = PlanNode::Kind::kAll;
    } else if (plan.clauses.size() == 1 && plan.clauses[0].occur != Occur::kNot) {
      PlanNode only = std::move(plan.clauses[0].node);
      plan = std::move(only);
    }
    return true;
  }

  /// A clause that is a list of the same kind of clauses becomes part of the list it stands in. A
  /// word that is given twice counts once.
  static void add_clause(PlanNode& plan, Occur occur, PlanNode&& node) {
    const bool same_kind =
        node.kind == PlanNode::Kind::kBoolean && occur != Occur::kNot &&
        std::all_of(node.clauses.begin(), node.clauses.end(),
                    [&](const PlanClause& clause) { return clause.occur == occur; });
    if (same_kind) {
      for (PlanClause& clause : node.clauses) {
        add_clause(plan, occur, std::move(clause.node));
      }
      return;
    }
    const auto is_same_word = [&](const PlanClause& clause) {
      return clause.occur == occur && clause.node.is_word &&
             clause.node.terms[0].term == node.terms[0].term && clause.node.boost == node.boost;
    };
    if (node.is_word && std::any_of(plan.clauses.begin(), plan.clauses.end(), is_same_word)) {
      return;
    }
    plan.clauses.push_back({occur, std::move(node)});
  }

  std::string_view query_;
  const SegmentReader& segment_;
  const IndexInfo& info_;
  const QueryOptions& options_;
  TokenizerOptions tokenizer_;
  FoldFunction fold_;
  Plan plan_;
};

}  // namespace

Plan make_plan(std::string_view query, const SegmentReader& segment, const IndexInfo& info,
               const QueryOptions& options) {
  return Planner(query, segment, info, options).plan(parse_query(query));
}

Plan plan_of_terms(const std::vector<std::string>& terms, const SegmentReader& segment) {
  Plan plan;
  plan.root.kind = PlanNode::Kind::kBoolean;
  plan.has_terms = !terms.empty();
  for (const std::string& term : terms) {
    const auto info = segment.find(term);
    if (!info) continue;
    PlanNode node;
    node.kind = PlanNode::Kind::kTerm;
    node.text = term;
    node.terms.push_back({term, *info});
    plan.root.clauses.push_back({Occur::kShould, std::move(node)});
  }
  if (plan.root.clauses.empty()) plan.root.kind = PlanNode::Kind::kNothing;
  return plan;
}

}  // namespace spimi
