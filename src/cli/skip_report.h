#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "cli/console.h"
#include "spimi/build.h"
#include "spimi/error.h"

namespace spimi::cli {

/// What a build left out: written to the file of --report as JSON lines, and the first unreadable
/// entries kept for stderr. `add` is called by one thread at a time, from within the build: it does
/// not throw; `finish` says what failed.
class SkipReport {
 public:
  /// `path` is empty for no file. Throws Error(kIo) if it cannot be created: better before the
  /// build than after it.
  explicit SkipReport(const std::string& path);
  ~SkipReport();
  SkipReport(const SkipReport&) = delete;
  SkipReport& operator=(const SkipReport&) = delete;

  bool has_file() const { return file_.is_open(); }

  void add(std::string_view path, SkipReason reason, std::string_view cause) noexcept;

  /// Names unreadable entries on stderr.
  void print_unreadable(const Console& console) const;

  /// Writes what is buffered; for a process that ends without destructors. What fails is left for
  /// finish.
  void flush() noexcept;

  /// Writes the rest of the file. Throws the first Error(kIo) that writing it met.
  void finish();

 private:
  File file_;  ///< A pipe as well as a regular file: only ever appended to.
  std::string buffer_;
  std::optional<Error> failure_;

  std::vector<std::string> first_unreadable_;
  std::uint64_t num_unreadable_ = 0;
};

}  // namespace spimi::cli
