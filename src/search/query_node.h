#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace spimi {

struct Clause;

/// A query as it was written: words are not tokens yet, and no index is known.
struct QueryNode {
  enum class Kind {
    kWord,      ///< `text`, escapes undone.
    kPhrase,    ///< `text`, escapes undone: the words of a pair of quotes.
    kWildcard,  ///< `text`, in which unescaped * and ? are signs.
    kRegexp,    ///< `text`: what stood between the slashes.
    kFuzzy,     ///< `text`, escapes undone, and `edits`.
    kPath,      ///< `text`: a glob with its escapes.
    kBoolean,   ///< `clauses`.
  };
  /// How the words of a phrase must stand.
  enum class Order { kAdjacent, kOrdered, kAny };

  Kind kind = Kind::kBoolean;
  std::string text;
  std::size_t begin = 0, end = 0;  ///< Its bytes in the query.
  double boost = 1;
  Order order = Order::kAdjacent;
  std::uint32_t slop = 0;  ///< How many other tokens may stand between the words in all.
  unsigned edits = 0;
  std::vector<Clause> clauses;
};

/// What a clause demands. A boolean node matches a document that all its kMust match, none of its
/// kNot, and if it has no kMust, one of its kShould at least; with kNot alone, all the others.
enum class Occur { kShould, kMust, kNot };

struct Clause {
  Occur occur = Occur::kShould;
  QueryNode node;
};

}  // namespace spimi
