#include "indexer/leases.h"

#include "base/stage_clock.h"

namespace spimi {

void Lease::get(std::size_t i, WalkEntry* entry) const {
  const Entry& from = entries_[i];
  entry->directory = directories_[from.directory];
  entry->path.assign(paths_, from.path_offset, from.path_bytes);
  entry->name.assign(paths_, from.path_offset + from.path_bytes - from.name_bytes, from.name_bytes);
  entry->size_bytes = from.size_bytes;
  entry->modified_ns = from.modified_ns;
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

bool Leases::next(Lease* lease) {
  lease->entries_.clear();
  lease->directories_.clear();
  lease->paths_.clear();
  StageScope stage(Stage::kWait);
  const std::lock_guard lock(mutex_);
  stage.to(Stage::kWalk);
  if (at_end_) return false;
  std::uint64_t text_bytes = 0;
  for (;;) {
    if (!has_entry_ && !advance()) {
      entry_.directory.reset();
      break;
    }
    has_entry_ = true;
    const bool same_directory =
        !lease->directories_.empty() && lease->directories_.back() == entry_.directory;
    const std::size_t memory_bytes = lease->entries_.size() * sizeof(Lease::Entry) +
                                     lease->paths_.size() + lease->directories_.size() * 96;
    if (!lease->entries_.empty() &&
        (num_entries_ - 1 != lease->ticket_ + lease->size() || text_bytes >= limits_.text_bytes ||
         memory_bytes >= limits_.memory_bytes ||
         (!same_directory && lease->directories_.size() >= limits_.directories))) {
      break;
    }
    if (lease->entries_.empty()) lease->ticket_ = num_entries_ - 1;
    if (!same_directory) lease->directories_.push_back(entry_.directory);
    lease->entries_.push_back({static_cast<std::uint32_t>(lease->directories_.size() - 1),
                               static_cast<std::uint32_t>(entry_.name.size()), lease->paths_.size(),
                               entry_.path.size(), entry_.size_bytes, entry_.modified_ns});
    lease->paths_ += entry_.path;
    text_bytes += entry_.size_bytes;
    has_entry_ = false;
  }
  return !lease->entries_.empty();
}

}  // namespace spimi
