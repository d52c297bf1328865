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

/// A contiguous stretch of the corpus that one worker reads.
class Lease {
 public:
  /// The number of its first file in the order of the walk: its ticket.
  std::uint64_t ticket() const { return ticket_; }
  std::size_t size() const { return entries_.size(); }
  /// Copies entry i out.
  void get(std::size_t i, WalkEntry* entry) const;

 private:
  friend class Leases;
  struct Entry {
    std::uint32_t directory;
    std::uint32_t name_bytes;  // the path ends in the name
    std::uint64_t path_offset;
    std::uint64_t path_bytes;
    std::uint64_t size_bytes;
    std::int64_t modified_ns;
  };
  std::uint64_t ticket_ = 0;
  std::vector<std::shared_ptr<const File>> directories_;
  std::vector<Entry> entries_;
  std::string paths_;
};

/// Hands out a walk in leases, in order. Workers come for the next one themselves: there is no
/// queue that could run full, and no thread that could be late. Thread-safe.
class Leases {
 public:
  struct Limits {
    std::uint64_t text_bytes =
        0;  ///< Of files, by their listed sizes; the last file may exceed it.
    std::size_t memory_bytes = 0;  ///< Of a lease.
    std::size_t directories = 0;   ///< Each holds a descriptor.
  };

  /// Files that need not be read, for which `is_done` returns true, are left out. It is called for
  /// each file, in order.
  using IsDone = std::function<bool(std::uint64_t number, const WalkEntry& entry)>;
  Leases(Walk& walk, const Limits& limits, IsDone is_done = {})
      : walk_(walk), limits_(limits), is_done_(std::move(is_done)) {}

  /// False when the walk is at its end.
  bool next(Lease* lease);

 private:
  bool advance();

  Walk& walk_;
  const Limits limits_;
  const IsDone is_done_;
  std::mutex mutex_;
  WalkEntry entry_;
  std::uint64_t num_entries_ = 0;  // that the walk has returned; entry_ is the last of them
  bool has_entry_ = false;         // entry_ is the first of the next lease
  bool at_end_ = false;
};

}  // namespace spimi
