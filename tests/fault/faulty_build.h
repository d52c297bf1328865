#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <exception>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fault/faulty_system_calls.h"
#include "indexer/corpora.h"
#include "spimi/build.h"
#include "support/sanitized.h"
#include "support/temporary_directory.h"

namespace spimi::testing {

/// The release fails every call, or one of this many.
inline constexpr std::uint64_t kStep = kSanitized ? 31 : 1;

/// Of the calls 1 to `size` those to fail: each, or every kStep-th from one that $SPIMI_TEST_SEED
/// decides, and the last.
std::vector<std::uint64_t> calls_to_fail(std::uint64_t size);

/// What became of a build.
struct BuildOutcome {
  std::optional<BuildSummary> summary;  ///< Of one that ended well.
  std::optional<Error> error;
  bool out_of_memory = false;        ///< std::bad_alloc.
  std::set<std::string> unreadable;  ///< Paths that were reported.
};

/// A directory `out` with an index of old files, which a build of new ones replaces, while system
/// calls fail.
class FaultyBuildTest : public ::testing::Test {
 protected:
  FaultyBuildTest();

  std::string corpus() const { return directory_.path("corpus"); }
  std::string out() const { return directory_.path("out"); }

  /// Writes the corpus: a few small files, one of them binary; and files of distinct words, which
  /// make several runs, the last of them in the middle of a document.
  void use_corpus_of_several_runs();
  void use_small_corpus();

  /// Brings back the old index, and nothing else.
  void reset();
  BuildOutcome build_now(bool resume = false);

  /// The old index, whole, whatever is beside it.
  bool has_old_index() const;
  /// That of the new corpus, without the documents that were reported as unreadable.
  bool has_new_index(const std::set<std::string>& unreadable = {}) const;
  void expect_new_index(const std::set<std::string>& unreadable = {}) const;

  TemporaryDirectory directory_{TemporaryDirectory::memory_base()};
  BuildOptions options_;

 private:
  const std::map<std::string, std::string>& expected(const std::set<std::string>& unreadable) const;
  void write_texts();
  std::map<std::string, std::string> index_files_in_out() const;

  Corpus texts_;
  std::map<std::string, std::string> old_index_;
  mutable std::map<std::set<std::string>, std::map<std::string, std::string>> expected_;
};

}  // namespace spimi::testing
