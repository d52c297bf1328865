#include "spimi/index.h"

#include <algorithm>
#include <iterator>
#include <unordered_set>
#include <utility>

#include "base/file.h"
#include "base/system_calls.h"
#include "format/layout.h"
#include "format/manifest.h"
#include "search/expand.h"
#include "search/fuzzy_matcher.h"
#include "search/index_state.h"
#include "spimi/error.h"
#include "text/normalize.h"
#include "text/tokenizer.h"

namespace spimi {
namespace {

/// A manifest, and the file it is from: each commit makes another one, perhaps of the same bytes.
struct Manifest {
  std::string text;
  ino_t inode = 0;
  std::int64_t made_ns = 0;
  bool operator==(const Manifest&) const = default;
};

Manifest read_manifest(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / kManifestName;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    const bool unfinished = std::filesystem::exists(directory / kStagingName, ignored);
    throw Error(ErrorKind::kIo, directory.native(), "there is no index here",
                unfinished ? "a build is unfinished: run spimi merge" : "it has no manifest");
  }
  // The status before the text: when it is replaced in between, the next look finds another.
  Manifest manifest;
  struct stat status;
  if (os::stat(path.c_str(), &status) == 0) {
    manifest.inode = status.st_ino;
    manifest.made_ns = modification_ns(status);
  }
  manifest.text = read_small_file(path.native(), kMaxManifestBytes);
  return manifest;
}

}  // namespace

struct Cursor::State {
  PostingsCursor cursor;
};

Cursor::Cursor(std::unique_ptr<State> state) : state_(std::move(state)) {}
Cursor::Cursor(Cursor&&) noexcept = default;
Cursor& Cursor::operator=(Cursor&&) noexcept = default;
Cursor::~Cursor() = default;

std::uint32_t Cursor::docid() const { return state_->cursor.docid(); }
std::uint32_t Cursor::tf() const { return state_->cursor.tf(); }
std::uint32_t Cursor::next() { return state_->cursor.next(); }
std::uint32_t Cursor::seek(std::uint32_t target) { return state_->cursor.seek(target); }
std::span<const std::uint32_t> Cursor::positions() { return state_->cursor.positions(); }

struct TermIterator::State {
  DictionaryIterator terms;
};

TermIterator::TermIterator(std::unique_ptr<State> state) : state_(std::move(state)) {}
TermIterator::TermIterator(TermIterator&&) noexcept = default;
TermIterator& TermIterator::operator=(TermIterator&&) noexcept = default;
TermIterator::~TermIterator() = default;

bool TermIterator::next() { return state_->terms.next(); }
std::string_view TermIterator::term() const { return state_->terms.term(); }
const TermInfo& TermIterator::info() const { return state_->terms.info(); }

Index::State::State(const std::filesystem::path& directory_, IndexInfo info_,
                    std::uint64_t manifest_bytes_)
    : directory(directory_),
      info(std::move(info_)),
      manifest_bytes(manifest_bytes_),
      segment(directory.native(), info) {
  std::uint64_t end = 0;
  for (const CorpusRoot& root : info.roots) root_ends.push_back(end += root.num_docs);
}

Index::Index(std::unique_ptr<State> state) : state_(std::move(state)) {}
Index::Index(Index&&) noexcept = default;
Index& Index::operator=(Index&&) noexcept = default;
Index::~Index() = default;

Index Index::open(const std::filesystem::path& directory) {
  Manifest manifest = read_manifest(directory);
  while (true) {
    try {
      IndexInfo info = parse_manifest((directory / kManifestName).native(), manifest.text);
      return Index(std::make_unique<State>(directory, std::move(info), manifest.text.size()));
    } catch (const Error&) {
      // A build may have replaced the index, and removed its segment, after the manifest was read.
      // Each round means that another build has ended meanwhile, whose index may be the same.
      Manifest again = read_manifest(directory);
      if (again == manifest) throw;
      manifest = std::move(again);
    }
  }
}

bool Index::is_index(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / kManifestName;
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return false;
  std::string magic(kManifestMagic.size(), '\0');
  magic.resize(File::open_read(path.native()).pread_some(0, magic.data(), magic.size()));
  return magic == kManifestMagic;
}

const IndexInfo& Index::info() const { return state_->info; }
const std::filesystem::path& Index::directory() const { return state_->directory; }

std::uint64_t Index::index_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& [name, size] : files()) bytes += size;
  return bytes;
}

std::vector<std::pair<std::string, std::uint64_t>> Index::files() const {
  std::vector<std::pair<std::string, std::uint64_t>> files;
  files.emplace_back(kManifestName, state_->manifest_bytes);
  const std::string segment = segment_directory_name(state_->info.build_id) + "/";
  for (std::size_t i = 0; i < state_->segment.num_files(); ++i) {
    files.emplace_back(segment + std::string(kSegmentFiles[i].name),
                       state_->segment.file(static_cast<SegmentFile>(i)).file_bytes());
  }
  return files;
}

std::optional<TermInfo> Index::find(std::string_view term) const {
  return state_->segment.find(term);
}

TermIterator Index::terms() const {
  return TermIterator(
      std::make_unique<TermIterator::State>(TermIterator::State{state_->segment.terms()}));
}

TermIterator Index::terms_from(std::string_view prefix) const {
  return TermIterator(std::make_unique<TermIterator::State>(
      TermIterator::State{DictionaryIterator(state_->segment.dictionary(), prefix)}));
}

std::vector<std::string> Index::suggest(std::string_view term, std::size_t max_terms) const {
  std::size_t num_characters = 0, first_bytes = 0;
  for (const char c : term) {
    num_characters += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    first_bytes += num_characters == 1;
  }
  // Nobody takes a term of one or two characters for another.
  if (num_characters < 3 || max_terms == 0) return {};
  const DictionaryReader& dictionary = state_->segment.dictionary();
  FuzzyMatcher one_edit(term, 1);
  std::vector<FoundTerm> found = find_terms(dictionary, one_edit, {}, max_terms).terms;
  if (num_characters > 4 && found.size() < max_terms) {
    // With another first character they would be anywhere in the dictionary, most of which would
    // have to be read to find them.
    FuzzyMatcher two_edits(term, 2);
    auto further = find_terms(dictionary, two_edits, term.substr(0, first_bytes), max_terms).terms;
    std::erase_if(further, [](const FoundTerm& other) { return other.distance < 2; });
    further.resize(std::min(further.size(), max_terms - found.size()));
    std::move(further.begin(), further.end(), std::back_inserter(found));
  }
  std::vector<std::string> terms;
  terms.reserve(found.size());
  for (FoundTerm& near : found) terms.push_back(std::move(near.term));
  return terms;
}

Cursor Index::cursor(const TermInfo& info) const {
  return Cursor(std::make_unique<Cursor::State>(Cursor::State{state_->segment.postings(info)}));
}

std::string Index::path(std::uint32_t docid) const { return state_->segment.paths().path(docid); }

std::vector<std::uint32_t> Index::find_path(std::string_view path) const {
  const PathReader& paths = state_->segment.paths();
  std::vector<std::uint32_t> found;
  std::uint64_t begin = 0;
  for (const std::uint64_t end : state_->root_ends) {
    const std::uint64_t docid = first_path_where(
        paths, begin, end, [path](const std::string& other) { return other >= path; });
    if (docid < end && paths.path(static_cast<std::uint32_t>(docid)) == path) {
      found.push_back(static_cast<std::uint32_t>(docid));
    }
    begin = end;
  }
  return found;
}

const std::string& Index::root(std::uint32_t docid) const {
  const auto& ends = state_->root_ends;
  const auto root = std::upper_bound(ends.begin(), ends.end(), docid) - ends.begin();
  return state_->info.roots[static_cast<std::size_t>(root)].path;
}

std::uint32_t Index::length(std::uint32_t docid) const { return state_->segment.length(docid); }

/// Throws unless this program folds words to terms as the one that built the index did.
void Index::require_terms_of_this_unicode() const {
  const IndexInfo& info = state_->info;
  if (info.tokenizer == Tokenizer::kUnicode && info.unicode_version != kUnicodeVersion) {
    throw Error(ErrorKind::kCorrupt, state_->directory.native(),
                "its terms are of Unicode " + info.unicode_version + ", this program has " +
                    std::string(kUnicodeVersion) + ": build the index again");
  }
}

std::vector<std::string> Index::query_terms(std::string_view text) const {
  require_terms_of_this_unicode();
  TokenizerOptions options;
  options.kind = state_->info.tokenizer;
  options.max_token_bytes = state_->info.max_token_bytes;
  std::vector<std::string> terms = tokenize_text(text, options);
  std::unordered_set<std::string> seen;
  std::erase_if(terms, [&](const std::string& term) { return !seen.insert(term).second; });
  return terms;
}

}  // namespace spimi
