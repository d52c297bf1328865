#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "indexer/run.h"
#include "spimi/build.h"

namespace spimi {

// A build notes down in staging/journal what it has done, so that one that was cut short can go on
// (BuildOptions::resume). The file is a line that names it, and then frames as in run.h, each with
// an entry:
//
//     settings := u32 0  text                   what decides the bytes of the index, a line each
//     part     := u32 1  u32 file  u64 first  u64 num_files  file_mark{num_files}  skip*
//     run      := u32 2  u32 file  u64{12}      a run that was written to a spill file, and the
//                                               counts of what the file holds up to its end
//     all_read := u32 3                         nothing of the corpus is left to read
//     skip     := u64 number  u32 reason  u32 cause_bytes  cause
//
// Files of the corpus are numbered in the order of the walk, whether they become documents or not.
// A thread writes each spill file, and its entries are in the order of its work: whatever is in the
// parts before a run entry is in the runs up to it. So the runs of a spill file up to any one of
// them, and the parts before that, are a state to go on from. Nothing here is synced: after a crash
// of the machine, what is whole of it still holds, for the checksums of the runs are checked.

inline constexpr std::string_view kJournalMagic = "spimi journal, format 1\n";
inline constexpr std::string_view kJournalName = "journal";
inline constexpr std::string_view kNewJournalName = "journal.tmp";
enum class JournalEntry : std::uint32_t { kSettings, kPart, kRun, kAllRead };

/// How a file of the corpus was found. Two that differ in nothing are taken for the same file.
struct FileMark {
  std::uint64_t path = 0;   ///< Hash of the path.
  std::uint64_t state = 0;  ///< Hash of size and time of the last change.
  /// Without a status for a file that had none to be had.
  FileMark(std::string_view path, const std::optional<struct stat>& status);
  FileMark() = default;
  bool operator==(const FileMark&) const = default;
};

/// What was counted of the documents in runs.
struct ReadCounts {
  std::uint64_t num_tokens = 0, num_overlong_tokens = 0, corpus_bytes = 0;

  ReadCounts& operator+=(const ReadCounts& other) {
    num_tokens += other.num_tokens;
    num_overlong_tokens += other.num_overlong_tokens;
    corpus_bytes += other.corpus_bytes;
    return *this;
  }
};

/// Numbers of a run entry, in the order they are written in.
inline constexpr std::size_t kRunEntryNumbers = 12;
/// The largest entry, with the header of its frame.
inline constexpr std::size_t kMaxJournalFrameBytes = std::size_t{64} << 10;
inline constexpr std::size_t kMaxPartFiles = 1024;
inline constexpr std::size_t kMaxPartSkipBytes = std::size_t{32} << 10;
inline constexpr std::size_t kMaxSkipCauseBytes = 1024;

/// Appends to the journal. Thread-safe.
class Journal {
 public:
  Journal() = default;
  /// Begins a journal. Error(kIo) if there is one.
  void create(const std::string& path, std::string_view settings);

  /// Returns the offset of the entry's frame.
  std::uint64_t add(JournalEntry kind, std::string_view entry);
  void add_run(std::uint32_t spill_file, const RunInfo& run, const ReadCounts& counts);

  /// Puts it, durably, in place of the journal that may be in that directory.
  void move_to(const std::string& staging);

 private:
  std::mutex mutex_;
  File file_;
  std::uint64_t offset_ = 0;
};

/// What one thread notes down: for each file of the corpus begin_file, maybe skip, end_file; then
/// `flushed` whenever its accumulator was flushed between documents.
class ThreadJournal {
 public:
  ThreadJournal(Journal& journal, std::uint32_t spill_file);
  /// A part, and the frame it is copied to.
  static constexpr std::size_t kMemoryBytes = 2 * kMaxJournalFrameBytes;

  void begin_file(std::uint64_t number, const ReadCounts& before);
  void skip(SkipReason reason, std::string_view cause);
  /// `runs` are all that the thread has written. Those that are new were written before the file
  /// that ends here, or hold parts of it. Returns how many these are.
  std::size_t end_file(const FileMark& mark, const std::vector<RunInfo>& runs);
  std::size_t flushed(const std::vector<RunInfo>& runs, const ReadCounts& counts);

 private:
  std::size_t add_runs(const std::vector<RunInfo>& runs, const ReadCounts& counts);
  void add_part();

  Journal& journal_;
  const std::uint32_t spill_file_;
  std::size_t num_runs_ = 0;
  std::uint64_t part_first_ = 0;
  std::string marks_, skips_;  // of the part that is under way
  std::uint64_t number_ = 0;
  ReadCounts before_;
  std::string skip_;  // of the file that is under way
};

}  // namespace spimi
