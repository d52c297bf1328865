// With the limits of indexer/limits.h lowered: what is just allowed gives the bytes of the
// reference, and one more is refused before anything wraps, whatever the runs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "indexer/corpora.h"
#include "indexer/limits.h"
#include "spimi/build.h"
#include "spimi/index.h"
#include "support/temporary_directory.h"

namespace spimi::testing {
namespace {

using ::testing::HasSubstr;

static_assert(kMaxDocs < 1000 && kMaxDocumentTokens < 100000, "built with narrow limits");

class NarrowLimitsTest : public ::testing::Test {
 protected:
  NarrowLimitsTest() {
    options_.replace = true;
    write_corpus({{"old", "what was there before"}}, path("corpus"));
    build(path("corpus"), path("out"), options_);
    old_index_ = files_below(path("out"));
  }

  std::string path(const std::string& name) const { return directory_.path(name); }
  void use(const Corpus& texts) {
    std::filesystem::remove_all(path("corpus"));
    write_corpus(texts, path("corpus"));
  }
  void expect_index_of(const Corpus& texts) {
    use(texts);
    build(path("corpus"), path("out"), options_);
    const std::string root = std::filesystem::canonical(path("corpus")).string();
    expect_same_files(files_below(path("out")), expected_files(texts, root, options_));
    std::filesystem::remove_all(path("out"));
    write_files(old_index_, path("out"));
  }
  template <class Work>
  void expect_refused(Work work, const std::string& what) {
    try {
      work();
      ADD_FAILURE() << "not refused";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kIo);
      EXPECT_THAT(error.what(), HasSubstr(what));
    }
    auto files = files_below(path("out"));
    std::erase_if(files, [](const auto& file) { return file.first.starts_with("staging/"); });
    expect_same_files(files, old_index_);
  }
  void expect_refused(const Corpus& texts, const std::string& what) {
    use(texts);
    expect_refused([this] { build(path("corpus"), path("out"), options_); }, what);
  }

  static Corpus documents(std::uint64_t count) {
    Corpus texts;
    for (std::uint64_t i = 0; i < count; ++i) texts["d" + std::to_string(i)] = "word";
    return texts;
  }

  TemporaryDirectory directory_{TemporaryDirectory::memory_base()};
  BuildOptions options_;
  std::map<std::string, std::string> old_index_;
};

TEST_F(NarrowLimitsTest, Documents) {
  for (const unsigned threads : {1u, 2u}) {
    options_.num_threads = threads;
    expect_index_of(documents(kMaxDocs));
    expect_refused(documents(kMaxDocs + 1), "more than 200 documents");
  }
  // Files that become no documents do not count.
  Corpus texts = documents(kMaxDocs + 20);
  for (int i = 0; i < 20; ++i) texts["d" + std::to_string(i)] = std::string("a\0b", 3);
  use(texts);
  EXPECT_EQ(build(path("corpus"), path("joined"), options_).num_docs, kMaxDocs);
}

TEST_F(NarrowLimitsTest, DocumentsOfIndexesThatAreJoined) {
  const auto build_some = [&](std::uint64_t count) {
    use(documents(count));
    const std::string out = path("index" + std::to_string(count));
    build(path("corpus"), out, options_);
    return out;
  };
  const std::string most = build_some(kMaxDocs - 1), one = build_some(1), two = build_some(2);
  MergeOptions merge;
  merge.replace = true;
  EXPECT_EQ(merge_indexes({most, one}, path("joined"), merge).num_docs, kMaxDocs);
  expect_refused(
      [&] {
        merge_indexes({most, two}, path("out"), merge);
      },
      "more than 200 documents");
}

TEST_F(NarrowLimitsTest, TokensOfADocument) {
  for (const bool distinct : {false, true}) {
    // Of one run, or of several.
    std::string text = distinct ? distinct_words(kMaxDocumentTokens) : "";
    while (!distinct && text.size() < 2 * kMaxDocumentTokens) text += "w ";
    for (const unsigned threads : {1u, 2u}) {
      SCOPED_TRACE(::testing::Message() << "distinct " << distinct << ", threads " << threads);
      options_.num_threads = threads;
      options_.memory_budget_bytes = minimum_memory_bytes(options_);
      expect_index_of({{"a", "one two"}, {"b", text}, {"c", "three"}});
      expect_refused({{"a", "one two"}, {"b", text + " more"}, {"c", "three"}},
                     "b: the document has more than 40000 tokens");
      // Those that are not indexed have positions, too.
      expect_refused({{"b", text + " " + std::string(300, 'x')}},
                     "b: the document has more than 40000 tokens");
    }
  }
}

}  // namespace
}  // namespace spimi::testing
