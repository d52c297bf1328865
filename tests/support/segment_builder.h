#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "spimi/index.h"
#include "support/random_text.h"

namespace spimi::testing {

class ReferenceIndex;

struct TestPosting {
  std::uint32_t docid;
  std::uint32_t tf;
  std::vector<std::uint32_t> positions;  ///< tf of them, or none in an index without positions.
};

struct TestDocument {
  std::string path;
  std::uint32_t length;
};

/// The contents of an index, in memory.
struct TestIndex {
  Tokenizer tokenizer = Tokenizer::kUnicode;
  std::uint32_t max_token_bytes = 255;
  bool positions = true;
  std::vector<CorpusRoot> roots;  ///< If empty, the one root "/corpus".
  std::vector<TestDocument> documents;
  std::map<std::string, std::vector<TestPosting>> lists;  ///< Postings in docid order.
};

/// What the reference index holds, with its positions or without.
TestIndex test_index(const ReferenceIndex& reference, bool positions = true);

/// An index with lists of each df in `dfs` that is not above `num_docs`, and some of df 1: terms
/// with long and short common prefixes, gaps narrow and wide, tfs mostly small and rarely large, in
/// stretches so that blocks differ.
TestIndex random_test_index(Random& random, std::uint32_t num_docs,
                            const std::vector<std::uint32_t>& dfs, bool positions);

/// The bytes of every file of an index, by path relative to its directory, `lock` not among them.
/// Written straight from format/README.md: slow, simple, and with nothing of the product's
/// encoders.
std::map<std::string, std::string> index_files(const TestIndex& index);

/// Writes those files.
void write_files(const std::map<std::string, std::string>& files,
                 const std::filesystem::path& directory);

/// The build id that is in `index_files`, 32 hex digits.
std::string build_id_of(const std::map<std::string, std::string>& files);

// The parts of it, for tests of single layers.

void append_varint(std::string& out, std::uint64_t value);

/// `packed` of 128 values with the given width; every value that does not fit is an exception.
std::string encode_packed_with_width(const std::vector<std::uint32_t>& values, unsigned width);
/// `packed` with the width that the grammar demands.
std::string encode_packed_simply(const std::vector<std::uint32_t>& values);

/// `bitmap` of ascending values, none of them below `first`.
std::string encode_bitmap_simply(const std::vector<std::uint32_t>& values, std::uint32_t first);

/// A term's lists.
struct EncodedLists {
  std::string postings, skips, positions;
};

/// A skip entry.
struct EncodedSkip {
  int max_impact = 0;
  std::uint32_t last_docid = 0;
  std::uint64_t block_bytes = 0;
  std::uint64_t positions_delta = 0, position_index = 0;
};

/// The skips of a list, of which all postings and those of the tail have these quantized impacts.
std::string encode_skips(const std::vector<EncodedSkip>& skips, bool positions,
                         const std::vector<int>& tail_impacts, std::vector<int> impacts);
EncodedLists encode_lists(const TestIndex& index, const std::vector<TestPosting>& list,
                          double average_length);

/// A whole segment file. `build_id` is 32 hex digits, `kind` 4 bytes.
std::string segment_file(std::string_view kind, const std::string& build_id,
                         const std::string& payload);

/// `text` up to and including the JSON line, with a right checksum line behind it.
std::string seal_manifest(const std::string& text);

}  // namespace spimi::testing
