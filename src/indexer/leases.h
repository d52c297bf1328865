#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "input/walk.h"

namespace spimi {

/// A contiguous stretch of the corpus that one worker reads: a ticket.
class Lease {
 public:
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

  Leases(Walk& walk, const Limits& limits) : walk_(walk), limits_(limits) {}

  /// False when the walk is at its end.
  bool next(Lease* lease);

 private:
  Walk& walk_;
  const Limits limits_;
  std::mutex mutex_;
  std::uint64_t next_ticket_ = 0;
  WalkEntry entry_;
  bool has_entry_ = false;  // entry_ is the first of the next lease
  bool at_end_ = false;
};

}  // namespace spimi
