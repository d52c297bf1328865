// Input: a byte of options (bit 0 positions, bit 1 drop_last), a byte num_pieces, then the run's
// frames: u16 of which the two high bits say the kind (0 and 3 documents, 1 terms, 2 a sample) and
// the others the payload's length; payload. A sample's payload is 8 bytes of prefix and u16 how far
// its frame is from the first frame of terms. Frames and samples get right checksums, so that only
// the readers' own checks stand between the payloads and a crash.

#include <sys/mman.h>

#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include "base/checksum.h"
#include "base/file.h"
#include "fuzz/fuzz.h"
#include "indexer/run_reader.h"

namespace spimi::testing {
namespace {

constexpr std::uint32_t kMaxTokenBytes = 16;
constexpr std::uint32_t kDocidBase = 1000;

void append_frame(std::string& out, std::string_view payload) {
  if (payload.empty()) return;
  std::array<std::uint8_t, kFrameHeaderBytes> header{};
  const auto payload_bytes = static_cast<std::uint32_t>(payload.size());
  const std::uint64_t checksum = checksum64(payload.data(), payload.size());
  std::memcpy(header.data(), &payload_bytes, sizeof(payload_bytes));
  std::memcpy(header.data() + 8, &checksum, sizeof(checksum));
  out.append(reinterpret_cast<const char*>(header.data()), header.size());
  out += payload;
}

struct FuzzRun {
  bool positions;
  File file;
  RunInfo info;
};

FuzzRun make_run(FuzzInput input) {
  const unsigned options = input.u8();
  FuzzRun run{(options & 1) != 0, File(::memfd_create("run", MFD_CLOEXEC), "run"), {}};
  require(run.file.is_open(), "memfd_create has no reason to fail");
  run.info.drop_last = (options & 2) != 0;
  run.info.num_pieces = input.u8();
  run.info.docid_base = kDocidBase;

  std::string documents, terms;
  std::vector<RunSample> samples;
  while (!input.empty()) {
    const unsigned head = input.u16();
    FuzzInput payload = input;
    const std::string_view bytes = input.take(head & 0x3FFF);
    switch (head >> 14) {
      case 1:
        append_frame(terms, bytes);
        break;
      case 2:
        samples.push_back({});
        std::memcpy(&samples.back().prefix, payload.take(8).data(),
                    std::min<std::size_t>(8, bytes.size()));
        samples.back().frame_offset = payload.u16();
        break;
      default:
        append_frame(documents, bytes);
    }
  }
  run.info.terms_offset = documents.size();
  run.info.samples_offset = documents.size() + terms.size();
  std::string bytes = documents + terms;
  for (const RunSample& sample : samples) {
    const RunSample sealed =
        make_sample(sample.prefix, run.info.terms_offset + sample.frame_offset);
    bytes.append(reinterpret_cast<const char*>(&sealed), sizeof(sealed));
  }
  run.info.end_offset = bytes.size();
  run.file.pwrite_all(0, bytes.data(), bytes.size());
  return run;
}

void check_record(const RunCursor& cursor, bool positions) {
  // On the heap, where the address sanitizer guards its ends.
  const auto record = std::make_unique<DecodedRecord>();
  if (!attempt([&] { decode_record(cursor, positions, record.get()); })) return;
  std::uint64_t num_occurrences = 0;
  for (std::uint32_t i = 0; i < record->num_postings; ++i) {
    require(
        record->docids[i] >= kDocidBase && record->docids[i] - kDocidBase < cursor.run().num_pieces,
        "a docid is one of the run");
    require(i == 0 || record->docids[i - 1] < record->docids[i], "docids ascend");
    require(record->tfs[i] != 0, "a posting has an occurrence");
    num_occurrences += record->tfs[i];
  }
  require(num_occurrences <= kRecordOccurrences, "a record holds at most kRecordOccurrences");
  require(record->num_positions == (positions ? num_occurrences : 0),
          "every occurrence has a position");
}

/// Reads on from where the cursor stands; the last use of it, for damage ends it.
void read_on(RunCursor& cursor, bool positions, std::vector<std::uint64_t>* prefixes) {
  attempt([&] {
    while (cursor.next()) {
      const TermRecord& record = cursor.record();
      require(record.term_bytes <= kMaxTermExpansion * kMaxTokenBytes, "a term fits its buffer");
      require(record.prefix == term_prefix(record.term, record.term_bytes),
              "a record's prefix is its term's");
      prefixes->push_back(record.prefix);
      check_record(cursor, positions);
    }
  });
}

void run_one(const FuzzRun& run) {
  const std::size_t buffer_bytes = RunCursor::min_buffer_bytes(kMaxTokenBytes);
  const auto buffer = std::make_unique<std::uint8_t[]>(buffer_bytes);
  const auto cursor = [&] {
    return RunCursor(run.file, run.info, run.positions, kMaxTokenBytes, buffer.get(), buffer_bytes);
  };
  std::vector<std::uint64_t> prefixes;
  RunCursor all = cursor();
  read_on(all, run.positions, &prefixes);

  constexpr std::size_t kMaxSeeks = 8;
  for (std::size_t i = 0; i < prefixes.size() && i < kMaxSeeks; ++i) {
    RunCursor sought = cursor();
    attempt([&] {
      if (!sought.seek(prefixes[i])) return;
      require(sought.record().prefix >= prefixes[i], "a seek does not end before its target");
      check_record(sought, run.positions);
      if (num_samples(run.info) == 0) {
        std::size_t first = 0;
        while (prefixes[first] < prefixes[i]) ++first;
        require(sought.record().prefix == prefixes[first], "a seek ends at the first record");
      }
      std::vector<std::uint64_t> ignored;
      read_on(sought, run.positions, &ignored);
    });
  }

  const auto document_buffer = std::make_unique<std::uint8_t[]>(kMaxDocumentFrameBytes);
  RunDocuments documents(run.file, run.info, document_buffer.get(), kMaxDocumentFrameBytes);
  std::size_t path_bytes = 0;
  attempt([&] {
    while (documents.next()) path_bytes += std::string(documents.path()).size();
  });
  require(path_bytes <= run.info.terms_offset, "paths do not overlap");
}

}  // namespace

void fuzz_one(const std::uint8_t* data, std::size_t size) { run_one(make_run({data, size})); }

}  // namespace spimi::testing
