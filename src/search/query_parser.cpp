#include "search/query_parser.h"

#include <charconv>
#include <string>
#include <utility>

#include "spimi/query.h"

namespace spimi {
namespace {

/// Parentheses within parentheses: each level takes some stack.
constexpr int kMaxDepth = 100;
constexpr double kMaxBoost = 1e6;
constexpr std::uint32_t kMaxSlop = 1000000;

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  QueryNode parse() {
    QueryNode node;
    list(0, node);
    if (at_ < text_.size()) {
      fail(at_, at_ + 1, "nothing is open that this parenthesis closes; in quotes it is text");
    }
    return node;
  }

 private:
  // Every part of a query is read into the node that is to hold it: nodes are large to move.

  [[noreturn]] static void fail(std::size_t begin, std::size_t end, std::string_view what) {
    throw QueryError(begin, end, what);
  }

  bool at_end() const { return at_ == text_.size(); }
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  void skip_space() {
    while (!at_end() && is_space(text_[at_])) ++at_;
  }
  /// True where a word that stands alone may end.
  bool is_boundary(std::size_t i) const {
    return i >= text_.size() || is_space(text_[i]) || text_[i] == '(' || text_[i] == ')' ||
           text_[i] == '"';
  }

  bool at_keyword(std::string_view keyword) const {
    return peek() == keyword[0] && text_.substr(at_, keyword.size()) == keyword &&
           is_boundary(at_ + keyword.size());
  }
  bool accept_keyword(std::string_view keyword) {
    skip_space();
    if (!at_keyword(keyword)) return false;
    operator_ = keyword;
    operator_at_ = at_;
    at_ += keyword.size();
    return true;
  }

  void list(int depth, QueryNode& node) {
    QueryNode filters;
    node.begin = at_;
    for (skip_space(); !at_end() && peek() != ')'; skip_space()) {
      Clause& clause = node.clauses.emplace_back();
      either(depth, clause);
      if (clause.occur == Occur::kShould && clause.node.kind == QueryNode::Kind::kPath) {
        filters.clauses.push_back(std::move(clause));
        node.clauses.pop_back();
      }
    }
    node.end = at_;
    simplify(node);
    if (!filters.clauses.empty()) add_filters(node, std::move(filters));
  }

  /// Paths do not make a document match: they only let those pass that do.
  static void add_filters(QueryNode& node, QueryNode filters) {
    simplify(filters);
    if (is_empty(node)) {
      node = std::move(filters);
      return;
    }
    QueryNode both;
    both.begin = node.begin;
    both.end = node.end;
    both.clauses.push_back({Occur::kMust, std::move(node)});
    both.clauses.push_back({Occur::kMust, std::move(filters)});
    node = std::move(both);
  }

  static bool is_empty(const QueryNode& node) {
    return node.kind == QueryNode::Kind::kBoolean && node.clauses.empty();
  }

  /// A list of one clause that needs no list becomes that.
  static void simplify(QueryNode& node) {
    if (node.clauses.size() != 1 || node.clauses[0].occur != Occur::kShould) return;
    QueryNode only = std::move(node.clauses[0].node);
    node = std::move(only);
  }

  void either(int depth, Clause& out) {
    all(depth, out);
    if (!accept_keyword("OR")) return;
    QueryNode node;
    node.begin = out.node.begin;
    append(node, std::move(out), Occur::kShould);
    do {
      Clause next;
      all(depth, next);
      append(node, std::move(next), Occur::kShould);
    } while (accept_keyword("OR"));
    node.end = at_;
    out = {Occur::kShould, std::move(node)};
  }

  void all(int depth, Clause& out) {
    unary(depth, out);
    if (!accept_keyword("AND")) return;
    QueryNode node;
    node.begin = out.node.begin;
    append(node, std::move(out), Occur::kMust);
    do {
      Clause next;
      unary(depth, next);
      append(node, std::move(next), Occur::kMust);
    } while (accept_keyword("AND"));
    node.end = at_;
    out = {Occur::kShould, std::move(node)};
  }

  /// Adds one side of OR (kShould) or AND (kMust), with what its own sign says of it.
  static void append(QueryNode& node, Clause side, Occur occur) {
    if (side.occur == Occur::kNot && occur == Occur::kShould) {
      side.node = complement(std::move(side.node));
    } else if (side.occur == Occur::kNot) {
      occur = Occur::kNot;
    } else if (side.occur == Occur::kMust && occur == Occur::kShould) {
      fail(side.node.begin, side.node.end,
           "a term that must be there cannot be one side of OR; leave out the + or the OR");
    }
    node.clauses.push_back({occur, std::move(side.node)});
  }

  static QueryNode complement(QueryNode inner) {
    QueryNode node;
    node.begin = inner.begin;
    node.end = inner.end;
    node.clauses.push_back({Occur::kNot, std::move(inner)});
    return node;
  }

  void unary(int depth, Clause& out) {
    bool negated = false, plus = false;
    while (accept_keyword("NOT")) negated = !negated;
    if (const char sign = sign_here(); sign != 0) {
      negated ^= sign == '-';
      plus = sign == '+';
      ++at_;
    }
    need_operand();
    atom(depth, out.node);
    boost(out.node);
    out.occur = negated ? Occur::kNot : (plus ? Occur::kMust : Occur::kShould);
  }

  /// The sign that begins a clause here, or 0: "a - b", "--x" and "a++" are text.
  char sign_here() const {
    const char c = peek(), next = peek(1);
    const bool is_sign = (c == '+' || c == '-') && at_ + 1 < text_.size() && !is_space(next) &&
                         next != ')' && next != c;
    return is_sign ? c : '\0';
  }

  /// Refuses what cannot begin an operand.
  void need_operand() {
    skip_space();
    if (at_end() || peek() == ')') {
      fail(operator_at_, operator_at_ + operator_.size(),
           std::string(operator_) + " has nothing after it; in quotes it is a word");
    }
    for (const std::string_view keyword : {"AND", "OR"}) {
      if (!at_keyword(keyword)) continue;
      fail(at_, at_ + keyword.size(),
           std::string(keyword) + " has nothing before it; in quotes it is a word");
    }
  }

  void atom(int depth, QueryNode& node) {
    node.begin = at_;
    if (peek() == '(') {
      group(depth, node);
    } else if (peek() == '"') {
      node.kind = QueryNode::Kind::kPhrase;
      node.text = unescaped(quoted());
      distance(node);
    } else if (at_regexp()) {
      node.kind = QueryNode::Kind::kRegexp;
      const std::size_t close = regexp_end();
      node.text = text_.substr(at_ + 1, close - at_ - 1);
      at_ = close + 1;
    } else if (text_.substr(at_, 5) == "path:") {
      path(node);
    } else {
      word(node);
    }
    node.end = at_;
  }

  void group(int depth, QueryNode& node) {
    const std::size_t open = at_++;
    if (depth == kMaxDepth) fail(open, open + 1, "parentheses are nested deeper than 100");
    list(depth + 1, node);
    if (at_end()) fail(open, open + 1, "this parenthesis is not closed; in quotes it is text");
    ++at_;
    if (is_empty(node)) {
      fail(open, at_, "nothing stands between these parentheses; in quotes they are text");
    }
    node.begin = open;
  }

  /// The bytes between the quotes at this place, with their escapes.
  std::string_view quoted() {
    const std::size_t open = at_++;
    while (!at_end() && peek() != '"') at_ += peek() == '\\' && at_ + 1 < text_.size() ? 2 : 1;
    if (at_end()) fail(open, open + 1, "this quote is not closed; \\\" is a quote as text");
    ++at_;
    return text_.substr(open + 1, at_ - open - 2);
  }

  /// "~5" or "~>5" after a phrase.
  void distance(QueryNode& node) {
    if (peek() != '~') return;
    const std::size_t begin = at_++;
    node.order = QueryNode::Order::kAny;
    if (peek() == '>') {
      node.order = QueryNode::Order::kOrdered;
      ++at_;
    }
    const char* const first = text_.data() + at_;
    const char* const last = text_.data() + text_.size();
    const auto [end, problem] = std::from_chars(first, last, node.slop);
    at_ += static_cast<std::size_t>(end - first);
    if (problem != std::errc() || node.slop > kMaxSlop || !is_operand_end()) {
      fail(begin, end_of_word(),
           "after ~ stands how many other words may be between these, 0 to 1000000: \"a b\"~5, or "
           "\"a b\"~>5 to keep their order");
    }
  }

  bool is_operand_end() const { return is_boundary(at_) || peek() == '^'; }

  std::size_t end_of_word() const {
    std::size_t end = at_;
    while (!is_boundary(end)) ++end;
    return end;
  }

  /// Where the regular expression that begins here ends; 0 if there is none. It holds no space, and
  /// only a boundary may follow: so a path is text.
  std::size_t regexp_end() const {
    for (std::size_t i = at_ + 1; i < text_.size() && !is_space(text_[i]); ++i) {
      if (text_[i] == '\\') {
        ++i;
      } else if (text_[i] == '/') {
        const bool ends = i + 1 == text_.size() || is_space(text_[i + 1]) || text_[i + 1] == ')' ||
                          text_[i + 1] == '^';
        return i > at_ + 1 && ends ? i : 0;
      }
    }
    return 0;
  }
  bool at_regexp() const { return peek() == '/' && regexp_end() != 0; }

  void path(QueryNode& node) {
    node.kind = QueryNode::Kind::kPath;
    at_ += 5;
    if (peek() == '"') {
      node.text = quoted();
    } else {
      const std::size_t begin = at_;
      while (!is_boundary(at_) && peek() != '^') {
        at_ += peek() == '\\' && at_ + 1 < text_.size() ? 2 : 1;
      }
      node.text = text_.substr(begin, at_ - begin);
    }
    if (node.text.empty()) {
      fail(node.begin, at_, "path: has no pattern after it, such as path:docs/** or path:*.md");
    }
  }

  void word(QueryNode& node) {
    bool wildcard = false;
    const std::size_t begin = at_;
    while (!is_boundary(at_)) {
      const char c = peek();
      if (c == '\\' && at_ + 1 < text_.size()) {
        at_ += 2;
        continue;
      }
      if (at_ > begin && (c == '^' || (c == '~' && at_fuzzy()))) break;
      wildcard |= c == '*' || c == '?';
      ++at_;
    }
    const std::string_view raw = text_.substr(begin, at_ - begin);
    node.kind = wildcard ? QueryNode::Kind::kWildcard : QueryNode::Kind::kWord;
    node.text = wildcard ? std::string(raw) : unescaped(raw);
    if (peek() == '~') fuzzy(node, wildcard);
  }

  /// A tilde with a number or nothing behind it; any other is part of the word.
  bool at_fuzzy() const {
    std::size_t i = at_ + 1;
    while (i < text_.size() && text_[i] >= '0' && text_[i] <= '9') ++i;
    return is_boundary(i) || text_[i] == '^';
  }

  void fuzzy(QueryNode& node, bool wildcard) {
    const std::size_t begin = at_++;
    const std::size_t digits = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    if (wildcard) fail(begin, at_, "a wildcard cannot be fuzzy as well");
    const std::string_view number = text_.substr(digits, at_ - digits);
    if (number.size() > 1 || (!number.empty() && number[0] > '2')) {
      fail(begin, at_, "a fuzzy term may differ by ~1 or ~2 characters, not more");
    }
    node.kind = QueryNode::Kind::kFuzzy;
    node.edits = number.empty() ? 1 : static_cast<unsigned>(number[0] - '0');
  }

  void boost(QueryNode& node) {
    if (peek() != '^') return;
    const std::size_t begin = at_++;
    const char* const first = text_.data() + at_;
    const char* const last = text_.data() + text_.size();
    double factor = 0;
    const auto [end, problem] = std::from_chars(first, last, factor, std::chars_format::fixed);
    at_ += static_cast<std::size_t>(end - first);
    if (problem != std::errc() || !(factor >= 0 && factor <= kMaxBoost) || !is_boundary(at_)) {
      fail(begin, end_of_word(), "after ^ stands a factor from 0 to 1000000, as in cat^2.5");
    }
    node.boost *= factor;
    node.end = at_;
  }

  static std::string unescaped(std::string_view raw) {
    std::string text;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] == '\\' && i + 1 < raw.size()) ++i;
      text += raw[i];
    }
    return text;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  // The keyword read last, for messages.
  std::string_view operator_;
  std::size_t operator_at_ = 0;
};

}  // namespace

QueryNode parse_query(std::string_view text) { return Parser(text).parse(); }

}  // namespace spimi
