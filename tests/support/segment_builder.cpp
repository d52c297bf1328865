#include "support/segment_builder.h"

#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <span>
#include <stdexcept>
#include <utility>

#include "support/reference_index.h"

namespace spimi::testing {
namespace {

constexpr std::size_t kBlock = 128;
constexpr std::size_t kPage = 65536;

void append_le(std::string& out, std::uint64_t value, int num_bytes) {
  for (int i = 0; i < num_bytes; ++i) out += static_cast<char>(value >> 8 * i & 0xFF);
}

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

std::string to_hex_digits(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex += "0123456789abcdef"[byte / 16];
    hex += "0123456789abcdef"[byte % 16];
  }
  return hex;
}

std::string page_checksums(const std::string& payload) {
  std::string checksums;
  for (std::size_t at = 0; at < payload.size(); at += kPage) {
    const std::string page = payload.substr(at, kPage);
    append_le(checksums, XXH3_64bits(page.data(), page.size()), 8);
  }
  return checksums;
}

std::size_t shared_bytes(const std::string& a, const std::string& b) {
  std::size_t n = 0;
  while (n < a.size() && n < b.size() && a[n] == b[n]) ++n;
  return n;
}

std::string encode_documents(const TestIndex& index, std::string& paths_index,
                             std::string& lengths) {
  std::string paths, before;
  for (std::size_t docid = 0; docid < index.documents.size(); ++docid) {
    const TestDocument& document = index.documents[docid];
    if (docid % 16 == 0) {
      append_le(paths_index, paths.size(), 8);
      before.clear();
    }
    const std::size_t lcp = shared_bytes(before, document.path);
    append_varint(paths, lcp);
    append_varint(paths, document.path.size() - lcp);
    paths += document.path.substr(lcp);
    before = document.path;
    append_le(lengths, document.length, 4);
  }
  return paths;
}

/// An escaped JSON string of a path that holds no bytes but printable ASCII, or whatever else:
/// `\xHH` for the rest.
std::string json_path(const std::string& path) {
  std::string text;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F || byte == '\\') {
      text += "\\\\x" + to_hex_digits(std::string(1, c));
    } else {
      if (c == '"') text += '\\';
      text += c;
    }
  }
  return text;
}

}  // namespace

TestIndex test_index(const ReferenceIndex& reference, bool positions) {
  TestIndex index;
  index.positions = positions;
  for (const ReferenceDocument& document : reference.documents()) {
    index.documents.push_back({document.path, document.length});
  }
  for (const auto& [term, list] : reference.lists()) {
    for (const ReferencePosting& posting : list.postings) {
      const auto all = list.positions_of(posting);
      index.lists[term].push_back({posting.docid, posting.tf, {all.begin(), all.end()}});
    }
  }
  return index;
}

TestIndex random_test_index(Random& random, std::uint32_t num_docs,
                            const std::vector<std::uint32_t>& dfs, bool positions) {
  TestIndex index;
  index.positions = positions;
  for (std::uint32_t docid = 0; docid < num_docs; ++docid) {
    const std::string number = std::to_string(100000 + docid);
    index.documents.push_back({"dir" + number.substr(0, 4) + "/file" + number + ".txt", 0});
  }
  const auto add_list = [&](const std::string& term, std::uint32_t df) {
    std::vector<TestPosting>& list = index.lists[term];
    if (df > num_docs || !list.empty()) return;
    // Selection sampling: every set of df documents is as likely as any other. A third of the lists
    // is packed at the end, behind one wide gap.
    const std::uint32_t first = random_below(random, 3) == 0 ? num_docs - df : 0;
    for (std::uint32_t docid = first; docid < num_docs && list.size() < df; ++docid) {
      if (random_below(random, num_docs - docid) >= df - list.size()) continue;
      const std::size_t max_tf = docid / 200 % 5 == 0 ? 9 : 2;
      auto tf = static_cast<std::uint32_t>(1 + random_below(random, max_tf));
      if (random_below(random, 100) == 0)
        tf = static_cast<std::uint32_t>(1 + random_below(random, 400));
      TestPosting posting{docid, tf, {}};
      std::uint32_t next = 0;
      for (std::uint32_t i = 0; positions && i < tf; ++i) {
        const std::size_t spread = random_below(random, 50) == 0 ? 100000 : 40;
        next += static_cast<std::uint32_t>(random_below(random, spread));
        posting.positions.push_back(next++);
      }
      index.documents[docid].length += tf;
      list.push_back(std::move(posting));
    }
  };
  for (const std::uint32_t df : dfs) add_list("df" + std::to_string(df), df);
  std::string prefix;
  for (int i = 0; i < 150; ++i) {
    if (random_below(random, 4) == 0) prefix.clear();
    prefix.append(random_below(random, 20), static_cast<char>('a' + random_below(random, 3)));
    add_list("x" + prefix + std::to_string(i), 1);
  }
  std::erase_if(index.lists, [](const auto& entry) { return entry.second.empty(); });
  return index;
}

void append_varint(std::string& out, std::uint64_t value) {
  for (; value > 0x7F; value /= 128) out += static_cast<char>(value % 128 + 128);
  out += static_cast<char>(value);
}

std::string encode_packed_with_width(const std::vector<std::uint32_t>& values, unsigned width) {
  std::string bits(16 * width, '\0'), indices, high;
  for (std::size_t i = 0; i < kBlock; ++i) {
    for (unsigned b = 0; b < width; ++b) {
      const std::size_t bit = i / 4 * width + b;  // In the lane's stream.
      const std::size_t byte = 16 * (bit / 32) + 4 * (i % 4) + bit % 32 / 8;
      const unsigned value = values[i] >> b & 1;
      bits[byte] = static_cast<char>(static_cast<unsigned char>(bits[byte]) | value << bit % 8);
    }
    const std::uint64_t rest = std::uint64_t{values[i]} >> width;
    if (rest != 0) {
      indices += static_cast<char>(i);
      append_varint(high, rest);
    }
  }
  std::string out;
  out += static_cast<char>(width);
  out += static_cast<char>(indices.size());
  return out + bits + indices + high;
}

std::string encode_packed_simply(const std::vector<std::uint32_t>& values) {
  std::string best;
  for (unsigned width = 0; width <= 32; ++width) {
    std::string candidate = encode_packed_with_width(values, width);
    if (width == 0 || candidate.size() <= best.size()) best = std::move(candidate);
  }
  return best;
}

std::string encode_bitmap_simply(const std::vector<std::uint32_t>& values, std::uint32_t first) {
  std::string bytes(values.back() / 8 - first / 8 + 1, '\0');
  for (const std::uint32_t value : values) {
    char& byte = bytes[value / 8 - first / 8];
    byte = static_cast<char>(static_cast<unsigned char>(byte) | 1u << value % 8);
  }
  return bytes;
}

std::string encode_skips(const std::vector<EncodedSkip>& skips, bool positions,
                         const std::vector<int>& tail_impacts, std::vector<int> impacts) {
  std::string out;
  for (std::size_t begin = 0; begin < skips.size(); begin += 256) {
    const std::span group(skips.begin() + static_cast<std::ptrdiff_t>(begin),
                          std::min<std::size_t>(256, skips.size() - begin));
    for (const EncodedSkip& skip : group) append_le(out, static_cast<unsigned>(skip.max_impact), 1);
    for (const EncodedSkip& skip : group) append_le(out, skip.last_docid, 4);
    for (const EncodedSkip& skip : group) append_le(out, skip.block_bytes, 2);
    if (!positions) continue;
    int width = 1;
    for (const EncodedSkip& skip : group) {
      while (skip.positions_delta >= std::uint64_t{1} << 8 * width) ++width;
    }
    append_le(out, static_cast<unsigned>(width), 1);
    for (const EncodedSkip& skip : group) append_le(out, skip.position_index, 1);
    for (const EncodedSkip& skip : group) append_le(out, skip.positions_delta, width);
  }
  std::sort(impacts.rbegin(), impacts.rend());
  out += static_cast<char>(
      tail_impacts.empty() ? 0 : *std::max_element(tail_impacts.begin(), tail_impacts.end()));
  for (const std::size_t rank : {1, 10, 100, 1000}) {
    out += static_cast<char>(impacts.size() < rank ? 0 : impacts[rank - 1]);
  }
  return out;
}

EncodedLists encode_lists(const TestIndex& index, const std::vector<TestPosting>& list,
                          double average_length) {
  EncodedLists out;
  // Positions first, with the start of each block of 128 or tail.
  std::vector<std::uint32_t> gaps;
  std::vector<std::size_t> position_starts;
  if (index.positions) {
    for (const TestPosting& posting : list) {
      for (std::size_t i = 0; i < posting.positions.size(); ++i) {
        const std::uint32_t position = posting.positions[i];
        gaps.push_back(i == 0 ? position : position - posting.positions[i - 1] - 1);
      }
    }
    std::size_t at = 0;
    for (; gaps.size() - at >= kBlock; at += kBlock) {
      position_starts.push_back(out.positions.size());
      out.positions += encode_packed_simply({gaps.data() + at, gaps.data() + at + kBlock});
    }
    position_starts.push_back(out.positions.size());
    for (; at < gaps.size(); ++at) append_varint(out.positions, gaps[at]);
  }

  std::int64_t docid_before = -1, last_before = -1;
  std::size_t num_positions = 0, start_before = 0;
  std::size_t begin = 0;
  const auto impact_of = [&](const TestPosting& posting) {
    const double length =
        posting.docid < index.documents.size() ? index.documents[posting.docid].length : 0;
    const double tf = posting.tf;
    const double impact = tf / (tf + 1.2 * (0.25 + 0.75 * length / average_length));
    return static_cast<int>(std::min(255.0, std::floor(255 * impact) + 1));
  };
  std::vector<EncodedSkip> skips;
  for (; list.size() - begin >= kBlock; begin += kBlock) {
    std::vector<std::uint32_t> docids, docid_gaps, tfs;
    EncodedSkip skip;
    for (std::size_t i = begin; i < begin + kBlock; ++i) {
      docids.push_back(list[i].docid);
      docid_gaps.push_back(static_cast<std::uint32_t>(list[i].docid - docid_before - 1));
      docid_before = list[i].docid;
      tfs.push_back(list[i].tf - 1);
      num_positions += list[i].tf;
      skip.max_impact = std::max(skip.max_impact, impact_of(list[i]));
    }
    std::string block =
        docid_before - last_before <= 1024
            ? encode_bitmap_simply(docids, static_cast<std::uint32_t>(last_before + 1))
            : encode_packed_simply(docid_gaps);
    block += encode_packed_simply(tfs);
    out.postings += block;
    skip.last_docid = docids.back();
    skip.block_bytes = block.size();
    if (index.positions) {
      const std::size_t start = position_starts[num_positions / kBlock];
      skip.positions_delta = start - start_before;
      skip.position_index = num_positions % kBlock;
      start_before = start;
    }
    skips.push_back(skip);
    last_before = docid_before;
  }
  if (!skips.empty()) {
    std::vector<int> impacts;
    for (const TestPosting& posting : list) impacts.push_back(impact_of(posting));
    out.skips = encode_skips(skips, index.positions,
                             {impacts.begin() + static_cast<std::ptrdiff_t>(begin), impacts.end()},
                             impacts);
  }
  for (std::size_t i = begin; i < list.size(); ++i) {
    const auto gap = static_cast<std::uint64_t>(list[i].docid - docid_before - 1);
    docid_before = list[i].docid;
    append_varint(out.postings, gap << 1 | (list[i].tf == 1));
    if (list[i].tf != 1) append_varint(out.postings, list[i].tf - 2);
  }
  return out;
}

std::string segment_file(std::string_view kind, const std::string& build_id,
                         const std::string& payload) {
  std::string file = "SPIMIseg" + std::string(kind);
  append_le(file, 4, 4);
  file += from_hex(build_id);
  append_le(file, payload.size(), 8);
  file.append(16, '\0');
  append_le(file, XXH3_64bits(file.data(), file.size()), 8);
  return file + payload + page_checksums(payload);
}

std::string seal_manifest(const std::string& text) {
  std::string number;
  append_le(number, XXH3_64bits(text.data(), text.size()), 8);
  std::reverse(number.begin(), number.end());
  return text + "checksum " + to_hex_digits(number) + "\n";
}

std::map<std::string, std::string> index_files(const TestIndex& index) {
  std::uint64_t num_tokens = 0, num_postings = 0;
  for (const TestDocument& document : index.documents) num_tokens += document.length;
  const double average_length =
      static_cast<double>(num_tokens) / static_cast<double>(index.documents.size());

  std::string paths_index, lengths;
  const std::string paths = encode_documents(index, paths_index, lengths);

  std::string terms, terms_index, postings, skips, positions, before;
  std::size_t term_number = 0;
  for (const auto& [term, list] : index.lists) {
    if (term_number % 64 == 0) {
      append_le(terms_index, terms.size(), 8);
      terms_index += (term + std::string(8, '\0')).substr(0, 8);
      terms += static_cast<char>(std::min<std::size_t>(64, index.lists.size() - term_number));
      append_varint(terms, postings.size());
      append_varint(terms, skips.size());
      if (index.positions) append_varint(terms, positions.size());
      before.clear();
    }
    const std::size_t lcp = shared_bytes(before, term), suffix_length = term.size() - lcp;
    terms += static_cast<char>(std::min<std::size_t>(lcp, 15) << 4 |
                               std::min<std::size_t>(suffix_length, 15));
    if (lcp >= 15) append_varint(terms, lcp - 15);
    if (suffix_length >= 15) append_varint(terms, suffix_length - 15);
    terms += term.substr(lcp);
    before = term;

    std::uint64_t df = list.size(), cf = 0;
    for (const TestPosting& posting : list) cf += posting.tf;
    num_postings += df;
    const EncodedLists lists = encode_lists(index, list, average_length);
    append_varint(terms, df << 1 | (cf == df));
    if (cf != df) append_varint(terms, cf - df - 1);
    append_varint(terms, lists.postings.size());
    if (df >= kBlock) append_varint(terms, lists.skips.size());
    if (index.positions) append_varint(terms, lists.positions.size());
    postings += lists.postings;
    skips += lists.skips;
    positions += lists.positions;
    ++term_number;
  }

  struct Part {
    std::string name, kind, payload;
  };
  std::vector<Part> parts{{"paths", "PATH", paths},
                          {"paths.index", "PIDX", paths_index},
                          {"lengths", "DLEN", lengths},
                          {"terms", "TERM", terms},
                          {"terms.index", "TIDX", terms_index},
                          {"postings", "POST", postings},
                          {"skips", "SKIP", skips}};
  if (index.positions) parts.push_back({"positions", "POSN", positions});

  const std::string tokenizer = index.tokenizer == Tokenizer::kUnicode ? "unicode" : "alpha";
  std::string hashed = "tokenizer=" + tokenizer +
                       " unicode=15.0 max_token_bytes=" + std::to_string(index.max_token_bytes) +
                       " positions=" + (index.positions ? "1" : "0") + "\n";
  for (const Part& part : parts) {
    const std::string checksums = page_checksums(part.payload);
    hashed += part.kind;
    append_le(hashed, part.payload.size(), 8);
    append_le(hashed, XXH3_64bits(checksums.data(), checksums.size()), 8);
  }
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(hashed.data(), hashed.size()));
  const std::string build_id =
      to_hex_digits({reinterpret_cast<const char*>(canonical.digest), sizeof(canonical.digest)});

  std::map<std::string, std::string> files;
  for (const Part& part : parts) {
    files["segment-" + build_id + "/" + part.name] =
        segment_file(part.kind, build_id, part.payload);
  }
  std::string manifest = "spimi index, format 4\n{\"build_id\":\"" + build_id +
                         "\",\"tokenizer\":\"" + tokenizer +
                         "\",\"unicode_version\":\"15.0\",\"max_token_bytes\":" +
                         std::to_string(index.max_token_bytes) +
                         ",\"positions\":" + (index.positions ? "true" : "false") +
                         ",\"num_docs\":" + std::to_string(index.documents.size()) +
                         ",\"num_terms\":" + std::to_string(index.lists.size()) +
                         ",\"num_postings\":" + std::to_string(num_postings) +
                         ",\"num_tokens\":" + std::to_string(num_tokens) + ",\"roots\":[";
  std::vector<CorpusRoot> roots = index.roots;
  if (roots.empty()) roots.push_back({"/corpus", index.documents.size()});
  for (std::size_t i = 0; i < roots.size(); ++i) {
    manifest += std::string(i == 0 ? "" : ",") + "{\"root\":\"" + json_path(roots[i].path) +
                "\",\"num_docs\":" + std::to_string(roots[i].num_docs) + "}";
  }
  files["manifest"] = seal_manifest(manifest + "]}\n");
  return files;
}

void write_files(const std::map<std::string, std::string>& files,
                 const std::filesystem::path& directory) {
  for (const auto& [name, bytes] : files) {
    const std::filesystem::path path = directory / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.close();
    if (!out) throw std::runtime_error("cannot write " + path.string());
  }
}

std::string build_id_of(const std::map<std::string, std::string>& files) {
  for (const auto& [name, bytes] : files) {
    if (name.starts_with("segment-")) return name.substr(8, 32);
  }
  throw std::runtime_error("no segment file");
}

}  // namespace spimi::testing
