#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace spimi {

/// What kind of failure an Error is; the program's exit codes follow from it.
enum class ErrorKind {
  kUsage,        ///< The caller asked for something that cannot be: a bad option, a foreign output
                 ///< directory.
  kIo,           ///< A system call failed, or memory or disk ran out.
  kCorrupt,      ///< An index's bytes are damaged, or of another format version.
  kLocked,       ///< Another process is writing the index.
  kInterrupted,  ///< The caller asked to stop.
};

/// Every failure the library reports. `what()` reads
/// `<path>: offset <n>: <what happened>: <cause>`, with the parts that are known; a path is escaped
/// so that no control byte of it reaches a terminal.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, std::string_view path, std::optional<std::uint64_t> offset,
        std::string_view what_happened, std::string_view cause = {});
  Error(ErrorKind kind, std::string_view path, std::string_view what_happened,
        std::string_view cause = {})
      : Error(kind, path, std::nullopt, what_happened, cause) {}

  ErrorKind kind() const { return kind_; }
  /// The raw path, unescaped; empty if none is known.
  const std::string& path() const { return path_; }
  std::optional<std::uint64_t> offset() const { return offset_; }

 private:
  ErrorKind kind_;
  std::string path_;
  std::optional<std::uint64_t> offset_;
};

/// `bytes` as printable UTF-8: control bytes, backslashes and bytes that are not UTF-8 become
/// `\xHH`. Reversible: `\xHH` stands for exactly one byte, and a backslash is itself escaped.
std::string escape_bytes(std::string_view bytes);

/// The inverse of escape_bytes. Throws Error(kUsage) on a malformed escape.
std::string unescape_bytes(std::string_view text);

}  // namespace spimi
