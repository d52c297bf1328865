#include "support/reference_query.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <regex>
#include <vector>

#include "support/reference_tokenizer.h"

namespace spimi::testing {
namespace {

struct Word {
  std::string term;
  std::uint32_t position;
};

std::vector<Word> words_of(std::string_view text) {
  std::vector<Word> words;
  std::uint32_t position = 0;
  for (const ReferenceToken& token : reference_tokenize(text)) {
    if (!token.overlong) words.push_back({token.term, position});
    ++position;
  }
  return words;
}

bool glob_matches(std::u32string_view pattern, std::u32string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == U'*') {
    return glob_matches(pattern.substr(1), text) ||
           (!text.empty() && glob_matches(pattern, text.substr(1)));
  }
  return !text.empty() && (pattern[0] == U'?' || pattern[0] == text[0]) &&
         glob_matches(pattern.substr(1), text.substr(1));
}

bool path_glob_matches(std::string_view pattern, std::string_view path) {
  if (pattern.empty()) return path.empty();
  if (pattern.starts_with("**")) {
    return path_glob_matches(pattern.substr(2), path) ||
           (!path.empty() && path_glob_matches(pattern, path.substr(1)));
  }
  const bool takes = !path.empty() && path[0] != '/';
  if (pattern[0] == '*') {
    return path_glob_matches(pattern.substr(1), path) ||
           (takes && path_glob_matches(pattern, path.substr(1)));
  }
  if (path.empty() || (pattern[0] == '?' ? path[0] == '/' : pattern[0] != path[0])) return false;
  return path_glob_matches(pattern.substr(1), path.substr(1));
}

/// `nothing` if it holds what no document has, so that its other terms do not matter.
struct Answer {
  Scores scores;
  bool nothing = false;
};

class Evaluator {
 public:
  Evaluator(const ReferenceIndex& index, const QueryOptions& options)
      : index_(index),
        options_(options),
        num_docs_(static_cast<double>(index.documents().size())),
        num_tokens_(static_cast<double>(index.num_tokens())) {}

  std::optional<Answer> evaluate(const QueryNode& node, double boost) {
    boost *= node.boost;
    switch (node.kind) {
      case QueryNode::Kind::kWord:
      case QueryNode::Kind::kPhrase:
        return phrase(node, boost);
      case QueryNode::Kind::kPath: {
        Scores scores;
        for (std::uint32_t docid = 0; docid < index_.documents().size(); ++docid) {
          if (reference_path_matches(node.text, index_.documents()[docid].path)) scores[docid] = 0;
        }
        return Answer{scores};
      }
      case QueryNode::Kind::kBoolean:
        return boolean(node, boost);
      case QueryNode::Kind::kWildcard:
      case QueryNode::Kind::kRegexp:
      case QueryNode::Kind::kFuzzy:
        break;
    }
    return expansion(node, boost);
  }

  double length_weight() const { return length_weight_; }

 private:
  double weight(double df, double cf, double tf, double length) const {
    const RankOptions& rank = options_.rank;
    const double average = num_tokens_ / num_docs_;
    const double saturation =
        tf * (rank.k1 + 1) / (tf + rank.k1 * (1 - rank.b + rank.b * length / average));
    switch (rank.ranking) {
      case Ranking::kBm25:
        return std::log(1 + (num_docs_ - df + 0.5) / (df + 0.5)) * saturation;
      case Ranking::kBm25Plus:
        return std::log((num_docs_ + 1) / df) * (rank.delta + saturation);
      case Ranking::kDirichlet:
        return std::log(1 + tf / (rank.mu * cf / num_tokens_));
      case Ranking::kTfIdf:
        return (1 + std::log(tf)) * std::log(num_docs_ / df);
      case Ranking::kDph: {
        const double f = tf / length;
        if (f >= 1) return 0;
        return (1 - f) * (1 - f) / (tf + 1) *
               (tf * std::log2(tf * average / length * num_docs_ / cf) +
                0.5 * std::log2(2 * std::numbers::pi * tf * (1 - f)));
      }
      case Ranking::kNone:
        break;
    }
    return 0;
  }

  double length(std::uint32_t docid) const { return index_.documents()[docid].length; }

  std::optional<Answer> phrase(const QueryNode& node, double boost) {
    const std::vector<Word> words = words_of(node.text);
    if (words.empty()) return std::nullopt;
    Scores scores;
    std::vector<const ReferenceList*> lists;
    for (const Word& word : words) {
      const auto list = index_.lists().find(word.term);
      if (list == index_.lists().end()) return Answer{scores, true};
      lists.push_back(&list->second);
    }
    length_weight_ += boost * static_cast<double>(words.size());
    for (std::uint32_t docid = 0; docid < num_docs_; ++docid) {
      // The document as (position, term) of the words that matter.
      std::map<std::uint32_t, std::string> document;
      for (std::size_t i = 0; i < words.size(); ++i) {
        for (const ReferencePosting& posting : lists[i]->postings) {
          if (posting.docid != docid) continue;
          for (const std::uint32_t at : lists[i]->positions_of(posting)) {
            document[at] = words[i].term;
          }
        }
      }
      const unsigned tf = occurrences(node, words, document);
      if (tf == 0) continue;
      double sum = 0;
      for (const ReferenceList* list : lists) {
        sum += boost * weight(list->df(), static_cast<double>(list->cf()), tf, length(docid));
      }
      scores[docid] = sum;
    }
    return Answer{scores};
  }

  static unsigned occurrences(const QueryNode& node, const std::vector<Word>& words,
                              const std::map<std::uint32_t, std::string>& document) {
    unsigned tf = 0;
    if (words.size() == 1 || node.order == QueryNode::Order::kAdjacent) {
      for (const auto& [start, term] : document) {
        tf += std::all_of(words.begin(), words.end(), [&, first = start](const Word& word) {
          const auto at = document.find(first + word.position - words[0].position);
          return at != document.end() && at->second == word.term;
        });
      }
      return tf;
    }
    // Every interval, whether it holds the words, and whether one inside it does.
    const auto holds = [&](std::uint64_t begin, std::uint64_t end) {
      std::vector<std::string> inside;
      for (const auto& [at, term] : document) {
        if (begin <= at && at <= end) inside.push_back(term);
      }
      if (node.order == QueryNode::Order::kOrdered) {
        std::size_t next = 0;
        for (const std::string& term : inside)
          next += next < words.size() && term == words[next].term;
        return next == words.size();
      }
      for (const Word& word : words) {
        const auto at = std::find(inside.begin(), inside.end(), word.term);
        if (at == inside.end()) return false;
        inside.erase(at);
      }
      return true;
    };
    const std::uint64_t span = words.back().position - words[0].position + std::uint64_t{node.slop};
    std::uint64_t free_from = 0;
    for (const auto& [end, last] : document) {
      for (const auto& [begin, first] : document) {
        if (begin < free_from || end < begin || end - begin > span || !holds(begin, end)) continue;
        if (holds(begin + 1, end) || (end > begin && holds(begin, std::uint64_t{end} - 1)))
          continue;
        ++tf;
        free_from = std::uint64_t{end} + 1;
      }
    }
    return tf;
  }

  std::optional<Answer> expansion(const QueryNode& node, double boost) {
    Scores scores;
    std::map<std::uint32_t, double> tfs;
    double cf = 0;
    for (const auto& [term, list] : index_.lists()) {
      const std::u32string characters = reference_decode(term);
      bool fits = false;
      if (node.kind == QueryNode::Kind::kWildcard) {
        fits = glob_matches(reference_decode(node.text), characters);
      } else if (node.kind == QueryNode::Kind::kRegexp) {
        fits = std::regex_match(term, std::regex(node.text));
      } else {
        const std::vector<Word> words = words_of(node.text);
        if (words.empty()) return std::nullopt;
        fits = reference_distance(reference_decode(words[0].term), characters) <= node.edits;
      }
      if (!fits) continue;
      cf += static_cast<double>(list.cf());
      for (const ReferencePosting& posting : list.postings) tfs[posting.docid] += posting.tf;
    }
    const bool is_all = node.kind == QueryNode::Kind::kWildcard && node.text == "*";
    if (is_all) {
      for (std::uint32_t docid = 0; docid < num_docs_; ++docid) scores[docid] = 0;
      return Answer{scores};
    }
    if (!tfs.empty()) length_weight_ += boost;
    for (const auto& [docid, tf] : tfs) {
      scores[docid] = boost * weight(static_cast<double>(tfs.size()), cf, tf, length(docid));
    }
    return Answer{scores, tfs.empty()};
  }

  std::optional<Answer> boolean(const QueryNode& node, double boost) {
    bool any_term = false, any_must = false, any_should = false;
    bool never = false, any_found = false;
    const double weight_at_start = length_weight_;
    std::vector<std::pair<Occur, Scores>> parts;
    for (const Clause& clause : node.clauses) {
      const double weight_before = length_weight_;
      auto part = evaluate(clause.node, boost);
      if (clause.occur == Occur::kNot) length_weight_ = weight_before;
      if (!part) continue;
      any_term = true;
      any_must |= clause.occur == Occur::kMust;
      any_should |= clause.occur == Occur::kShould;
      never |= part->nothing && clause.occur == Occur::kMust;
      any_found |= !part->nothing && clause.occur == Occur::kShould;
      parts.emplace_back(clause.occur, std::move(part->scores));
    }
    if (!any_term) return std::nullopt;
    if (never || (any_should && !any_must && !any_found)) {
      length_weight_ = weight_at_start;
      return Answer{{}, true};
    }
    Scores scores;
    for (std::uint32_t docid = 0; docid < num_docs_; ++docid) {
      bool matches = any_must || !any_should;
      double sum = 0;
      for (const auto& [occur, part] : parts) {
        const auto at = part.find(docid);
        if (occur == Occur::kShould && !any_must && at != part.end()) matches = true;
        if (occur != Occur::kNot && at != part.end()) sum += at->second;
      }
      for (const auto& [occur, part] : parts) {
        const bool holds = part.contains(docid);
        if (holds ? occur == Occur::kNot : occur == Occur::kMust) matches = false;
      }
      if (matches) scores[docid] = sum;
    }
    return Answer{scores};
  }

  const ReferenceIndex& index_;
  const QueryOptions& options_;
  double num_docs_, num_tokens_;
  double length_weight_ = 0;
};

}  // namespace

std::optional<Scores> reference_answer(const ReferenceIndex& index, const QueryNode& query,
                                       const QueryOptions& options) {
  Evaluator evaluator(index, options);
  auto answer = evaluator.evaluate(query, 1);
  if (!answer) return std::nullopt;
  Scores& scores = answer->scores;
  if (options.rank.ranking != Ranking::kDirichlet) return scores;
  for (auto& [docid, score] : scores) {
    score += evaluator.length_weight() *
             std::log(options.rank.mu / (index.documents()[docid].length + options.rank.mu));
  }
  return scores;
}

unsigned reference_distance(std::u32string_view a, std::u32string_view b) {
  std::vector<std::vector<unsigned>> table(a.size() + 1, std::vector<unsigned>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      unsigned& edits = table[i][j];
      if (i == 0 || j == 0) {
        edits = static_cast<unsigned>(i + j);
        continue;
      }
      edits = std::min({table[i - 1][j] + 1, table[i][j - 1] + 1,
                        table[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        edits = std::min(edits, table[i - 2][j - 2] + 1);
      }
    }
  }
  return table[a.size()][b.size()];
}

bool reference_path_matches(std::string_view pattern, std::string_view path) {
  std::string whole(pattern);
  if (whole.ends_with('/')) whole += "**";
  const bool by_name =
      whole.find('/') == std::string::npos && whole.find("**") == std::string::npos;
  return path_glob_matches(whole, by_name ? path.substr(path.rfind('/') + 1) : path);
}

}  // namespace spimi::testing
