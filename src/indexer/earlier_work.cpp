#include "indexer/earlier_work.h"

#include <algorithm>
#include <cstring>
#include <sstream>

#include "indexer/output_directory.h"
#include "spimi/error.h"

namespace spimi {
namespace {

// Takes numbers from the front of an entry; `ok` turns false where it ends early.
struct EntryReader {
  std::string_view bytes;
  bool ok = true;

  template <class T>
  T take() {
    T value{};
    if (bytes.size() < sizeof(value)) {
      ok = false;
      return value;
    }
    std::memcpy(&value, bytes.data(), sizeof(value));
    bytes.remove_prefix(sizeof(value));
    return value;
  }
};

constexpr std::size_t kPartHeadBytes = 2 * sizeof(std::uint32_t) + 2 * sizeof(std::uint64_t);
constexpr std::size_t kCheckBufferBytes = std::size_t{256} << 10;

// Spill files a journal may name, for all of them are opened. A build has one for each of its
// threads, and so has every build that went on with it.
constexpr std::uint32_t kMaxSpillFiles = 4096;

// The first line in which the settings differ, as they were.
std::string first_difference(std::string_view before, std::string_view now) {
  std::istringstream a{std::string(before)}, b{std::string(now)};
  std::string line, other;
  while (std::getline(a, line)) {
    if (!std::getline(b, other) || line != other) return line;
  }
  return "other settings";
}

Error changed(std::string_view path, std::string_view how) {
  return Error(ErrorKind::kUsage, path, how,
               "the corpus is not what it was when the build began; build without --resume");
}

bool ends_within_document(const RunInfo& run) { return run.num_pieces > run.num_docs; }

}  // namespace

void check_run(const File& file, const RunInfo& run, bool positions,
               std::uint32_t max_token_bytes) {
  // Else one that holds nothing could be anywhere, and a file would be made as long as that.
  if (run.end_offset > file.size()) {
    throw Error(ErrorKind::kCorrupt, file.path(), run.end_offset,
                "a run ends behind the end of its file");
  }
  const Region<std::uint8_t> buffer(std::max(
      {RunCursor::min_buffer_bytes(max_token_bytes), kMaxDocumentFrameBytes, kCheckBufferBytes}));
  RunDocuments documents(file, run, buffer.data(), buffer.size());
  std::uint64_t num_docs = 0;
  while (documents.next()) ++num_docs;
  if (num_docs != run.num_docs) {
    throw Error(ErrorKind::kCorrupt, file.path(), run.documents_offset,
                "a run has another number of documents than it should");
  }
  RunCursor cursor(file, run, positions, max_token_bytes, buffer.data(), buffer.size());
  while (cursor.next()) {
  }
  for_each_sample(file, run, [](const RunSample&) {});
}

bool EarlierWork::is_in(const std::string& staging) {
  return begins_with(staging + "/" + std::string(kJournalName), kJournalMagic);
}

EarlierWork::EarlierWork(const std::string& staging, const std::string& settings)
    : staging_(staging),
      settings_(settings),
      journal_(File::open_read(staging + "/" + std::string(kJournalName))),
      buffer_(kMaxJournalFrameBytes) {
  read_journal();
}

void EarlierWork::read_journal() {
  FrameReader frames(journal_, buffer_.data(), buffer_.size());
  frames.open(kJournalMagic.size(), journal_.size());
  try {
    for (std::string_view frame; !(frame = frames.next()).empty();) {
      EntryReader entry{frame};
      if (frames.frame_offset() == kJournalMagic.size()) {
        entry.take<std::uint32_t>();
        if (entry.bytes != settings_) {
          throw Error(ErrorKind::kUsage, staging_, "the build to go on with had other options",
                      first_difference(entry.bytes, settings_) +
                          "; give the same, or build without --resume");
        }
      } else {
        add_entry(frame, frames.frame_offset());
      }
      journal_bytes_ = frames.frame_offset() + kFrameHeaderBytes + frame.size();
    }
  } catch (const Error& error) {
    // The last entries of a build that was killed may be torn: what is before them holds.
    if (error.kind() != ErrorKind::kCorrupt) throw;
  }
}

void EarlierWork::add_entry(std::string_view payload, std::uint64_t offset) {
  EntryReader reader{payload};
  Entry entry{};
  entry.kind = static_cast<JournalEntry>(reader.take<std::uint32_t>());
  if (entry.kind == JournalEntry::kAllRead) {
    all_read_ = true;
    return;
  }
  const auto file = reader.take<std::uint32_t>();
  if (entry.kind == JournalEntry::kPart) {
    entry.part.first = reader.take<std::uint64_t>();
    entry.part.size = reader.take<std::uint64_t>();
    entry.part.offset = offset;
    if (entry.part.size == 0 || entry.part.size > kMaxPartFiles ||
        reader.bytes.size() < entry.part.size * sizeof(FileMark)) {
      fail_damaged();
    }
  } else if (entry.kind == JournalEntry::kRun) {
    RunInfo& run = entry.run;
    run.file = file;
    for (std::uint64_t* number :
         {&run.documents_offset, &run.terms_offset, &run.samples_offset, &run.end_offset,
          &run.ticket, &run.sequence, &run.num_pieces, &run.num_docs}) {
      *number = reader.take<std::uint64_t>();
    }
    const auto flags = reader.take<std::uint64_t>();
    run.first_continues = (flags & 1) != 0;
    run.drop_last = (flags & 2) != 0;
    entry.counts.num_tokens = reader.take<std::uint64_t>();
    entry.counts.num_overlong_tokens = reader.take<std::uint64_t>();
    entry.counts.corpus_bytes = reader.take<std::uint64_t>();
    if (run.documents_offset > run.terms_offset || run.terms_offset > run.samples_offset ||
        run.samples_offset > run.end_offset || run.num_docs > run.num_pieces) {
      fail_damaged();
    }
  } else {
    fail_damaged();
  }
  if (!reader.ok || file >= kMaxSpillFiles) fail_damaged();
  if (spills_.size() <= file) spills_.resize(file + 1);
  Spill& spill = spills_[file];
  // A spill file is only ever appended to.
  if (entry.kind == JournalEntry::kRun && entry.run.documents_offset < end_of_runs(spill)) {
    fail_damaged();
  }
  spill.push_back(entry);
}

// Where the last run of a spill file ends; 0 if there is none.
std::uint64_t EarlierWork::end_of_runs(const Spill& spill) {
  const auto last = std::find_if(spill.rbegin(), spill.rend(), [](const Entry& entry) {
    return entry.kind == JournalEntry::kRun;
  });
  return last == spill.rend() ? 0 : last->run.end_offset;
}

void EarlierWork::use_no_runs() {
  for (const Spill& spill : spills_) {
    for (const Entry& entry : spill) {
      if (entry.kind == JournalEntry::kPart) parts_.push_back(entry.part);
    }
  }
  spills_.clear();
  sort_parts();
}

void EarlierWork::check_runs(bool positions, std::uint32_t max_token_bytes,
                             const std::function<void()>& on_run, Journal* journal) {
  const std::string spills = spill_directory(staging_);
  for (std::uint32_t file = 0; file < spills_.size(); ++file) {
    files_.push_back(File::open_or_create(spills + "/spill-" + std::to_string(file)));
    keep_runs(file, num_sound_runs(file, positions, max_token_bytes, on_run));
  }
  rewrite_journal(journal);
  for (std::uint32_t file = 0; file < spills_.size(); ++file) {
    // What is behind the last run is of no use.
    files_[file].truncate(end_of_runs(spills_[file]));
  }
  spills_.clear();
  sort_parts();
}

// How many runs of a spill file can be kept: those before the first that is damaged.
std::size_t EarlierWork::num_sound_runs(std::uint32_t file, bool positions,
                                        std::uint32_t max_token_bytes,
                                        const std::function<void()>& on_run) {
  std::size_t num_runs = 0;
  for (const Entry& entry : spills_[file]) {
    if (entry.kind != JournalEntry::kRun) continue;
    on_run();
    try {
      check_run(files_[file], entry.run, positions, max_token_bytes);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kCorrupt) throw;
      all_read_ = false;
      break;
    }
    ++num_runs;
  }
  return num_runs;
}

// Forgets all of a spill file but its first runs, and the parts in them. A document that is not in
// them to its end is read again: what there is of it goes, too.
void EarlierWork::keep_runs(std::uint32_t file, std::size_t num_runs) {
  Spill& spill = spills_[file];
  std::size_t size = 0;  // of what is kept
  for (std::size_t i = 0, run = 0; run < num_runs; ++i) {
    if (spill[i].kind != JournalEntry::kRun) continue;
    ++run;
    size = i + 1;
  }
  // All of it was read: what is behind the last run was skipped.
  if (all_read_) return;
  spill.resize(size);
  while (!spill.empty()) {
    Entry& last = spill.back();
    if (last.kind == JournalEntry::kRun) {
      if (last.run.drop_last || !ends_within_document(last.run)) return;
      if (last.run.num_pieces > 1) {
        last.run.drop_last = true;
        return;
      }
    }
    spill.pop_back();
  }
}

// Leaves out what was forgotten, or it would be checked again each time.
void EarlierWork::rewrite_journal(Journal* journal) {
  const std::string path = staging_ + "/" + std::string(kNewJournalName);
  remove_if_there(path);
  journal->create(path, settings_);
  std::uint32_t file = 0;
  for (Spill& spill : spills_) {
    ReadCounts counts;
    for (Entry& entry : spill) {
      if (entry.kind == JournalEntry::kRun) {
        journal->add_run(file, entry.run, entry.counts);
        runs_.push_back(entry.run);
        counts = entry.counts;
      } else {
        const std::string_view part = read_part(entry.part).substr(sizeof(std::uint32_t));
        entry.part.offset = journal->add(JournalEntry::kPart, part);
        parts_.push_back(entry.part);
      }
    }
    counts_ += counts;
    ++file;
  }
  if (all_read_) journal->add(JournalEntry::kAllRead, {});
  journal->move_to(staging_);
  journal_ = File::open_read(staging_ + "/" + std::string(kJournalName));
  journal_bytes_ = journal_.size();
}

void EarlierWork::sort_parts() {
  std::sort(parts_.begin(), parts_.end(),
            [](const Part& a, const Part& b) { return a.first < b.first; });
  for (std::size_t i = 1; i < parts_.size(); ++i) {
    if (parts_[i].first - parts_[i - 1].first < parts_[i - 1].size) fail_damaged();
  }
}

bool EarlierWork::has(std::uint64_t number, std::string_view path, const FileMark& now,
                      const OnSkip& on_skip) {
  if (next_part_ == parts_.size() || number < parts_[next_part_].first) {
    if (all_read_) throw changed(path, "it is new");
    return false;
  }
  const Part& part = parts_[next_part_];
  if (!part_is_loaded_) {
    const std::string_view text = read_part(part).substr(kPartHeadBytes);
    marks_ = text.substr(0, part.size * sizeof(FileMark));
    skips_ = text.substr(marks_.size());
    part_is_loaded_ = true;
  }
  FileMark before;
  std::memcpy(&before, marks_.data() + (number - part.first) * sizeof(before), sizeof(before));
  if (now.path != before.path) {
    throw changed(path, "it is new, or a file that would be before it is gone");
  }
  if (now.state != before.state) throw changed(path, "its size or time of change is another");
  if (!skips_.empty()) {
    EntryReader skip{skips_};
    const auto of = skip.take<std::uint64_t>();
    const auto reason = skip.take<std::uint32_t>();
    const auto cause_bytes = skip.take<std::uint32_t>();
    if (!skip.ok || reason >= kNumSkipReasons || cause_bytes > skip.bytes.size()) fail_damaged();
    if (of == number) {
      skips_ = skip.bytes.substr(cause_bytes);
      on_skip(static_cast<SkipReason>(reason), skip.bytes.substr(0, cause_bytes));
    }
  }
  if (number + 1 == part.first + part.size) {
    ++next_part_;
    part_is_loaded_ = false;
  }
  return true;
}

// A part entry, in the buffer.
std::string_view EarlierWork::read_part(const Part& part) {
  FrameReader frames(journal_, buffer_.data(), buffer_.size());
  frames.open(part.offset, journal_bytes_);
  const std::string_view entry = frames.next();
  if (entry.size() < kPartHeadBytes + part.size * sizeof(FileMark)) fail_damaged();
  return entry;
}

void EarlierWork::expect_end() const {
  if (next_part_ == parts_.size()) return;
  throw changed({}, "files at the end of the corpus are gone");
}

void EarlierWork::fail_damaged() const {
  throw Error(ErrorKind::kCorrupt, journal_.path(), "the journal of the build is damaged",
              "build without --resume");
}

}  // namespace spimi
