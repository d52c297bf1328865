#include "fault/faulty_build.h"

#include <filesystem>
#include <new>

#include "format/layout.h"
#include "format/manifest.h"
#include "spimi/index.h"
#include "support/random_text.h"

namespace spimi::testing {

namespace fs = std::filesystem;

std::vector<std::uint64_t> calls_to_fail(std::uint64_t size) {
  Random random(test_seed() + size);
  std::vector<std::uint64_t> calls;
  for (std::uint64_t n = 1 + random_below(random, kStep); n < size; n += kStep) calls.push_back(n);
  if (size > 0) calls.push_back(size);
  return calls;
}

FaultyBuildTest::FaultyBuildTest() {
  options_.num_threads = 1;
  options_.memory_budget_bytes = minimum_memory_bytes(options_);
  options_.replace = true;
  write_corpus({{"old", "what was there before"}}, corpus());
  build(corpus(), out(), options_);
  old_index_ = files_below(out());
}

void FaultyBuildTest::write_texts() {
  fs::remove_all(corpus());
  write_corpus(texts_, corpus());
  directory_.write_file("corpus/c/binary", std::string("a\0b", 3));
  expected_.clear();
}

void FaultyBuildTest::use_small_corpus() {
  texts_ = {{"a", "one two"}, {"b/c", "two three"}, {"c/d", ""}};
  write_texts();
}

void FaultyBuildTest::use_corpus_of_several_runs() {
  texts_ = {{"a", "one two"},
            {"b/c", "two three " + distinct_words(14000)},
            {"b/d", distinct_words(30000, 8000)},
            {"c/e", "five"},
            {"f", ""}};
  write_texts();
}

void FaultyBuildTest::reset() {
  fs::remove_all(out());
  write_files(old_index_, out());
}

BuildOutcome FaultyBuildTest::build_now(bool resume) {
  BuildOutcome outcome;
  BuildOptions options = options_;
  options.resume = resume;
  options.on_skip = [&](std::string_view path, SkipReason reason, std::string_view cause) {
    if (reason != SkipReason::kUnreadable) return;
    EXPECT_FALSE(cause.empty());
    outcome.unreadable.emplace(path);
  };
  try {
    outcome.summary = build(corpus(), out(), options);
    EXPECT_EQ(outcome.summary->skipped[static_cast<std::size_t>(SkipReason::kUnreadable)],
              outcome.unreadable.size());
  } catch (const Error& error) {
    outcome.error = error;
  } catch (const std::bad_alloc&) {
    outcome.out_of_memory = true;
  }
  return outcome;
}

const std::map<std::string, std::string>& FaultyBuildTest::expected(
    const std::set<std::string>& unreadable) const {
  auto& files = expected_[unreadable];
  if (files.empty()) {
    Corpus texts = texts_;
    // A directory that could not be read takes what is in it along.
    std::erase_if(texts, [&](const auto& text) {
      for (const std::string& path : unreadable) {
        if (text.first == path || text.first.starts_with(path + "/")) return true;
      }
      return false;
    });
    files = expected_files(texts, fs::canonical(corpus()).string(), options_);
  }
  return files;
}

// What a reader can see: the manifest and the segment it names.
std::map<std::string, std::string> FaultyBuildTest::index_files_in_out() const {
  auto files = files_below(out());
  const auto manifest = files.find("manifest");
  if (manifest == files.end()) return {};
  const std::string segment =
      segment_directory_name(parse_manifest("manifest", manifest->second).build_id);
  std::erase_if(files, [&](const auto& file) {
    return file.first != "manifest" && !file.first.starts_with(segment + "/");
  });
  return files;
}

bool FaultyBuildTest::has_old_index() const { return index_files_in_out() == old_index_; }
bool FaultyBuildTest::has_new_index(const std::set<std::string>& unreadable) const {
  return index_files_in_out() == expected(unreadable);
}
void FaultyBuildTest::expect_new_index(const std::set<std::string>& unreadable) const {
  expect_same_files(index_files_in_out(), expected(unreadable));
}

}  // namespace spimi::testing
