// Input: a byte of options (bit 0: whether the runs are listed elsewhere), then entries of the
// journal of a build. An entry: u8 of which the low three bits say what it is and the others which
// spill file it names (0 and 1 hold runs), and
//
//     0, 1  run       u8 which of the runs in a spill file, or an empty one; u8 number of edits,
//     each u8 which of
//                     the twelve numbers, u8 shift, u8 what is added to it there
//     2, 3  part      u8 first file, u8 num_files, u8 number of skips, each u8 which file, u8 the
//                     reason, u8 bytes of its cause
//     4     all_read
//     5     another   u8 length, payload
//     6     a part with the mark of a file that changed
//     7     junk      u8 length, bytes that are in no frame
//
// Frames get right checksums. A journal is gone on from, or refused; what is gone on from is sound,
// and is the same when it is read again.

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/padded_bytes.h"
#include "fuzz/fuzz.h"
#include "indexer/earlier_work.h"
#include "indexer/run_writer.h"
#include "support/temporary_directory.h"

namespace spimi::testing {
namespace {

constexpr std::uint32_t kMaxTokenBytes = 16;
constexpr std::size_t kNumSpills = 2;
constexpr std::size_t kNumRuns = 3;    // in each of them
constexpr std::size_t kNumFiles = 24;  // of the corpus
const std::string kSettings = "what decides the bytes\nof an index\n";

std::string path_of(std::uint64_t number) { return "file" + std::to_string(number); }

FileMark mark_of(std::uint64_t number, bool changed = false) {
  struct stat status = {};
  status.st_size = static_cast<off_t>(changed ? number + 1 : number);
  return {path_of(number), status};
}

template <class T>
void put(std::string* out, T value) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

/// Runs of a few documents in a spill file; the last one ends within a document.
struct Spill {
  std::vector<RunInfo> runs;
  std::string bytes;
};

Spill make_spill(std::uint32_t index) {
  const TemporaryDirectory directory{TemporaryDirectory::memory_base()};
  Spill spill;
  {
    File file = File::create(directory.path("spill"));
    RunWriter writer(file, index, kMaxTokenBytes, true);
    for (std::size_t i = 0; i < kNumRuns; ++i) {
      RunInfo run;
      run.ticket = 4 * i;
      run.num_docs = i + 1;
      run.num_pieces = run.num_docs + (i + 1 == kNumRuns ? 1 : 0);
      writer.begin(&run);
      for (std::size_t d = 0; d < run.num_docs; ++d) writer.add_document("path", 1);
      writer.begin_terms();
      RecordBuilder record;
      record.clear();
      record.put_position(0);
      record.put_posting(0, 1);
      writer.add_record(PaddedString("term").view(), record);
      writer.end();
      spill.runs.push_back(run);
    }
  }
  spill.bytes = directory.read_file("spill");
  return spill;
}

const Spill& spill(std::size_t index) {
  static const std::array<Spill, kNumSpills> spills{make_spill(0), make_spill(1)};
  return spills[index % kNumSpills];
}

void append_frame(std::string& out, const std::string& payload) {
  std::string frame(kFrameHeaderBytes, '\0');
  frame += payload;
  put_frame_header(frame.data(), payload.size());
  out += frame;
}

std::string run_entry(FuzzInput& input, std::uint32_t file) {
  const std::size_t which = input.u8() % (kNumRuns + 1);
  const RunInfo run = which == kNumRuns ? RunInfo() : spill(file).runs[which];
  std::array<std::uint64_t, kRunEntryNumbers> numbers{run.documents_offset,
                                                      run.terms_offset,
                                                      run.samples_offset,
                                                      run.end_offset,
                                                      run.ticket,
                                                      run.sequence,
                                                      run.num_pieces,
                                                      run.num_docs,
                                                      0,
                                                      10,
                                                      1,
                                                      100};
  for (unsigned edits = input.u8() % 8; edits > 0; --edits) {
    std::uint64_t& number = numbers[input.u8() % kRunEntryNumbers];
    const unsigned shift = input.u8() % 64;
    number += std::uint64_t{input.u8()} << shift;
  }
  std::string entry;
  put(&entry, JournalEntry::kRun);
  put(&entry, file);
  for (const std::uint64_t number : numbers) put(&entry, number);
  return entry;
}

std::string part_entry(FuzzInput& input, std::uint32_t file, bool changed) {
  const std::uint64_t first = input.u8() % (kNumFiles + 1);
  const std::uint64_t num_files = input.u8() % kNumFiles;
  std::string entry;
  put(&entry, JournalEntry::kPart);
  put(&entry, file);
  put(&entry, first);
  put(&entry, num_files);
  for (std::uint64_t i = 0; i < num_files; ++i) {
    put(&entry, mark_of(first + i, changed && i == num_files / 2));
  }
  for (unsigned skips = input.u8() % 4; skips > 0; --skips) {
    put(&entry, first + input.u8());
    put(&entry, static_cast<std::uint32_t>(input.u8()));
    const std::uint32_t cause_bytes = input.u8();
    put(&entry, cause_bytes);
    entry += input.take(cause_bytes % 32);
  }
  return entry;
}

std::string make_journal(FuzzInput& input) {
  std::string journal(kJournalMagic);
  std::string settings;
  put(&settings, JournalEntry::kSettings);
  append_frame(journal, settings + kSettings);
  std::string all_read;
  put(&all_read, JournalEntry::kAllRead);
  while (!input.empty()) {
    const unsigned choice = input.u8();
    const std::uint32_t file = choice >> 3 == 31 ? 0xFFFFFFFF : choice >> 3;
    switch (choice & 7) {
      case 0:
      case 1:
        append_frame(journal, run_entry(input, file));
        break;
      case 4:
        append_frame(journal, all_read);
        break;
      case 5:
        append_frame(journal, std::string(input.take(input.u8())));
        break;
      case 7:
        journal += input.take(input.u8());
        break;
      default:
        append_frame(journal, part_entry(input, file, (choice & 7) == 6));
    }
  }
  return journal;
}

bool same_runs(const std::vector<RunInfo>& a, const std::vector<RunInfo>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const RunInfo& x, const RunInfo& y) {
    return x.file == y.file && x.documents_offset == y.documents_offset &&
           x.end_offset == y.end_offset && x.ticket == y.ticket && x.num_docs == y.num_docs &&
           x.num_pieces == y.num_pieces && x.drop_last == y.drop_last;
  });
}

/// What earlier work says of the files of the corpus: a line for each.
std::string walk(EarlierWork& work) {
  std::string seen;
  for (std::uint64_t number = 0; number < kNumFiles; ++number) {
    int num_skips = 0;
    const auto on_skip = [&](SkipReason reason, std::string_view cause) {
      require(static_cast<std::size_t>(reason) < kNumSkipReasons, "a reason is one there is");
      require(++num_skips == 1, "a file is skipped once");
      seen += "skipped " + std::string(cause);
    };
    seen += work.has(number, path_of(number), mark_of(number), on_skip) ? "done\n" : "to do\n";
  }
  work.expect_end();
  return seen;
}

/// That action ended, or refused the journal as damaged or as that of another corpus.
template <class Action>
bool refused_or_not(Action action) {
  try {
    action();
    return true;
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::kCorrupt || error.kind() == ErrorKind::kUsage,
            "a journal is refused as damaged, or as another corpus'");
    return false;
  }
}

/// A journal may name more spill files than a process may open at first; a build does this, too.
bool raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 16384);
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

class Staging {
 public:
  const std::string& path() const { return directory_.path(); }

  void write(const std::string& journal) {
    for (const auto& entry : std::filesystem::directory_iterator(path())) {
      std::filesystem::remove(entry.path());
    }
    for (std::size_t i = 0; i < kNumSpills; ++i) {
      directory_.write_file("spill-" + std::to_string(i), spill(i).bytes);
    }
    directory_.write_file(kJournalName, journal);
  }

 private:
  TemporaryDirectory directory_{TemporaryDirectory::memory_base()};
};

struct Resumed {
  std::optional<EarlierWork> work;
  std::optional<std::string> seen;
};

/// `journal` is what the work would go on in.
Resumed resume(const std::string& staging, bool listed_elsewhere, Journal* journal) {
  Resumed resumed;
  const bool taken = refused_or_not([&] {
    EarlierWork& work = resumed.work.emplace(staging, kSettings);
    if (listed_elsewhere) {
      work.use_no_runs();
    } else {
      work.check_runs(
          true, kMaxTokenBytes, [] {}, journal);
    }
  });
  if (!taken) {
    resumed.work.reset();
    return resumed;
  }
  refused_or_not([&] { resumed.seen = walk(*resumed.work); });
  return resumed;
}

void run(FuzzInput input) {
  [[maybe_unused]] static const bool raised = raise_file_limit();
  static Staging staging;
  const bool listed_elsewhere = (input.u8() & 1) != 0;
  staging.write(make_journal(input));
  bool had_all_read = false;
  if (!refused_or_not([&] { had_all_read = EarlierWork(staging.path(), kSettings).all_read(); })) {
    return;
  }
  Journal journal;
  Resumed first = resume(staging.path(), listed_elsewhere, &journal);
  if (!first.work || listed_elsewhere) return;
  for (const RunInfo& run : first.work->runs()) {
    const File& file = first.work->files().at(run.file);
    require(run.end_offset <= (run.file < kNumSpills ? spill(run.file).bytes.size() : 0),
            "a run is inside its file");
    require(attempt([&] { check_run(file, run, true, kMaxTokenBytes); }), "what is kept is sound");
  }
  // Behind a damaged run it is not known any more that all was read: then less may be kept.
  if (first.work->all_read() != had_all_read) return;
  Journal again;
  Resumed second = resume(staging.path(), false, &again);
  require(second.work.has_value(), "a journal that was written is read back");
  require(same_runs(first.work->runs(), second.work->runs()), "the same runs are kept again");
  require(first.work->all_read() == second.work->all_read(), "all is read still");
  require(first.seen == second.seen, "the same files are done");
}

}  // namespace

void fuzz_one(const std::uint8_t* data, std::size_t size) { run({data, size}); }

}  // namespace spimi::testing
