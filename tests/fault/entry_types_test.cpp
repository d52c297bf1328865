// What a directory says of the kinds of its entries, and what is asked of the file system where it
// says nothing, as some file systems do.

#include <dirent.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "fault/faulty_build.h"

namespace spimi::testing {
namespace {

/// Counts how often the status of what is in the corpus is asked for by its name or descriptor.
class Statuses : public SystemCallRule {
 public:
  Statuses(std::string corpus, bool hide_types)
      : below_(std::move(corpus) + "/"), hide_types_(hide_types) {}
  int fail(const SystemCall& call) override {
    num_statuses += call.kind == CallKind::kStatus && call.path.starts_with(below_);
    return 0;
  }
  void listed(void* entries, std::size_t size) override {
    auto* at = static_cast<std::byte*>(entries);
    for (const std::byte* const end = at + size; hide_types_ && at < end;) {
      auto* const entry = reinterpret_cast<dirent64*>(at);
      entry->d_type = DT_UNKNOWN;
      at += entry->d_reclen;
      ++num_hidden;
    }
  }
  std::uint64_t num_statuses = 0, num_hidden = 0;

 private:
  const std::string below_;
  const bool hide_types_;
};

class EntryTypesTest : public FaultyBuildTest {
 protected:
  BuildOutcome build_with(SystemCallRule& rule) {
    reset();
    const UseRule use(rule);
    return build_now();
  }
};

TEST_F(EntryTypesTest, AreNotNeeded) {
  use_small_corpus();
  directory_.make_link("corpus/b/link", "../a");
  directory_.make_link("corpus/directory-link", "b");
  ASSERT_EQ(::mkfifo(directory_.path("corpus/fifo").c_str(), 0600), 0);
  Statuses told(corpus(), false), hidden(corpus(), true);
  const BuildOutcome expected = build_with(told);
  expect_new_index();
  const BuildOutcome outcome = build_with(hidden);
  expect_new_index();
  EXPECT_GT(hidden.num_hidden, 8u);
  ASSERT_TRUE(expected.summary && outcome.summary);
  EXPECT_THAT(outcome.summary->skipped, ::testing::ElementsAreArray(expected.summary->skipped));
  EXPECT_EQ(outcome.summary->skipped[static_cast<std::size_t>(SkipReason::kSymlink)], 2u);
  EXPECT_EQ(outcome.summary->skipped[static_cast<std::size_t>(SkipReason::kSpecialFile)], 1u);
}

TEST_F(EntryTypesTest, SaveAskingForTheStatusOfEachFile) {
  use_small_corpus();
  constexpr std::uint64_t kNumFiles = 400;
  for (std::uint64_t i = 0; i < kNumFiles; ++i) {
    directory_.write_file("corpus/files/" + std::to_string(i), "word");
  }
  Statuses told(corpus(), false), hidden(corpus(), true);
  ASSERT_FALSE(build_with(told).error);
  ASSERT_FALSE(build_with(hidden).error);
  // Two of each open file, when it is opened and when it ends; and one in eight is asked for its
  // size.
  EXPECT_LT(told.num_statuses, kNumFiles * 9 / 4);
  EXPECT_GT(hidden.num_statuses, kNumFiles * 3);
}

}  // namespace
}  // namespace spimi::testing
