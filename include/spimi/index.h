#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "spimi/build.h"
#include "spimi/query.h"

namespace spimi {

/// Where a stretch of an index's documents was read.
struct CorpusRoot {
  std::string path;        ///< Absolute, as bytes.
  std::uint64_t num_docs;  ///< How many documents, in docid order, it covers.
};

/// The largest `max_token_bytes` there may be.
inline constexpr std::uint32_t kMaxTokenLimit = 4096;

/// The facts of an index, from its manifest.
struct IndexInfo {
  Tokenizer tokenizer;
  std::string unicode_version;
  std::uint32_t max_token_bytes;
  bool positions;
  std::uint64_t num_docs;
  std::uint64_t num_terms;
  std::uint64_t num_postings;
  std::uint64_t num_tokens;
  std::string build_id;  ///< 32 hex digits.
  std::vector<CorpusRoot> roots;
};

/// df and cf of a term, and its postings list's place: what the dictionary says of it.
struct TermInfo {
  std::uint32_t df = 0;  ///< Documents that hold the term.
  std::uint64_t cf = 0;  ///< Occurrences in all documents.
  std::uint64_t postings_offset = 0, postings_bytes = 0;
  std::uint64_t skips_offset = 0, skips_bytes = 0;
  std::uint64_t positions_offset = 0, positions_bytes = 0;
};

/// Iterates one postings list. Before the first `next` or `seek` it stands before the list.
/// Throws Error(kCorrupt) when the bytes are not what the format allows.
class Cursor {
 public:
  static constexpr std::uint32_t kEnd = 0xFFFFFFFFu;

  Cursor(Cursor&&) noexcept;
  Cursor& operator=(Cursor&&) noexcept;
  ~Cursor();

  /// The docid it stands on, or kEnd.
  std::uint32_t docid() const;
  std::uint32_t tf() const;
  /// Moves to the next posting; returns its docid, or kEnd.
  std::uint32_t next();
  /// Moves to the first posting with a docid of at least `target`, never backwards; returns it, or
  /// kEnd.
  std::uint32_t seek(std::uint32_t target);
  /// The positions of the current posting, ascending; valid until the cursor moves. Empty without
  /// positions.
  std::span<const std::uint32_t> positions();

 private:
  friend class Index;
  struct State;
  explicit Cursor(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Iterates the dictionary in byte order of terms.
class TermIterator {
 public:
  TermIterator(TermIterator&&) noexcept;
  TermIterator& operator=(TermIterator&&) noexcept;
  ~TermIterator();

  /// Moves to the next term, first to the first; false at the end.
  bool next();
  /// Valid until the next call of next.
  std::string_view term() const;
  const TermInfo& info() const;

 private:
  friend class Index;
  struct State;
  explicit TermIterator(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// What is wrong with an index, and where.
struct Problem {
  std::string path;
  std::uint64_t offset;
  std::string what;
};

/// An open index, for reading. Immutable: a later build does not change what it sees. Safe to use
/// from several threads. It maps the files and verifies the checksum of each 64 KiB page when it is
/// first touched, so opening is quick however large the index is, and no byte is used unverified.
class Index {
 public:
  /// Opens the index in `directory`. Throws Error(kIo) if there is none, Error(kCorrupt) if it is
  /// damaged or of another format version.
  static Index open(const std::filesystem::path& directory);
  /// True if `directory` holds a manifest of ours, whatever its version.
  static bool is_index(const std::filesystem::path& directory);

  Index(Index&&) noexcept;
  Index& operator=(Index&&) noexcept;
  ~Index();

  const IndexInfo& info() const;
  const std::filesystem::path& directory() const;
  /// Bytes of the segment's files and the manifest.
  std::uint64_t index_bytes() const;
  /// Names and sizes of the files, relative to the directory.
  std::vector<std::pair<std::string, std::uint64_t>> files() const;

  /// The dictionary entry of a term, given as the tokenizer would make it; nullopt if no document
  /// holds it.
  std::optional<TermInfo> find(std::string_view term) const;
  TermIterator terms() const;
  /// The terms of the index that begin with `prefix`.
  TermIterator terms_from(std::string_view prefix) const;
  /// Terms that may have been meant by one that no document holds: within an edit, or, of a term of
  /// more than four characters, two if they begin with the same character; nearest first, then
  /// those in the most documents.
  std::vector<std::string> suggest(std::string_view term, std::size_t max_terms) const;
  Cursor cursor(const TermInfo& info) const;

  /// The path of a document relative to its root, as bytes. docid < info().num_docs.
  std::string path(std::uint32_t docid) const;
  /// The documents with this path, relative to their roots: one at most for each root.
  std::vector<std::uint32_t> find_path(std::string_view path) const;
  /// The root that a document was read under.
  const std::string& root(std::uint32_t docid) const;
  /// The number of indexed tokens of a document.
  std::uint32_t length(std::uint32_t docid) const;

  /// A query in the language of `spimi query --help-syntax`: words of which any may be there, and
  /// more. Throws QueryError. The Query refers to this index.
  Query query(std::string_view text, const QueryOptions& options = {}) const;

  /// The distinct terms of a text, in the order of their first occurrence, through the index's own
  /// tokenizer.
  std::vector<std::string> query_terms(std::string_view text) const;
  /// The best `k` documents that hold any of the terms, ranked by BM25 as in Ranking, the sum added
  /// in the order the terms are given. A term given twice counts twice.
  std::vector<Hit> search(const std::vector<std::string>& terms, std::size_t k) const;
  /// The number of documents that hold any of the terms.
  std::uint64_t count(const std::vector<std::string>& terms) const;

  /// Reads everything and verifies every checksum and invariant; calls `report` for each problem
  /// found. Returns true if there was none.
  bool check(const std::function<void(const Problem&)>& report) const;

 private:
  friend class Query;
  struct State;
  explicit Index(std::unique_ptr<State> state);
  void require_terms_of_this_unicode() const;
  std::unique_ptr<State> state_;
};

}  // namespace spimi
