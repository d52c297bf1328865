#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/temporary_directory.h"

namespace spimi::testing {

struct RunOptions {
  std::string directory;  ///< To work in; empty: the fixture's.
  std::vector<std::pair<std::string, std::string>> environment;  ///< Added to the fixture's.
  std::string stdin_path = "/dev/null";
  std::string stdout_path;  ///< Where stdout goes instead of `RunResult::out`.
  bool close_stdout_reader = false;
  bool ignore_sigpipe = false;
  bool stderr_is_terminal = false;
  /// If not empty, stdin, stdout and stderr are one terminal, whose output is RunResult::out. Once
  /// the program has printed `first` since the entry before, `second` is typed.
  std::vector<std::pair<std::string, std::string>> typed;
  std::function<void()> in_child;  ///< Called before the program replaces the child; limits.
  std::function<void(pid_t)> while_running;  ///< Called once, after the start.
};

struct RunResult {
  int exit_code = -1;  ///< -1 if it died of a signal.
  int signal = 0;
  std::string out;
  std::string err;
};

/// Runs the program in a private temporary directory, with a home directory inside it. The
/// directory `corpus` holds what `write_corpus` writes.
class CliTest : public ::testing::Test {
 protected:
  explicit CliTest(const std::string& base = TemporaryDirectory::default_base());

  RunResult run(std::vector<std::string> arguments, const RunOptions& options = {}) const;

  /// Three documents: a.txt "Cat dog cat", sub/b.txt "The dog.", z.md "naïve Cat".
  void write_corpus() const;
  /// Writes that corpus and builds `index` from it.
  void build_index() const;

  /// The real path of `relative`, inside the temporary directory.
  std::string path(std::string_view relative) const;

  TemporaryDirectory directory_;
};

}  // namespace spimi::testing
