#include "support/reference_index.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <ostream>
#include <stdexcept>

#include "support/reference_tokenizer.h"

namespace spimi::testing {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

/// The code unit of `width` bytes at `bytes[i]`; U+FFFD when the file ends inside it.
char32_t code_unit(std::string_view bytes, std::size_t i, std::size_t width, bool big_endian) {
  if (bytes.size() - i < width) return kReplacement;
  char32_t unit = 0;
  for (std::size_t k = 0; k < width; ++k) {
    const std::size_t place = big_endian ? k : width - 1 - k;
    unit = unit << 8 | static_cast<unsigned char>(bytes[i + place]);
  }
  return unit;
}

bool is_lead_surrogate(char32_t c) { return 0xD800 <= c && c <= 0xDBFF; }
bool is_trail_surrogate(char32_t c) { return 0xDC00 <= c && c <= 0xDFFF; }

std::string utf8_of_utf16(std::string_view bytes, bool big_endian) {
  std::u32string text;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    const char32_t unit = code_unit(bytes, i, 2, big_endian);
    if (is_lead_surrogate(unit) && i + 2 < bytes.size()) {
      const char32_t trail = code_unit(bytes, i + 2, 2, big_endian);
      if (is_trail_surrogate(trail)) {
        text += 0x10000 + ((unit - 0xD800) << 10) + (trail - 0xDC00);
        i += 2;
        continue;
      }
    }
    text += is_lead_surrogate(unit) || is_trail_surrogate(unit) ? kReplacement : unit;
  }
  return reference_encode(text);
}

std::string utf8_of_utf32(std::string_view bytes, bool big_endian) {
  std::u32string text;
  for (std::size_t i = 0; i < bytes.size(); i += 4) {
    const char32_t unit = code_unit(bytes, i, 4, big_endian);
    const bool valid = unit <= 0x10FFFF && !is_lead_surrogate(unit) && !is_trail_surrogate(unit);
    text += valid ? unit : kReplacement;
  }
  return reference_encode(text);
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot open " + path.string());
  std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (in.bad()) throw std::runtime_error("cannot read " + path.string());
  return bytes;
}

}  // namespace

void ReferenceIndex::add_document(std::string path, std::string_view text) {
  const auto docid = static_cast<std::uint32_t>(documents_.size());
  std::uint32_t position = 0;
  std::uint32_t length = 0;
  for (const ReferenceToken& token : reference_tokenize(text, options_)) {
    if (token.overlong) {
      ++num_overlong_tokens_;
    } else {
      ReferenceList& list = lists_[token.term];
      if (list.postings.empty() || list.postings.back().docid != docid) {
        list.postings.push_back({docid, 0, list.positions.size()});
      }
      ++list.postings.back().tf;
      list.positions.push_back(position);
      ++length;
    }
    ++position;
  }
  num_tokens_ += length;
  documents_.push_back({std::move(path), length});
}

void ReferenceIndex::add_directory(const std::filesystem::path& directory) {
  for (std::string& path : reference_walk(directory)) {
    const auto text = reference_document_text(read_file(directory / path));
    if (text) add_document(std::move(path), *text);
  }
}

std::uint64_t ReferenceIndex::num_postings() const {
  std::uint64_t result = 0;
  for (const auto& [term, list] : lists_) result += list.df();
  return result;
}

std::map<std::uint32_t, double> ReferenceIndex::scores(
    const std::vector<std::string>& terms) const {
  constexpr double kK1 = 1.2;
  constexpr double kB = 0.75;
  const auto num_docs = static_cast<double>(documents_.size());
  const double average_length = static_cast<double>(num_tokens_) / num_docs;
  std::map<std::uint32_t, double> result;
  for (const std::string& term : terms) {
    const auto found = lists_.find(term);
    if (found == lists_.end()) continue;
    const double df = found->second.df();
    const double idf = std::log(1 + (num_docs - df + 0.5) / (df + 0.5));
    for (const ReferencePosting& posting : found->second.postings) {
      const double tf = posting.tf;
      const double relative_length = documents_[posting.docid].length / average_length;
      result[posting.docid] += idf * tf * (kK1 + 1) / (tf + kK1 * (1 - kB + kB * relative_length));
    }
  }
  return result;
}

std::vector<Hit> ReferenceIndex::search(const std::vector<std::string>& terms,
                                        std::size_t k) const {
  std::vector<Hit> hits;
  for (const auto& [docid, score] : scores(terms)) hits.push_back({docid, score});
  // Stable: hits come in docid order, which breaks ties.
  std::stable_sort(hits.begin(), hits.end(),
                   [](const Hit& a, const Hit& b) { return a.score > b.score; });
  hits.resize(std::min(k, hits.size()));
  return hits;
}

std::uint64_t ReferenceIndex::count(const std::vector<std::string>& terms) const {
  return scores(terms).size();
}

void ReferenceIndex::write_json(std::ostream& out, bool with_positions) const {
  std::string line;
  for (const auto& [term, list] : lists_) {
    line = "{\"term\":" + nlohmann::json(term).dump() + ",\"df\":" + std::to_string(list.df()) +
           ",\"cf\":" + std::to_string(list.cf()) + ",\"postings\":[";
    for (const ReferencePosting& posting : list.postings) {
      if (line.back() != '[') line += ',';
      line += '[' + std::to_string(posting.docid) + ',' + std::to_string(posting.tf);
      if (with_positions) {
        line += ",[";
        for (const std::uint32_t position : list.positions_of(posting)) {
          if (line.back() != '[') line += ',';
          line += std::to_string(position);
        }
        line += ']';
      }
      line += ']';
    }
    out << line << "]}\n";
  }
}

std::vector<std::string> reference_walk(const std::filesystem::path& directory) {
  std::vector<std::string> paths;
  auto entry = std::filesystem::recursive_directory_iterator(directory);
  for (; entry != std::filesystem::recursive_directory_iterator(); ++entry) {
    const auto type = entry->symlink_status().type();
    if (entry->path().filename().native().starts_with('.')) {
      entry.disable_recursion_pending();
    } else if (type == std::filesystem::file_type::regular) {
      paths.push_back(entry->path().lexically_relative(directory).native());
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::optional<std::string> reference_document_text(std::string_view bytes) {
  using namespace std::string_view_literals;
  // UTF-32LE first: its mark begins with that of UTF-16LE.
  if (bytes.starts_with("\xFF\xFE\0\0"sv)) return utf8_of_utf32(bytes.substr(4), false);
  if (bytes.starts_with("\0\0\xFE\xFF"sv)) return utf8_of_utf32(bytes.substr(4), true);
  if (bytes.starts_with("\xFF\xFE"sv)) return utf8_of_utf16(bytes.substr(2), false);
  if (bytes.starts_with("\xFE\xFF"sv)) return utf8_of_utf16(bytes.substr(2), true);
  if (bytes.substr(0, 8192).find('\0') != std::string_view::npos) return std::nullopt;
  if (bytes.starts_with("\xEF\xBB\xBF"sv)) bytes.remove_prefix(3);
  return std::string(bytes);
}

}  // namespace spimi::testing
