#include "format/manifest.h"

#include <simdjson.h>

#include <charconv>
#include <limits>

#include "base/checksum.h"
#include "format/build_id.h"
#include "format/layout.h"
#include "spimi/error.h"

namespace spimi {
namespace {

constexpr std::string_view kChecksumWord = "checksum ";
constexpr std::size_t kTrailerBytes = kChecksumWord.size() + 16 + 1;
constexpr std::size_t kNumKeys = 10;

std::string trailer(std::string_view body) {
  static constexpr char kDigits[] = "0123456789abcdef";
  const std::uint64_t checksum = checksum64(body.data(), body.size());
  std::string text(kChecksumWord);
  for (int shift = 60; shift >= 0; shift -= 4) text += kDigits[checksum >> shift & 15];
  return text + "\n";
}

/// A JSON string. What escape_bytes leaves needs no other escapes than these two.
std::string json_string(std::string_view bytes) {
  std::string text = "\"";
  for (const char c : escape_bytes(bytes)) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + '"';
}

class Parser {
 public:
  explicit Parser(const std::string& path) : path_(path) {}

  IndexInfo parse(std::string_view text) {
    const std::size_t json_begin = check_version(text);
    if (text.size() < json_begin + kTrailerBytes) fail(text.size(), "the manifest ends early");
    const std::string_view body = text.substr(0, text.size() - kTrailerBytes);
    if (text.substr(body.size()) != trailer(body)) {
      fail(body.size(), "the manifest's checksum does not match");
    }
    return parse_json(body.substr(json_begin));
  }

 private:
  [[noreturn]] void fail(std::size_t offset, std::string_view what) const {
    throw Error(ErrorKind::kCorrupt, path_, offset, what);
  }
  [[noreturn]] void fail_key(std::string_view key) const {
    throw Error(ErrorKind::kCorrupt, path_,
                "the manifest's \"" + std::string(key) + "\" is missing or not what it must be");
  }

  /// Returns where the second line begins.
  std::size_t check_version(std::string_view text) const {
    if (!text.starts_with(kManifestMagic)) fail(0, "it is not a spimi index manifest");
    const char* const begin = text.data() + kManifestMagic.size();
    const char* const end = text.data() + text.size();
    std::uint64_t version = 0;
    const auto [rest, error] = std::from_chars(begin, end, version);
    if (error != std::errc() || rest == end || *rest != '\n' || *begin == '0') {
      fail(kManifestMagic.size(), "it is not a spimi index manifest");
    }
    if (version != kFormatVersion) {
      throw Error(ErrorKind::kCorrupt, path_,
                  "index format " + std::to_string(version) + ", this program reads format " +
                      std::to_string(kFormatVersion) + ": build the index again");
    }
    return static_cast<std::size_t>(rest + 1 - text.data());
  }

  IndexInfo parse_json(std::string_view json) {
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    if (parser.parse(simdjson::padded_string(json)).get(object) != simdjson::SUCCESS) {
      throw Error(ErrorKind::kCorrupt, path_, "the manifest's JSON is malformed");
    }
    // With every key found below, this count means that there is no other and none twice.
    if (object.size() != kNumKeys) {
      throw Error(ErrorKind::kCorrupt, path_, "the manifest has not the keys it must have");
    }
    IndexInfo info;
    info.build_id = string(object, "build_id");
    BuildId id;
    if (!parse_build_id(info.build_id, &id)) fail_key("build_id");
    const std::string tokenizer = string(object, "tokenizer");
    if (tokenizer == tokenizer_name(Tokenizer::kUnicode)) {
      info.tokenizer = Tokenizer::kUnicode;
    } else if (tokenizer == tokenizer_name(Tokenizer::kAlpha)) {
      info.tokenizer = Tokenizer::kAlpha;
    } else {
      fail_key("tokenizer");
    }
    info.unicode_version = string(object, "unicode_version");
    // Written as it is read: what would be escaped is no version.
    if (escape_bytes(info.unicode_version) != info.unicode_version) fail_key("unicode_version");
    info.max_token_bytes =
        static_cast<std::uint32_t>(number(object, "max_token_bytes", 1, kMaxTokenLimit));
    if (object["positions"].get(info.positions) != simdjson::SUCCESS) fail_key("positions");
    // The largest 32-bit number is no docid but the end of a list.
    constexpr std::uint64_t kMax32 = std::numeric_limits<std::uint32_t>::max();
    info.num_docs = number(object, "num_docs", 0, kMax32);
    info.num_tokens = number(object, "num_tokens", 0, info.num_docs * kMax32);
    info.num_postings = number(object, "num_postings", 0, info.num_tokens);
    info.num_terms = number(object, "num_terms", 0, info.num_postings);
    info.roots = roots(object, info.num_docs);
    return info;
  }

  std::string string(const simdjson::dom::object& object, std::string_view key) const {
    std::string_view value;
    if (object[key].get(value) != simdjson::SUCCESS) fail_key(key);
    return std::string(value);
  }

  std::uint64_t number(const simdjson::dom::object& object, std::string_view key, std::uint64_t min,
                       std::uint64_t max) const {
    std::uint64_t value;
    if (object[key].get(value) != simdjson::SUCCESS || value < min || value > max) fail_key(key);
    return value;
  }

  std::vector<CorpusRoot> roots(const simdjson::dom::object& object, std::uint64_t num_docs) const {
    simdjson::dom::array array;
    if (object["roots"].get(array) != simdjson::SUCCESS) fail_key("roots");
    std::vector<CorpusRoot> roots;
    std::uint64_t left = num_docs;
    for (const simdjson::dom::element element : array) {
      simdjson::dom::object root;
      if (element.get(root) != simdjson::SUCCESS || root.size() != 2) fail_key("roots");
      const std::string escaped = string(root, "root");
      const std::uint64_t num_root_docs = number(root, "num_docs", 0, left);
      left -= num_root_docs;
      try {
        roots.push_back({unescape_bytes(escaped), num_root_docs});
      } catch (const Error&) {
        fail_key("root");
      }
    }
    if (roots.empty() || left != 0) fail_key("roots");
    return roots;
  }

  const std::string& path_;
};

}  // namespace

std::string manifest_text(const IndexInfo& info) {
  const auto field = [](std::string_view key, std::string_view value) {
    return "\"" + std::string(key) + "\":" + std::string(value);
  };
  std::string text = std::string(kManifestMagic) + std::to_string(kFormatVersion) + "\n{";
  text += field("build_id", json_string(info.build_id));
  text += "," + field("tokenizer", json_string(tokenizer_name(info.tokenizer)));
  text += "," + field("unicode_version", json_string(info.unicode_version));
  text += "," + field("max_token_bytes", std::to_string(info.max_token_bytes));
  text += "," + field("positions", info.positions ? "true" : "false");
  text += "," + field("num_docs", std::to_string(info.num_docs));
  text += "," + field("num_terms", std::to_string(info.num_terms));
  text += "," + field("num_postings", std::to_string(info.num_postings));
  text += "," + field("num_tokens", std::to_string(info.num_tokens));
  text += "," + field("roots", "[");
  for (const CorpusRoot& root : info.roots) {
    if (text.back() != '[') text += ',';
    text += "{" + field("root", json_string(root.path)) + "," +
            field("num_docs", std::to_string(root.num_docs)) + "}";
  }
  text += "]}\n";
  return text + trailer(text);
}

IndexInfo parse_manifest(const std::string& path, std::string_view text) {
  return Parser(path).parse(text);
}

}  // namespace spimi
