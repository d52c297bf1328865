#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "cli/run_program.h"
#include "spimi/index.h"
#include "support/sanitized.h"

namespace spimi::testing {

/// Builds that take some tenths of a second and make several runs, in a directory in memory.
class FaultyRunTest : public CliTest {
 protected:
  FaultyRunTest() : CliTest(TemporaryDirectory::memory_base()) {}

  /// `num_files` files of `num_words` words, most of them distinct, from the `first` on.
  void write_words(const std::string& corpus, int num_files, int num_words, int first = 0) const {
    for (int file = 0; file < num_files; ++file) {
      std::string text;
      for (int i = 0; i < num_words; ++i) {
        const int word = first + file * num_words / 2 + i;
        text += (i % 5 == 0 ? "the " : "w") + std::to_string(word % (3 * num_words)) + " ";
      }
      directory_.write_file(
          corpus + "/" + std::to_string(file % 3) + "/file" + std::to_string(file), text);
    }
  }

  /// The build id of the index in `out`; empty if there is none. Fails the test if it is not whole.
  std::string whole_index(const std::string& out) const {
    if (!std::filesystem::exists(path(out + "/manifest"))) return {};
    const Index index = Index::open(path(out));
    EXPECT_TRUE(index.check(
        [](const Problem& problem) { ADD_FAILURE() << problem.path << ": " << problem.what; }));
    return index.info().build_id;
  }

  /// How often to try what is left to chance: $SPIMI_FAULT_ROUNDS, or `otherwise`; no more than
  /// four times under a sanitizer.
  static int num_rounds(int otherwise) {
    const char* rounds = std::getenv("SPIMI_FAULT_ROUNDS");
    if (rounds != nullptr) return std::atoi(rounds);
    return kSanitized ? std::min(otherwise, 4) : otherwise;
  }
};

}  // namespace spimi::testing
