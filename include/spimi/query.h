#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spimi/error.h"

namespace spimi {

/// A query that cannot be read: what() says why, `begin` and `end` say which bytes of it.
class QueryError : public Error {
 public:
  QueryError(std::size_t begin, std::size_t end, std::string_view what)
      : Error(ErrorKind::kUsage, {}, what), begin_(begin), end_(end) {}

  std::size_t begin() const { return begin_; }
  std::size_t end() const { return end_; }

 private:
  std::size_t begin_, end_;
};

/// A document that matched, and how well.
struct Hit {
  std::uint32_t docid;
  double score;
};

/// How documents are scored: always a sum over the terms of the query that a document holds. Of
/// a term: tf occurrences in the document, df documents, cf occurrences in all; of a document: its
/// length in tokens; of the index: N documents of average length avg, T tokens. Logarithms are
/// natural where no base is given. All in double precision.
enum class Ranking {
  /// idf × tf × (k1 + 1) / (tf + k1 × (1 - b + b × length / avg)), with
  /// idf = ln(1 + (N - df + 0.5) / (df + 0.5)), which is never negative.
  kBm25,
  /// idf × (delta + tf × (k1 + 1) / (tf + k1 × (1 - b + b × length / avg))), with
  /// idf = ln((N + 1) / df). Lv and Zhai, CIKM 2011.
  kBm25Plus,
  /// ln(1 + tf / (mu × cf / T)) + ln(mu / (length + mu)), the second part for every term of the
  /// query that can match, in the document or not: query likelihood with Dirichlet smoothing,
  /// Zhai and Lafferty, TOIS 2004.
  kDirichlet,
  /// (1 + ln tf) × ln(N / df).
  kTfIdf,
  /// (1 - f)² / (tf + 1) × (tf × log2(tf × avg / length × N / cf) + log2(2 × pi × tf × (1 - f)) /
  /// 2)
  /// with f = tf / length, and 0 where f is 1. Amati, TREC 2006 and FUB 2007.
  kDph,
  /// Every score is 0: documents in the order of their docids.
  kNone,
};
inline constexpr std::size_t kNumRankings = 6;

/// "bm25", "bm25+", "dirichlet", "tf-idf", "dph", "none".
std::string_view ranking_name(Ranking ranking);

struct RankOptions {
  Ranking ranking = Ranking::kBm25;
  double k1 = 1.2;   ///< BM25: how soon more occurrences stop to count. At least 0.
  double b = 0.75;   ///< BM25: how far length counts. 0 to 1.
  double delta = 1;  ///< BM25+. At least 0.
  double mu = 1000;  ///< Dirichlet. Above 0.
};

struct QueryOptions {
  RankOptions rank;
  /// A prefix, wildcard, regular expression or fuzzy term stands for at most so many terms: those
  /// with the fewest edits, and of these those in the most documents. At least 1.
  std::uint32_t max_expansion = 1024;
  /// Only what matches will be asked of the query, not how well: clauses that do not decide that
  /// are left out, unseen.
  bool matches_only = false;
};

/// What a prefix, wildcard, regular expression or fuzzy term of a query stands for.
struct Expansion {
  std::string text;             ///< As it stands in the query.
  std::uint64_t num_terms = 0;  ///< Terms of the index that it fits.
  std::uint64_t num_used = 0;   ///< Fewer, if there were more than max_expansion.
};

/// How a document's score comes about: a tree with a node for each part of the query.
struct Explanation {
  bool matches = false;
  double score = 0;  ///< 0 unless it matches.
  std::string what;
  std::vector<Explanation> parts;
};

/// A passage of a document with the terms of a query in it.
struct Snippet {
  struct Mark {
    std::size_t begin, end;
  };
  std::string text;         ///< Printable UTF-8 on one line; empty if no term was found.
  std::vector<Mark> marks;  ///< Bytes of `text` that are terms of the query, ascending.
  bool cut_before = false, cut_after = false;  ///< Whether the document goes on there.
};

/// A query as one index understands it; Index::query makes it. It refers to the index, which must
/// outlive it. Safe to use from several threads.
///
/// A phrase scores as its words would, each with the number of times the phrase occurs for a tf.
/// All that a prefix, wildcard, regular expression or fuzzy term stands for scores as one term: its
/// tf is the sum of theirs, its df the number of documents with any of them.
class Query {
 public:
  Query(Query&&) noexcept;
  Query& operator=(Query&&) noexcept;
  ~Query();

  /// The best `k` documents, best first, ties by docid. With `after`, of those only that rank
  /// behind it: so a long answer can be had part by part in the memory of one.
  std::vector<Hit> search(std::size_t k, const std::optional<Hit>& after = std::nullopt) const;
  /// How many documents match.
  std::uint64_t count() const;
  /// Both, which may take less than one after the other.
  std::vector<Hit> search_and_count(std::size_t k, std::uint64_t* count) const;
  /// Calls `visit` for each matching document in the order of docids, until it returns false.
  void for_each(const std::function<bool(std::uint32_t docid)>& visit) const;
  /// Why a document matches or not, and how its score comes about. docid < info().num_docs.
  Explanation explain(std::uint32_t docid) const;

  /// The passage of a document, given as UTF-8, with the most terms of the query. It is not cut
  /// inside a character, and if possible not inside a word.
  Snippet snippet(std::string_view text, std::size_t max_bytes) const;

  /// False if the query holds nothing to look for, such as a query of punctuation.
  bool has_terms() const;
  /// The terms of the index that it looks for, those under a NOT left out; distinct, in byte order.
  std::vector<std::string> terms() const;
  /// The words of it that no document holds, as terms, in the order of the query.
  const std::vector<std::string>& missing() const;
  const std::vector<Expansion>& expansions() const;

 private:
  friend class Index;
  struct State;
  explicit Query(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace spimi
