#pragma once

#include "spimi/error.h"

namespace spimi::cli {

// What the program's exit says; the same numbers stand in its help. A build stopped by a signal
// dies of that signal.
inline constexpr int kExitDone = 0;
inline constexpr int kExitNoMatch = 1;  ///< query: no document matched.
inline constexpr int kExitUsage = 2;
inline constexpr int kExitUnreadable = 3;  ///< Done, but some input could not be read.
inline constexpr int kExitFailed = 4;      ///< I/O or resources.
inline constexpr int kExitCorrupt = 5;     ///< Corrupt or incompatible index.
inline constexpr int kExitLocked = 6;      ///< Another process writes the index.

/// The exit code of a failure. kInterrupted has none of its own: the build commands die of the
/// signal instead.
constexpr int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUsage:
      return kExitUsage;
    case ErrorKind::kCorrupt:
      return kExitCorrupt;
    case ErrorKind::kLocked:
      return kExitLocked;
    case ErrorKind::kIo:
    case ErrorKind::kInterrupted:
      break;
  }
  return kExitFailed;
}

}  // namespace spimi::cli
