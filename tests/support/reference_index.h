#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "spimi/index.h"
#include "text/tokenizer.h"

namespace spimi::testing {

struct ReferencePosting {
  std::uint32_t docid;
  std::uint32_t tf;
  std::size_t first_position;  ///< Where its tf positions start in the list's.
};

struct ReferenceList {
  std::vector<ReferencePosting> postings;
  std::vector<std::uint32_t> positions;  ///< Of all postings, one after another.

  std::uint32_t df() const { return static_cast<std::uint32_t>(postings.size()); }
  std::uint64_t cf() const { return positions.size(); }
  std::span<const std::uint32_t> positions_of(const ReferencePosting& posting) const {
    return {positions.data() + posting.first_position, posting.tf};
  }
};

struct ReferenceDocument {
  std::string path;
  std::uint32_t length;  ///< Indexed tokens.
};

/// What an index must hold, in a std::map. Overlong tokens take a position and are not indexed.
class ReferenceIndex {
 public:
  explicit ReferenceIndex(const TokenizerOptions& options = {}) : options_(options) {}

  /// Adds a document with the next docid. `text` is UTF-8 without a byte order mark.
  void add_document(std::string path, std::string_view text);
  /// Adds the text files below a directory in corpus order, as a build with default options does.
  void add_directory(const std::filesystem::path& directory);

  /// In byte order of terms.
  const std::map<std::string, ReferenceList, std::less<>>& lists() const { return lists_; }
  const std::vector<ReferenceDocument>& documents() const { return documents_; }
  std::uint64_t num_tokens() const { return num_tokens_; }
  std::uint64_t num_overlong_tokens() const { return num_overlong_tokens_; }
  std::uint64_t num_postings() const;

  /// Index::search by scoring every document.
  std::vector<Hit> search(const std::vector<std::string>& terms, std::size_t k) const;
  /// The documents that hold any of the terms.
  std::uint64_t count(const std::vector<std::string>& terms) const;

  /// The lines of `spimi dump --json`.
  void write_json(std::ostream& out, bool with_positions = true) const;

 private:
  /// A score for each document that holds any of the terms.
  std::map<std::uint32_t, double> scores(const std::vector<std::string>& terms) const;

  TokenizerOptions options_;
  std::map<std::string, ReferenceList, std::less<>> lists_;
  std::vector<ReferenceDocument> documents_;
  std::uint64_t num_tokens_ = 0;
  std::uint64_t num_overlong_tokens_ = 0;
};

/// The paths, relative to `directory`, of the regular files below it, hidden ones and links left
/// out, in the byte order of the paths. That is the order of a walk in which a directory compares
/// as if its name ended in '/'.
std::vector<std::string> reference_walk(const std::filesystem::path& directory);

/// The UTF-8 text of a file's bytes: UTF-16 and UTF-32 by their byte order mark, which is dropped;
/// nullopt if binary.
std::optional<std::string> reference_document_text(std::string_view bytes);

}  // namespace spimi::testing
