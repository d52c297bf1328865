#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace spimi::testing {

enum class CallKind {
  kOpen,
  kClose,
  kRead,
  kWrite,
  kList,    ///< getdents64, lseek.
  kStatus,  ///< fstat, stat, lstat, fstatat, fstatvfs.
  kLock,
  kSync,
  kAdvice,  ///< fallocate, duplicate: its failure is none of the caller.
  kTruncate,
  kMakeDirectory,
  kRemove,
  kRename,
  kMemory,  ///< map_memory, resize_memory.
  kMap,     ///< map_file.
};

/// A system call that the library is about to make.
struct SystemCall {
  CallKind kind;
  std::string path;  ///< What it is about, as absolute as the program named it.
  std::string to;    ///< Of a rename.
  int flags = 0;     ///< Of an open.
  std::uint64_t offset = 0;
  const void* data = nullptr;  ///< Of a write.
  std::size_t size = 0;        ///< Of a read or write.
};

/// Decides over the system calls of the library while one is installed. Calls come one at a time,
/// from any thread.
class SystemCallRule {
 public:
  virtual ~SystemCallRule() = default;
  /// The errno to fail with instead of making the call; 0 to make it.
  virtual int fail(const SystemCall&) { return 0; }
  /// How many bytes of a read or write to do: 1 to call.size.
  virtual std::size_t shorten(const SystemCall& call) { return call.size; }
  /// After a call that was made; `size` is what a read or write did.
  virtual void made(const SystemCall&, std::size_t /*size*/) {}
  /// May change the entries that a directory gave.
  virtual void listed(void* /*entries*/, std::size_t /*size*/) {}
};

/// Installs a rule for its scope. Not nested.
class UseRule {
 public:
  explicit UseRule(SystemCallRule& rule);
  ~UseRule();
  UseRule(const UseRule&) = delete;
  UseRule& operator=(const UseRule&) = delete;
};

/// Descriptors that the library has open.
std::size_t num_open_descriptors();

/// Fails the n-th call, or every one from it on; n counts from 1. 0: counts calls only.
class FailNth : public SystemCallRule {
 public:
  FailNth(std::uint64_t nth, int error, bool for_ever)
      : nth_(nth), error_(error), for_ever_(for_ever) {}
  int fail(const SystemCall& call) override;
  /// True for the kinds of call that are counted.
  virtual bool counts(const SystemCall& call) const;

  std::uint64_t num_calls() const { return num_calls_; }
  std::uint64_t num_failed() const { return num_failed_; }
  const SystemCall& failed() const { return failed_; }

 private:
  const std::uint64_t nth_;
  const int error_;
  const bool for_ever_;
  std::uint64_t num_calls_ = 0, num_failed_ = 0;
  SystemCall failed_{};  // the first
};

}  // namespace spimi::testing
