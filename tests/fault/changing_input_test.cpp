// A file of the corpus changes before any system call of a build that is about the corpus: it is in
// the index as it was or as it is, or it is named as one that could not be read.

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "fault/faulty_build.h"

namespace spimi::testing {
namespace {

namespace fs = std::filesystem;

class ChangeAtNth : public FailNth {
 public:
  ChangeAtNth(std::uint64_t nth, std::string corpus, std::function<void()> change)
      : FailNth(nth, 1, false), corpus_(std::move(corpus)), change_(std::move(change)) {}
  /// What is done elsewhere makes no difference.
  bool counts(const SystemCall& call) const override { return call.path.starts_with(corpus_); }
  int fail(const SystemCall& call) override {
    if (FailNth::fail(call) != 0) change_();
    return 0;
  }

 private:
  const std::string corpus_;
  const std::function<void()> change_;
};

class ChangingInputTest : public FaultyBuildTest {
 protected:
  // Larger than a buffer, so that it is read in several calls.
  ChangingInputTest() : before_(text()) {
    options_.chunk_bytes = std::size_t{64} << 10;
    options_.memory_budget_bytes = minimum_memory_bytes(options_);
    restore();
  }

  static std::string text() {
    std::string text;
    while (text.size() < 300000) text += distinct_words(100);
    return text;
  }
  std::string file() const { return directory_.path("corpus/b/file"); }

  void restore() const {
    fs::remove_all(corpus());
    directory_.write_file("corpus/a", "one two");
    directory_.write_file("corpus/b/file", before_);
    directory_.write_file("corpus/c", "three");
    // The clock of file times goes in steps of some milliseconds.
    fs::last_write_time(file(), fs::file_time_type::clock::now() - std::chrono::seconds(10));
  }

  // `after`: what is in the file then, if there is one still.
  void change_at_each_call(const std::function<void()>& change, const std::string* after) {
    const Corpus without = {{"a", "one two"}, {"c", "three"}};
    Corpus with_before = without, with_after = without;
    with_before["b/file"] = before_;
    if (after != nullptr) with_after["b/file"] = *after;
    const std::string root = fs::canonical(corpus()).string();
    const auto before_files = expected_files(with_before, root, options_);
    const auto after_files = expected_files(with_after, root, options_);
    const auto without_files = expected_files(without, root, options_);

    std::uint64_t num_calls = 0;
    {
      ChangeAtNth none(0, corpus(), [] {});
      const UseRule use(none);
      fs::remove_all(out());
      build_now();
      num_calls = none.num_calls();
    }
    std::uint64_t num_named = 0;
    for (const std::uint64_t n : calls_to_fail(num_calls)) {
      SCOPED_TRACE(::testing::Message() << "before call " << n << " of " << num_calls);
      restore();
      fs::remove_all(out());
      ChangeAtNth rule(n, corpus(), change);
      BuildOutcome outcome;
      {
        const UseRule use(rule);
        outcome = build_now();
      }
      if (outcome.error) FAIL() << outcome.error->what();
      const auto files = files_below(out());
      if (outcome.unreadable.empty() &&
          outcome.summary->skipped[static_cast<std::size_t>(SkipReason::kSpecialFile)] +
                  outcome.summary->skipped[static_cast<std::size_t>(SkipReason::kSymlink)] ==
              0) {
        ASSERT_TRUE(files == before_files || files == after_files);
      } else {
        ++num_named;
        expect_same_files(files, without_files);
      }
      if (HasFailure()) return;
    }
    if (kStep == 1) {
      EXPECT_GT(num_named, 0u);
    }
  }

  const std::string before_;
};

TEST_F(ChangingInputTest, Grows) {
  const std::string after = before_ + "and more";
  change_at_each_call([&] { std::ofstream(file(), std::ios::app) << "and more"; }, &after);
}

TEST_F(ChangingInputTest, Shrinks) {
  const std::string after = before_.substr(0, 100000);
  change_at_each_call([&] { EXPECT_EQ(::truncate(file().c_str(), 100000), 0); }, &after);
}

TEST_F(ChangingInputTest, IsRewrittenWithTheSameSize) {
  std::string after = before_;
  for (char& c : after) c = c == 'w' ? 'v' : c;
  change_at_each_call([&] { std::ofstream(file()) << after; }, &after);
}

TEST_F(ChangingInputTest, Vanishes) {
  change_at_each_call([&] { ::unlink(file().c_str()); }, nullptr);
}

TEST_F(ChangingInputTest, BecomesAFifo) {
  change_at_each_call(
      [&] {
        ::unlink(file().c_str());
        EXPECT_EQ(::mkfifo(file().c_str(), 0600), 0);
      },
      nullptr);
}

TEST_F(ChangingInputTest, BecomesALink) {
  directory_.write_file("secret", "not of this corpus");
  change_at_each_call(
      [&] {
        ::unlink(file().c_str());
        directory_.make_link("corpus/b/file", directory_.path("secret"));
      },
      nullptr);
}

}  // namespace
}  // namespace spimi::testing
