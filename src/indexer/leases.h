#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "input/walk.h"

namespace spimi {

/// Hands out the files of a walk, to each thread a contiguous stretch of them at a time: its lease.
/// Threads come for the next one themselves: there is no queue that could run full, and no thread
/// that could be late. When the walk is at its end, who comes gets half of what the one with the
/// most has left; so all end at about the same time, and of a small corpus all have something to
/// do. Thread-safe.
class Leases {
 public:
  struct Limits {
    /// Of a lease's files, more or less: only some are asked for their sizes, for that takes as
    /// long as opening them.
    std::uint64_t text_bytes = 0;
    /// What has less left is not halved: another run costs more.
    std::uint64_t split_bytes = 0;
    std::size_t memory_bytes = 0;  ///< Of a lease.
    std::size_t directories = 0;   ///< Each holds a descriptor.
  };

  /// Files that need not be read, for which `is_done` returns true, are left out. It is called for
  /// each file, in order.
  using IsDone = std::function<bool(std::uint64_t number, const WalkEntry& entry)>;
  Leases(Walk& walk, const Limits& limits, unsigned num_threads, IsDone is_done = {})
      : walk_(walk), limits_(limits), is_done_(std::move(is_done)), leases_(num_threads) {}

  /// Goes to the next file that this thread is to read, and to its number in the order of the walk;
  /// false when there is none. Numbers of a thread grow, but for a jump back to what another one
  /// has left.
  bool next(unsigned thread, WalkEntry* entry, std::uint64_t* number);

 private:
  struct Lease {
    struct Entry {
      std::uint32_t directory;
      std::uint32_t name_bytes;  // the path ends in the name
      std::uint64_t path_offset;
      std::uint64_t path_bytes;
      std::uint64_t size_bytes;  // roughly, until sizes_are_known
    };
    // For `next`, and for taking from the end of `entries`. All else is done with Leases::mutex_.
    std::mutex mutex;
    std::uint64_t first = 0;  // the number of entries[0]
    std::size_t next = 0;     // of entries
    std::vector<std::shared_ptr<const File>> directories;
    std::vector<Entry> entries;
    std::string paths;
    bool sizes_are_known = false;

    void clear();
    bool take(WalkEntry* entry, std::uint64_t* number);
    void get(const Entry& from, WalkEntry* entry) const;
    std::uint64_t bytes_left(const Walk& walk);
  };

  bool advance();
  bool fill(Lease* lease);
  bool split_largest(Lease* lease);

  Walk& walk_;
  const Limits limits_;
  const IsDone is_done_;
  std::mutex mutex_;
  WalkEntry entry_;
  std::uint64_t num_entries_ = 0;  // that the walk has returned; entry_ is the last of them
  bool has_entry_ = false;         // entry_ is the first of the next lease
  bool at_end_ = false;
  std::vector<Lease> leases_;  // of each thread
};

}  // namespace spimi
