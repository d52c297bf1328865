#include "search/term_pattern.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/utf8.h"
#include "spimi/query.h"

namespace spimi {
namespace {

constexpr std::size_t kMaxSteps = 10000;
constexpr unsigned kMaxRepeats = 1000;
constexpr int kMaxDepth = 100;
constexpr char32_t kLastCodePoint = 0x10FFFF;

using Range = PatternStep::Range;

struct Node {
  enum class Kind { kChar, kSequence, kChoice, kRepeat };
  static constexpr unsigned kUnbounded = ~0u;

  Kind kind = Kind::kSequence;
  std::vector<Range> ranges;     ///< kChar.
  std::vector<Node> parts;       ///< All but kChar; one for kRepeat.
  unsigned least = 0, most = 0;  ///< kRepeat.
};

Node char_node(std::vector<Range> ranges) {
  return {Node::Kind::kChar, std::move(ranges), {}, 0, 0};
}

Node any_char() { return char_node({{0, kLastCodePoint}}); }

Node repeat(Node part, unsigned least, unsigned most) {
  Node node{Node::Kind::kRepeat, {}, {}, least, most};
  node.parts.push_back(std::move(part));
  return node;
}

/// The characters of folded text, appended to a sequence.
void append_text(Node& sequence, std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const Utf8Char c = decode_utf8(text, i);
    sequence.parts.push_back(char_node({{c.code_point, c.code_point}}));
    i += c.num_bytes;
  }
}

/// Lays out the steps of a pattern, one after another.
class Assembler {
 public:
  Assembler(std::size_t begin, std::size_t end) : begin_(begin), end_(end) {}

  TermPattern assemble(const Node& node) {
    add(node);
    emit({});
    pattern_.prefix = prefix_of(node);
    return std::move(pattern_);
  }

 private:
  [[noreturn]] void fail_too_large() const {
    throw QueryError(begin_, end_,
                     "this pattern is too large: its repetitions come to more than 10000 steps");
  }

  std::uint32_t here() const { return static_cast<std::uint32_t>(pattern_.steps.size()); }

  std::uint32_t emit(PatternStep step) {
    if (pattern_.steps.size() == kMaxSteps) fail_too_large();
    pattern_.steps.push_back(std::move(step));
    return here() - 1;
  }
  std::uint32_t emit_fork() { return emit({PatternStep::Kind::kFork, {}, {0, 0}}); }
  void set_fork(std::uint32_t fork, std::uint32_t a, std::uint32_t b) {
    pattern_.steps[fork].to[0] = a;
    pattern_.steps[fork].to[1] = b;
  }

  void add(const Node& node) {
    // Repetitions of nothing make no steps, but take time.
    if (++num_added_ > 10 * kMaxSteps) fail_too_large();
    switch (node.kind) {
      case Node::Kind::kChar:
        emit({PatternStep::Kind::kChar, node.ranges, {0, 0}});
        break;
      case Node::Kind::kSequence:
        for (const Node& part : node.parts) add(part);
        break;
      case Node::Kind::kChoice:
        add_choice(node);
        break;
      case Node::Kind::kRepeat:
        add_repeat(node);
        break;
    }
  }

  void add_choice(const Node& node) {
    std::vector<std::uint32_t> ends;
    for (std::size_t i = 0; i + 1 < node.parts.size(); ++i) {
      const std::uint32_t fork = emit_fork();
      add(node.parts[i]);
      ends.push_back(emit_fork());
      set_fork(fork, fork + 1, here());
    }
    add(node.parts.back());
    for (const std::uint32_t end : ends) set_fork(end, here(), here());
  }

  void add_repeat(const Node& node) {
    const Node& part = node.parts[0];
    for (unsigned i = 0; i < node.least; ++i) add(part);
    if (node.most == Node::kUnbounded) {
      const std::uint32_t fork = emit_fork();
      add(part);
      const std::uint32_t back = emit_fork();
      set_fork(back, fork, fork);
      set_fork(fork, fork + 1, here());
      return;
    }
    std::vector<std::uint32_t> forks;
    for (unsigned i = node.least; i < node.most; ++i) {
      forks.push_back(emit_fork());
      add(part);
    }
    for (const std::uint32_t fork : forks) set_fork(fork, fork + 1, here());
  }

  static std::string prefix_of(const Node& node) {
    std::string prefix;
    for (const Node& part : node.parts) {
      if (node.kind != Node::Kind::kSequence || part.kind != Node::Kind::kChar ||
          part.ranges.size() != 1 || part.ranges[0].first != part.ranges[0].last) {
        break;
      }
      char bytes[4];
      prefix.append(bytes, encode_utf8(part.ranges[0].first, bytes));
    }
    return prefix;
  }

  std::size_t begin_, end_;
  std::size_t num_added_ = 0;
  TermPattern pattern_;
};

class RegexpParser {
 public:
  RegexpParser(std::string_view text, std::size_t begin, const FoldFunction& fold)
      : text_(text), begin_(begin), fold_(fold) {}

  Node parse() {
    Node node = choice(0);
    if (!at_end()) fail(at_, "nothing is open that this parenthesis closes; write \\) for itself");
    return node;
  }

 private:
  [[noreturn]] void fail(std::size_t at, std::string_view what) const {
    throw QueryError(begin_ + at, begin_ + std::min(at + 1, text_.size()), what);
  }
  bool at_end() const { return at_ == text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }
  bool accept(char c) {
    if (at_end() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  Node choice(int depth) {
    Node node = sequence(depth);
    if (peek() != '|') return node;
    Node alternatives{Node::Kind::kChoice, {}, {}, 0, 0};
    alternatives.parts.push_back(std::move(node));
    while (accept('|')) alternatives.parts.push_back(sequence(depth));
    return alternatives;
  }

  Node sequence(int depth) {
    Node node;
    // The whole term must match anyway.
    if (at_ == 0) accept('^');
    while (!at_end() && peek() != '|' && peek() != ')') {
      if (peek() == '$' && at_ + 1 == text_.size()) {
        ++at_;
        break;
      }
      node.parts.push_back(repeated(single(depth)));
    }
    return node;
  }

  Node repeated(Node part) {
    const std::size_t at = at_;
    if (accept('*')) {
      part = repeat(std::move(part), 0, Node::kUnbounded);
    } else if (accept('+')) {
      part = repeat(std::move(part), 1, Node::kUnbounded);
    } else if (accept('?')) {
      part = repeat(std::move(part), 0, 1);
    } else if (accept('{')) {
      const unsigned least = number();
      unsigned most = least;
      if (accept(',')) most = peek() == '}' ? Node::kUnbounded : number();
      if (!accept('}')) fail(at, "a repetition reads {3}, {3,} or {3,5}; write \\{ for itself");
      if (most < least) fail(at, "the second number of a repetition is below the first");
      part = repeat(std::move(part), least, most);
    } else {
      return part;
    }
    if (peek() == '*' || peek() == '+' || peek() == '?' || peek() == '{') {
      fail(at_, "this repeats a repetition; put parentheses around what it repeats");
    }
    return part;
  }

  unsigned number() {
    const std::size_t at = at_;
    unsigned value = 0;
    while (peek() >= '0' && peek() <= '9' && value <= kMaxRepeats) {
      value = value * 10 + static_cast<unsigned>(text_[at_++] - '0');
    }
    if (at == at_) fail(at, "a repetition reads {3}, {3,} or {3,5}; write \\{ for itself");
    if (value > kMaxRepeats) fail(at, "at most 1000 repetitions can be asked for");
    return value;
  }

  Node single(int depth) {
    const std::size_t at = at_;
    if (accept('.')) return any_char();
    if (accept('[')) return char_class(at);
    if (accept('(')) {
      if (depth == kMaxDepth) fail(at, "parentheses are nested deeper than 100");
      if (text_.substr(at_, 2) == "?:") at_ += 2;
      if (peek() == '?') fail(at, "this kind of group is not understood; write ( ) or (?: )");
      Node node = choice(depth + 1);
      if (!accept(')')) fail(at, "this parenthesis is not closed; write \\( for itself");
      return node;
    }
    if (peek() == '*' || peek() == '+' || peek() == '?' || peek() == '{') {
      fail(at,
           "there is nothing to repeat; write a backslash before a sign that stands for itself");
    }
    if (peek() == '^' || peek() == '$') {
      fail(at,
           "^ and $ only stand at the ends, where they change nothing: a whole term must match");
    }
    Node node;
    if (accept('\\')) {
      if (at_end()) fail(at, "a backslash stands at the end");
      if (peek() == 'd' || peek() == 'w') return char_node(named_class(text_[at_++]));
      const bool alphanumeric =
          (peek() >= '0' && peek() <= '9') || ((peek() | 0x20) >= 'a' && (peek() | 0x20) <= 'z');
      if (alphanumeric) fail(at, "of letters only \\d and \\w have a backslash");
    }
    // Folding may make several characters of one.
    const Utf8Char c = decode_utf8(text_, at_);
    append_text(node, fold_(text_.substr(at_, c.num_bytes)));
    at_ += c.num_bytes;
    if (node.parts.size() != 1) return node;
    Node only = std::move(node.parts[0]);
    return only;
  }

  static std::vector<Range> named_class(char name) {
    if (name == 'd') return {{'0', '9'}};
    return {{'0', '9'}, {'a', 'z'}, {'_', '_'}};
  }

  char32_t class_char(std::size_t open) {
    accept('\\');
    if (at_end()) fail(open, "this bracket is not closed; write \\[ for itself");
    const Utf8Char c = decode_utf8(text_, at_);
    at_ += c.num_bytes;
    return c.code_point;
  }

  Node char_class(std::size_t open) {
    const bool negated = accept('^');
    std::vector<Range> ranges;
    const std::size_t first_char = at_;
    while (at_end() || peek() != ']' || at_ == first_char) {
      if (at_end()) fail(open, "this bracket is not closed; write \\[ for itself");
      if (peek() == '\\' && at_ + 1 < text_.size() &&
          (text_[at_ + 1] == 'd' || text_[at_ + 1] == 'w')) {
        const std::vector<Range> named = named_class(text_[at_ + 1]);
        ranges.insert(ranges.end(), named.begin(), named.end());
        at_ += 2;
        continue;
      }
      const std::size_t at = at_;
      Range range{class_char(open), 0};
      range.last = range.first;
      if (peek() == '-' && at_ + 1 < text_.size() && text_[at_ + 1] != ']') {
        ++at_;
        range.last = class_char(open);
        if (range.last < range.first) fail(at, "the end of this range is before its start");
      }
      add_folded(ranges, range);
    }
    ++at_;
    return char_node(negated ? complement(std::move(ranges)) : std::move(ranges));
  }

  /// Terms have no upper case: adds the lower case of what is in `range`.
  void add_folded(std::vector<Range>& ranges, Range range) const {
    ranges.push_back(range);
    const char32_t first = std::max<char32_t>(range.first, 'A');
    const char32_t last = std::min<char32_t>(range.last, 'Z');
    if (first <= last) ranges.push_back({first + 32, last + 32});
    if (range.first == range.last && range.first >= 0x80) {
      char bytes[4];
      const std::string folded = fold_(std::string_view(bytes, encode_utf8(range.first, bytes)));
      if (folded.empty()) return;
      const Utf8Char c = decode_utf8(folded, 0);
      if (c.num_bytes == folded.size()) ranges.push_back({c.code_point, c.code_point});
    }
  }

  static std::vector<Range> complement(std::vector<Range> ranges) {
    std::sort(ranges.begin(), ranges.end(),
              [](const Range& a, const Range& b) { return a.first < b.first; });
    std::vector<Range> rest;
    char32_t next = 0;
    for (const Range& range : ranges) {
      if (range.first > next) rest.push_back({next, range.first - 1});
      next = std::max<char32_t>(next, range.last + 1);
    }
    if (next <= kLastCodePoint) rest.push_back({next, kLastCodePoint});
    return rest;
  }

  std::string_view text_;
  std::size_t begin_;
  const FoldFunction& fold_;
  std::size_t at_ = 0;
};

}  // namespace

TermPattern wildcard_pattern(std::string_view text, std::size_t begin, const FoldFunction& fold) {
  Node sequence;
  std::string literal;
  const auto end_literal = [&] {
    append_text(sequence, fold(literal));
    literal.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '*' || text[i] == '?') {
      end_literal();
      sequence.parts.push_back(text[i] == '?' ? any_char()
                                              : repeat(any_char(), 0, Node::kUnbounded));
    } else {
      if (text[i] == '\\' && i + 1 < text.size()) ++i;
      literal += text[i];
    }
  }
  end_literal();
  return Assembler(begin, begin + text.size()).assemble(sequence);
}

TermPattern regexp_pattern(std::string_view text, std::size_t begin, const FoldFunction& fold) {
  const Node node = RegexpParser(text, begin, fold).parse();
  return Assembler(begin, begin + text.size()).assemble(node);
}

}  // namespace spimi
