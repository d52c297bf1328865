#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/region.h"
#include "indexer/journal.h"
#include "indexer/run_reader.h"

namespace spimi {

/// Reads a run to its end. Throws Error(kCorrupt) where it is damaged.
void check_run(const File& file, const RunInfo& run, bool positions, std::uint32_t max_token_bytes);

/// What a build that was cut short has left in a staging directory: runs that are whole, and which
/// files of the corpus are in them.
class EarlierWork {
 public:
  /// True if there is a journal, even if nothing is in it yet.
  static bool is_in(const std::string& staging);

  /// Reads the journal. Error(kUsage) if the build had other settings. Then use_no_runs or
  /// check_runs.
  EarlierWork(const std::string& staging, const std::string& settings);

  /// The runs are not needed, for they are listed elsewhere and may have been merged since.
  void use_no_runs();
  /// Reads all runs, and forgets those that are damaged, with what depends on them. What is left
  /// is in `journal` then, which the work goes on in. Calls `on_run` now and then.
  void check_runs(bool positions, std::uint32_t max_token_bytes,
                  const std::function<void()>& on_run, Journal* journal);

  /// True if the journal holds nothing, for its build was cut short before it wrote anything.
  bool is_empty() const { return journal_bytes_ == 0; }
  /// True if nothing of the corpus is left to read.
  bool all_read() const { return all_read_; }

  /// Spill files, by their numbers, and the runs in them that are sound. Some files may be empty.
  std::vector<File>& files() { return files_; }
  const std::vector<RunInfo>& runs() const { return runs_; }
  const ReadCounts& counts() const { return counts_; }

  using OnSkip = std::function<void(SkipReason, std::string_view cause)>;
  /// For each file of the walk, in order: whether it is in the runs, or was skipped. If so, and it
  /// is not the same any more: Error(kUsage). Calls `on_skip` if it was skipped.
  bool has(std::uint64_t number, std::string_view path, const FileMark& now, const OnSkip& on_skip);
  /// At the end of the walk: Error(kUsage) if the corpus had more files.
  void expect_end() const;

 private:
  struct Part {
    std::uint64_t first, size;
    std::uint64_t offset;  // of the entry's frame
  };
  struct Entry {
    JournalEntry kind;
    Part part;
    RunInfo run;
    ReadCounts counts;
  };
  using Spill = std::vector<Entry>;  // what the journal says of a spill file, in order

  void read_journal();
  void add_entry(std::string_view payload, std::uint64_t offset);
  static std::uint64_t end_of_runs(const Spill& spill);
  std::size_t num_sound_runs(std::uint32_t file, bool positions, std::uint32_t max_token_bytes,
                             const std::function<void()>& on_run);
  void keep_runs(std::uint32_t file, std::size_t num_runs);
  void rewrite_journal(Journal* journal);
  void sort_parts();
  std::string_view read_part(const Part& part);
  [[noreturn]] void fail_damaged() const;

  const std::string staging_;
  const std::string settings_;
  File journal_;
  std::uint64_t journal_bytes_ = 0;  // that are sound
  bool all_read_ = false;
  std::vector<Spill> spills_;
  std::vector<File> files_;
  std::vector<RunInfo> runs_;
  ReadCounts counts_;

  Region<std::uint8_t> buffer_;
  std::vector<Part> parts_;  // whose files are in runs_, ascending
  std::size_t next_part_ = 0;
  bool part_is_loaded_ = false;
  std::string_view marks_, skips_;  // of part next_part_, in the buffer
};

}  // namespace spimi
