#include "indexer/journal.h"

#include <algorithm>
#include <type_traits>

#include "base/checksum.h"

namespace spimi {
namespace {

template <class T>
void put(std::string* out, T value) {
  static_assert(std::is_integral_v<T>);
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

}  // namespace

FileMark::FileMark(std::string_view path_text, const std::optional<struct stat>& status)
    : path(checksum64(path_text.data(), path_text.size())) {
  std::uint64_t numbers[2] = {};
  if (status) {
    numbers[0] = static_cast<std::uint64_t>(status->st_size);
    numbers[1] = static_cast<std::uint64_t>(modification_ns(*status));
  }
  state = checksum64(numbers, sizeof(numbers));
}

void Journal::create(const std::string& path, std::string_view settings) {
  file_ = File::create(path);
  file_.pwrite_all(0, kJournalMagic.data(), kJournalMagic.size());
  offset_ = kJournalMagic.size();
  add(JournalEntry::kSettings, settings);
}

void Journal::move_to(const std::string& staging) {
  file_.sync();
  rename_path(file_.path(), staging + "/" + std::string(kJournalName));
  sync_directory(staging);
}

std::uint64_t Journal::add(JournalEntry kind, std::string_view entry) {
  std::string frame(kFrameHeaderBytes, '\0');
  put(&frame, static_cast<std::uint32_t>(kind));
  frame += entry;
  put_frame_header(frame.data(), frame.size() - kFrameHeaderBytes);
  const std::lock_guard lock(mutex_);
  file_.pwrite_all(offset_, frame.data(), frame.size());
  offset_ += frame.size();
  return offset_ - frame.size();
}

void Journal::add_run(std::uint32_t spill_file, const RunInfo& run, const ReadCounts& counts) {
  std::string entry;
  put(&entry, spill_file);
  const std::uint64_t numbers[kRunEntryNumbers] = {
      run.documents_offset,
      run.terms_offset,
      run.samples_offset,
      run.end_offset,
      run.ticket,
      run.sequence,
      run.num_pieces,
      run.num_docs,
      std::uint64_t{run.first_continues} | std::uint64_t{run.drop_last} << 1,
      counts.num_tokens,
      counts.num_overlong_tokens,
      counts.corpus_bytes};
  for (const std::uint64_t number : numbers) put(&entry, number);
  add(JournalEntry::kRun, entry);
}

ThreadJournal::ThreadJournal(Journal& journal, std::uint32_t spill_file)
    : journal_(journal), spill_file_(spill_file) {}

void ThreadJournal::begin_file(std::uint64_t number, const ReadCounts& before) {
  number_ = number;
  before_ = before;
  skip_.clear();
}

void ThreadJournal::skip(SkipReason reason, std::string_view cause) {
  cause = cause.substr(0, kMaxSkipCauseBytes);
  put(&skip_, number_);
  put(&skip_, static_cast<std::uint32_t>(reason));
  put(&skip_, static_cast<std::uint32_t>(cause.size()));
  skip_ += cause;
}

std::size_t ThreadJournal::end_file(const FileMark& mark, const std::vector<RunInfo>& runs) {
  const std::size_t num_new = add_runs(runs, before_);
  // A part is of adjacent files.
  if (number_ != part_first_ + marks_.size() / sizeof(FileMark)) add_part();
  if (marks_.empty()) part_first_ = number_;
  put(&marks_, mark.path);
  put(&marks_, mark.state);
  skips_ += skip_;
  if (marks_.size() >= kMaxPartFiles * sizeof(FileMark) || skips_.size() >= kMaxPartSkipBytes) {
    add_part();
  }
  return num_new;
}

std::size_t ThreadJournal::flushed(const std::vector<RunInfo>& runs, const ReadCounts& counts) {
  const std::size_t num_new = add_runs(runs, counts);
  add_part();
  return num_new;
}

std::size_t ThreadJournal::add_runs(const std::vector<RunInfo>& runs, const ReadCounts& counts) {
  const std::size_t num_new = runs.size() - num_runs_;
  if (num_new == 0) return 0;
  add_part();
  for (; num_runs_ < runs.size(); ++num_runs_) {
    journal_.add_run(spill_file_, runs[num_runs_], counts);
  }
  return num_new;
}

void ThreadJournal::add_part() {
  if (marks_.empty()) return;
  std::string entry;
  put(&entry, spill_file_);
  put(&entry, part_first_);
  put(&entry, static_cast<std::uint64_t>(marks_.size() / sizeof(FileMark)));
  entry += marks_;
  entry += skips_;
  journal_.add(JournalEntry::kPart, entry);
  marks_.clear();
  skips_.clear();
}

}  // namespace spimi
