#pragma once

#include <atomic>

namespace spimi::cli {

/// While it lives, the first SIGINT, SIGTERM or SIGHUP asks the work to stop, and a second one
/// kills at once. A signal that the caller ignores stays ignored, as nohup wants. A write to a
/// closed pipe or beyond the file size limit is an error then, not a death that leaves work half
/// done. At most one at a time.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// What the library polls; true once a signal came.
  static const std::atomic<bool>& requested();
  /// The name of the signal that came, "SIGINT" for instance.
  static const char* name();
  /// Dies of the signal that came, so that the caller, a shell for instance, sees it.
  [[noreturn]] static void die();
};

}  // namespace spimi::cli
