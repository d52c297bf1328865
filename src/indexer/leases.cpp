#include "indexer/leases.h"

#include <algorithm>
#include <cstddef>

#include "base/stage_clock.h"

namespace spimi {
namespace {

// Of so many files one is asked for its size, and stands for all of them: to ask each takes 3 % of
// a build of files of some 10 kB.
constexpr std::size_t kFilesPerSize = 8;

std::uint64_t size_of(const Walk& walk, const WalkEntry& entry) {
  const auto status = walk.status(entry);
  return status ? static_cast<std::uint64_t>(status->st_size) : 0;
}

}  // namespace

void Leases::Lease::clear() {
  next = 0;
  sizes_are_known = false;
  entries.clear();
  directories.clear();
  paths.clear();
}

bool Leases::Lease::take(WalkEntry* entry, std::uint64_t* number) {
  const std::lock_guard lock(mutex);
  if (next == entries.size()) return false;
  get(entries[next], entry);
  *number = first + next++;
  return true;
}

void Leases::Lease::get(const Entry& from, WalkEntry* entry) const {
  entry->directory = directories[from.directory];
  entry->path.assign(paths, from.path_offset, from.path_bytes);
  entry->name.assign(paths, from.path_offset + from.path_bytes - from.name_bytes, from.name_bytes);
}

// Asks for the size of each file.
std::uint64_t Leases::Lease::bytes_left(const Walk& walk) {
  std::uint64_t bytes = 0;
  WalkEntry entry;
  for (std::size_t i = next; i < entries.size(); ++i) {
    if (!sizes_are_known) {
      get(entries[i], &entry);
      entries[i].size_bytes = size_of(walk, entry);
    }
    bytes += entries[i].size_bytes;
  }
  sizes_are_known = true;
  return bytes;
}

bool Leases::next(unsigned thread, WalkEntry* entry, std::uint64_t* number) {
  Lease& lease = leases_.at(thread);
  while (!lease.take(entry, number)) {
    StageScope stage(Stage::kWait);
    const std::lock_guard lock(mutex_);
    stage.to(Stage::kWalk);
    lease.clear();
    if (!fill(&lease) && !split_largest(&lease)) return false;
  }
  return true;
}

// Goes to the next file that is to be read; false at the end of the walk.
bool Leases::advance() {
  // A walk that threw is of no more use: the other threads find it at its end.
  at_end_ = true;
  do {
    if (!walk_.next(&entry_)) return false;
    ++num_entries_;
  } while (is_done_ && is_done_(num_entries_ - 1, entry_));
  at_end_ = false;
  return true;
}

// With the files of the walk that come next; false if there are none.
bool Leases::fill(Lease* lease) {
  if (at_end_) return false;
  std::uint64_t text_bytes = 0, size_bytes = 0;
  for (;;) {
    if (!has_entry_ && !advance()) {
      entry_.directory.reset();
      break;
    }
    has_entry_ = true;
    const bool same_directory =
        !lease->directories.empty() && lease->directories.back() == entry_.directory;
    const std::size_t memory_bytes = lease->entries.size() * sizeof(Lease::Entry) +
                                     lease->paths.size() + lease->directories.size() * 96;
    if (!lease->entries.empty() &&
        (num_entries_ - 1 != lease->first + lease->entries.size() ||
         text_bytes >= limits_.text_bytes || memory_bytes >= limits_.memory_bytes ||
         (!same_directory && lease->directories.size() >= limits_.directories))) {
      break;
    }
    if (lease->entries.empty()) lease->first = num_entries_ - 1;
    if (lease->entries.size() % kFilesPerSize == 0) size_bytes = size_of(walk_, entry_);
    if (!same_directory) lease->directories.push_back(entry_.directory);
    lease->entries.push_back({static_cast<std::uint32_t>(lease->directories.size() - 1),
                              static_cast<std::uint32_t>(entry_.name.size()), lease->paths.size(),
                              entry_.path.size(), size_bytes});
    lease->paths += entry_.path;
    text_bytes += size_bytes;
    has_entry_ = false;
  }
  return !lease->entries.empty();
}

// With the second half of what the thread with the most text to read has left; false if none has
// enough.
bool Leases::split_largest(Lease* lease) {
  Lease* from = nullptr;
  std::unique_lock<std::mutex> from_lock;
  std::uint64_t most = 0;
  for (Lease& other : leases_) {
    std::unique_lock lock(other.mutex);
    const std::uint64_t bytes = other.bytes_left(walk_);
    if (bytes < std::max(limits_.split_bytes, most + 1)) continue;
    most = bytes;
    from = &other;
    from_lock = std::move(lock);
  }
  if (from == nullptr) return false;
  std::size_t split = from->entries.size();
  for (std::uint64_t bytes = 0; 2 * bytes < most;) bytes += from->entries[--split].size_bytes;
  lease->first = from->first + split;
  lease->directories = from->directories;
  const std::uint64_t paths_begin = from->entries[split].path_offset;
  lease->paths.assign(from->paths, paths_begin);
  lease->entries.assign(from->entries.begin() + static_cast<std::ptrdiff_t>(split),
                        from->entries.end());
  for (Lease::Entry& entry : lease->entries) entry.path_offset -= paths_begin;
  lease->sizes_are_known = true;
  from->entries.resize(split);
  return true;
}

}  // namespace spimi
