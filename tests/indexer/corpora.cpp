#include "indexer/corpora.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <vector>

namespace spimi::testing {

std::string random_words(Random& random, std::size_t num_words) {
  static const std::vector<std::string> kStems = {"", "abcdefgh", "abcdefghijklmnop",
                                                  "abcdefghijklmnopqrstuvwxyzabcdefghijklmnop"};
  std::string text;
  for (std::size_t i = 0; i < num_words; ++i) {
    std::string word = kStems[random_below(random, kStems.size())];
    std::size_t more = random_below(random, 4);
    if (random_below(random, 40) == 0) more = random_below(random, 300);
    // Two letters only: words come again, and share long prefixes.
    while (more-- > 0) word += static_cast<char>('x' + random_below(random, 2));
    if (word.empty()) word = "the";
    for (char& c : word) {
      if (random_below(random, 30) == 0) c = static_cast<char>(c - 'a' + 'A');
    }
    text += word + (random_below(random, 15) == 0 ? ".\n" : " ");
  }
  return text;
}

std::string distinct_words(std::size_t count, std::size_t first) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += "w" + std::to_string(first + i) + " ";
  return text;
}

Corpus random_corpus(Random& random, std::size_t num_files) {
  Corpus corpus;
  for (std::size_t i = 0; i < num_files; ++i) {
    static const std::vector<std::string> kDirectories = {"", "a/", "a/deeper/", "a.b/", "z/"};
    std::string text;
    if (random_below(random, 8) != 0) {
      text = random_words(random, random_below(random, 150)) +
             random_text(random, random_below(random, 150));
    }
    // They would make a file binary, or be taken for a byte order mark.
    std::erase(text, '\0');
    if (!text.empty() && static_cast<unsigned char>(text[0]) >= 0x80) text.insert(0, "\n");
    corpus[kDirectories[random_below(random, kDirectories.size())] + "file" + std::to_string(i)] =
        std::move(text);
  }
  return corpus;
}

void write_corpus(const Corpus& corpus, const std::filesystem::path& directory) {
  std::filesystem::create_directories(directory);
  write_files(corpus, directory);
}

std::map<std::string, std::string> expected_files(const Corpus& corpus, const std::string& root,
                                                  const BuildOptions& options) {
  ReferenceIndex reference({options.tokenizer, options.max_token_bytes});
  for (const auto& [path, text] : corpus) reference.add_document(path, text);
  TestIndex index = test_index(reference, options.positions);
  index.tokenizer = options.tokenizer;
  index.max_token_bytes = options.max_token_bytes;
  index.roots = {{root, corpus.size()}};
  return index_files(index);
}

std::map<std::string, std::string> files_below(const std::filesystem::path& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file() || entry.path().filename() == "lock") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    if (!in) throw std::runtime_error("cannot open " + entry.path().string());
    files[entry.path().lexically_relative(directory).string()] = {
        std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  return files;
}

void expect_same_files(const std::map<std::string, std::string>& actual,
                       const std::map<std::string, std::string>& expected) {
  if (actual == expected) return;
  // The build id is in every header and name: compare what is behind them first, to see where the
  // difference comes from.
  const auto by_short_name = [](const std::map<std::string, std::string>& files) {
    std::map<std::string, std::string> result;
    for (const auto& [name, bytes] : files) {
      const std::size_t slash = name.find('/');
      const bool in_segment = slash != std::string::npos && name.starts_with("segment-");
      result[in_segment ? name.substr(slash + 1) : name] =
          in_segment && bytes.size() >= 64 ? bytes.substr(64) : bytes;
    }
    return result;
  };
  const auto ours = by_short_name(actual), theirs = by_short_name(expected);
  std::string differing;
  for (const auto& [name, bytes] : theirs) {
    const auto found = ours.find(name);
    if (found == ours.end()) {
      differing += "\n  " + name + " is missing";
    } else if (found->second != bytes) {
      const auto at =
          std::mismatch(bytes.begin(), bytes.end(), found->second.begin(), found->second.end())
              .first;
      differing += "\n  " + name + " differs from payload offset " +
                   std::to_string(at - bytes.begin()) + " on (" +
                   std::to_string(found->second.size()) + " bytes, expected " +
                   std::to_string(bytes.size()) + ")";
    }
  }
  for (const auto& [name, bytes] : ours) {
    if (!theirs.contains(name)) differing += "\n  " + name + " should not be there";
  }
  ADD_FAILURE() << "the files differ:" << (differing.empty() ? " in a header" : differing);
}

std::map<std::string, std::string> segment_files(std::map<std::string, std::string> files) {
  files.erase("manifest");
  return files;
}

}  // namespace spimi::testing
