// Input: a byte (bit 0: which of two small indexes, with or without positions), then edits of 4
// bytes each: u8 of which the low four bits mod 9 name the file (8 is the manifest) and the next
// two what to do (set, cut off there, insert, erase); u16 offset, modulo the payload's length; u8
// value. Then every checksum and the build id are made right again, so that only the structural
// checks stand between the bytes and a crash.

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <vector>

#include "base/checksum.h"
#include "format/build_id.h"
#include "format/layout.h"
#include "format/manifest.h"
#include "fuzz/fuzz.h"
#include "spimi/index.h"
#include "support/segment_builder.h"
#include "support/temporary_directory.h"

namespace spimi::testing {
namespace {

struct Contents {
  IndexInfo info;
  std::array<std::string, kNumSegmentFiles> payloads;
};

Contents make_contents(bool positions) {
  // Both kinds of list, whatever the seed of the tests. Few documents, for speed: in one of the
  // indexes so many that not all blocks are bitmaps.
  Random random(1);
  const auto files = index_files(positions ? random_test_index(random, 150, {2, 129}, true)
                                           : random_test_index(random, 1200, {2, 129, 400}, false));
  Contents contents;
  contents.info = parse_manifest("manifest", files.at("manifest"));
  const std::string segment = segment_directory_name(contents.info.build_id) + "/";
  for (std::size_t i = 0; i < kNumSegmentFiles; ++i) {
    const auto file = files.find(segment + std::string(kSegmentFiles[i].name));
    if (file == files.end()) continue;
    const std::uint64_t payload_bytes = load_u64(
        reinterpret_cast<const std::uint8_t*>(file->second.data()) + kHeaderPayloadBytesAt);
    contents.payloads[i] = file->second.substr(kHeaderBytes, payload_bytes);
  }
  return contents;
}

/// One byte of one of the manifest's totals.
void edit_info(IndexInfo& info, std::size_t offset, std::uint8_t value) {
  const std::array<std::uint64_t*, 4> totals{&info.num_docs, &info.num_terms, &info.num_postings,
                                             &info.num_tokens};
  std::uint64_t& total = *totals[offset % totals.size()];
  const std::size_t shift = offset / totals.size() % 5 * 8;
  total = (total & ~(std::uint64_t{0xFF} << shift)) | std::uint64_t{value} << shift;
  info.roots.back().num_docs = info.num_docs;
}

void apply(Contents& contents, FuzzInput input) {
  while (!input.empty()) {
    const unsigned choice = input.u8();
    std::size_t offset = input.u16();
    const std::uint8_t value = input.u8();
    const std::size_t file = (choice & 15) % (kNumSegmentFiles + 1);
    if (file == kNumSegmentFiles) {
      edit_info(contents.info, offset, value);
      continue;
    }
    std::string& payload = contents.payloads[file];
    if (payload.empty()) continue;
    offset %= payload.size();
    switch (choice >> 4 & 3) {
      case 0:
        payload[offset] = static_cast<char>(value);
        break;
      case 1:
        payload.resize(offset);
        break;
      case 2:
        payload.insert(offset, 1, static_cast<char>(value));
        break;
      default:
        payload.erase(offset, 1);
    }
  }
}

/// The build id of the contents as they are now.
std::string seal(const Contents& contents) {
  SegmentDigest digest;
  for (std::size_t i = 0; i < kNumSegmentFiles; ++i) {
    const std::string& payload = contents.payloads[i];
    std::string checksums;
    for (std::size_t at = 0; at < payload.size(); at += kPageBytes) {
      std::uint8_t bytes[kChecksumBytes];
      store_u64(bytes, checksum64(payload.data() + at, std::min(kPageBytes, payload.size() - at)));
      checksums.append(reinterpret_cast<const char*>(bytes), sizeof(bytes));
    }
    digest[i] = {payload.size(), checksum64(checksums.data(), checksums.size())};
  }
  return to_hex(compute_build_id(contents.info, digest));
}

/// A directory in memory that holds the contents of one input after the other.
class IndexDirectory {
 public:
  const std::string& path() const { return directory_.path(); }

  void write(Contents& contents) {
    contents.info.build_id = seal(contents);
    const std::string segment = segment_directory_name(contents.info.build_id);
    if (segment_.empty()) {
      directory_.make_directory(segment);
    } else if (segment_ != segment) {
      std::filesystem::rename(directory_.path(segment_), directory_.path(segment));
    }
    segment_ = segment;
    const std::size_t num_files = contents.info.positions ? kNumSegmentFiles : kNumSegmentFiles - 1;
    for (std::size_t i = 0; i < num_files; ++i) {
      directory_.write_file(
          segment + "/" + std::string(kSegmentFiles[i].name),
          segment_file(kSegmentFiles[i].kind, contents.info.build_id, contents.payloads[i]));
    }
    directory_.write_file(kManifestName, manifest_text(contents.info));
  }

 private:
  TemporaryDirectory directory_{TemporaryDirectory::memory_base()};
  std::string segment_;
};

/// What a reader of the whole index saw.
struct Seen {
  bool whole = true;  ///< Nothing of it was damaged.
  std::vector<std::string> terms;
  std::set<std::uint32_t> docids;
};

Seen read_all(const Index& index) {
  Seen seen;
  const std::uint64_t num_docs = index.info().num_docs;
  const auto note = [&](bool sound) { seen.whole = seen.whole && sound; };
  note(attempt([&] {
    for (TermIterator terms = index.terms(); terms.next();) {
      seen.terms.emplace_back(terms.term());
      const TermInfo info = terms.info();
      note(attempt([&] {
        std::uint64_t df = 0;
        Cursor cursor = index.cursor(info);
        while (cursor.next() != Cursor::kEnd) {
          require(cursor.docid() < num_docs, "a docid is one of the index");
          require(cursor.tf() != 0, "a posting has an occurrence");
          require(++df <= info.df, "a list has df postings");
          seen.docids.insert(cursor.docid());
          if (index.info().positions) {
            require(cursor.positions().size() == cursor.tf(), "a posting has tf positions");
          }
        }
        require(df == info.df, "a list has df postings");
      }));
      note(attempt([&] {
        Cursor cursor = index.cursor(info);
        for (std::uint32_t target = 0; target < num_docs; target += 37) {
          const std::uint32_t found = cursor.seek(target);
          if (found == Cursor::kEnd) break;
          require(found >= target && found < num_docs, "a seek ends at its target or behind");
          (void)cursor.positions();
        }
      }));
    }
  }));
  for (std::uint32_t docid = 0; docid < num_docs; ++docid) {
    note(attempt([&] {
      (void)index.path(docid);
      (void)index.root(docid);
      (void)index.length(docid);
    }));
  }
  return seen;
}

/// `sound`: check found nothing, so that all queries must be answered, and agree.
void query_all(const Index& index, const Seen& seen, bool sound) {
  const auto query = [&](const std::vector<std::string>& terms) {
    std::vector<Hit> all, best;
    std::uint64_t count = 0;
    const auto num_docs = static_cast<std::size_t>(index.info().num_docs);
    bool answered = attempt([&] { all = index.search(terms, num_docs); });
    answered = attempt([&] { best = index.search(terms, 3); }) && answered;
    answered = attempt([&] { count = index.count(terms); }) && answered;
    require(best.size() <= 3 && all.size() <= num_docs, "a query has at most k hits");
    if (!sound) return count;
    require(answered, "a sound index answers");
    require(all.size() == count, "every document that matches is a hit");
    require(best.size() == std::min<std::size_t>(3, all.size()),
            "there are k hits if there can be");
    for (std::size_t i = 0; i < best.size(); ++i) {
      require(best[i].docid == all[i].docid && best[i].score == all[i].score,
              "the best hits do not depend on how many are asked for");
    }
    return count;
  };
  for (const std::string& term : seen.terms) {
    attempt([&] {
      const auto info = index.find(term);
      if (sound) require(info.has_value(), "a sound index finds its terms");
    });
  }
  query({"df129"});
  query({"df2", "df129", "absent"});
  const std::uint64_t num_matches = query(seen.terms);
  if (sound) require(num_matches == seen.docids.size(), "a query finds all documents there are");
}

void run(FuzzInput input) {
  static const Contents kWithPositions = make_contents(true);
  static const Contents kWithout = make_contents(false);
  static IndexDirectory directory;
  Contents contents = input.u8() & 1 ? kWithout : kWithPositions;
  const bool untouched = input.empty();
  apply(contents, input);
  directory.write(contents);
  const bool opened = attempt([&] {
    const Index index = Index::open(directory.path());
    std::size_t num_problems = 0;
    const bool sound = index.check([&](const Problem&) { ++num_problems; });
    require(sound == (num_problems == 0), "check reports what it finds");
    require(sound || !untouched, "an index that is whole is sound");
    const Seen seen = read_all(index);
    require(seen.whole || !sound, "what check finds sound can be read");
    query_all(index, seen, sound);
  });
  require(opened || !untouched, "an index that is whole can be opened");
}

}  // namespace

void fuzz_one(const std::uint8_t* data, std::size_t size) { run({data, size}); }

}  // namespace spimi::testing
