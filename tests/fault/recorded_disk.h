#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fault/faulty_system_calls.h"
#include "support/random_text.h"

namespace spimi::testing {

/// Records what is done to the files below a directory, and says what may be found there after a
/// loss of power: all that was synced, and of the rest what you like, torn where it is cut.
class RecordedDisk : public SystemCallRule {
 public:
  /// What becomes of what was not synced.
  enum class Unsynced {
    kLost,       ///< All of it.
    kKept,       ///< None of it: a kill.
    kNamesKept,  ///< The names are there; the bytes are not, and the sizes are 0.
    kZeros,      ///< The names and sizes are there; the bytes are zeros.
    kLastKept,   ///< Only the last change is there: it overtook the others.
    kAtRandom,   ///< Each change by itself, writes in part.
  };

  /// Begins with what is in `directory`.
  explicit RecordedDisk(std::string directory);

  void made(const SystemCall& call, std::size_t size) override;

  std::size_t num_events() const { return events_.size(); }
  /// The files after the first `num_events` and a loss of power, by path relative to the
  /// directory. A directory without files is not in it.
  std::map<std::string, std::string> after(std::size_t num_events, Unsynced unsynced,
                                           Random& random) const;

 private:
  using Inode = std::uint64_t;
  enum class EventKind { kLink, kUnlink, kRename, kWrite, kResize, kSync };
  struct Event {
    EventKind kind;
    Inode inode = 0;      // written to, linked, synced
    Inode directory = 0;  // of a name; kRename: the old one
    std::string name;
    Inode to_directory = 0;
    std::string to_name;
    std::uint64_t offset = 0;  // kResize: the size
    std::string bytes;
    std::size_t synced_by = ~std::size_t{0};  // the event that made it durable
  };
  struct Disk {
    std::map<Inode, std::map<std::string, Inode>> directories;
    std::map<Inode, std::string> files;
  };

  bool below(const std::string& path, std::string* relative) const;
  Inode find(const std::string& relative) const;
  void split(const std::string& relative, Inode* directory, std::string* name) const;
  void add(Event event);
  static void apply(const Event& event, Disk* disk);
  void sync(Inode inode);

  const std::string directory_;
  Disk before_, now_;
  Inode next_inode_ = 2;  // 1 is the directory
  std::vector<Event> events_;
};

}  // namespace spimi::testing
