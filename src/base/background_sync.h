#pragma once

#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "base/file.h"

namespace spimi {

/// Syncs files from a thread of its own while they are written, so that the sync at their end has
/// little left to wait for. (Writeback that is only started is not enough: the device takes it into
/// a cache of its own, and the sync waits until all of that is on the disk.)
class BackgroundSync {
 public:
  BackgroundSync() = default;
  /// Waits for the sync that is under way: its file is about to be closed.
  ~BackgroundSync() { stop(); }
  BackgroundSync(const BackgroundSync&) = delete;
  BackgroundSync& operator=(const BackgroundSync&) = delete;

  /// Has `file` synced soon. It stays where it is, and open, until finish. Where the system gives
  /// no thread, nothing is done. Called by one thread at a time.
  void request(File& file);
  /// Waits for the sync that is under way and drops the requests left over. Throws Error(kIo) if
  /// a sync failed: the kernel tells that once, so the next one of the same file may succeed.
  void finish();

 private:
  void stop();
  void work(const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::vector<File*> wanted_;
  std::exception_ptr failure_;
  std::jthread thread_;  // from the first request on
};

}  // namespace spimi
