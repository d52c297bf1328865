// The accumulator in so little memory that runs break in every place, and the merge of its runs.

#include "indexer/accumulator.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "indexer/corpora.h"
#include "indexer/finish.h"
#include "indexer/monitor.h"
#include "indexer/output_directory.h"
#include "indexer/sealed_runs.h"
#include "support/temporary_directory.h"
#include "text/normalize.h"
#include "text/tokenizer.h"

namespace spimi::testing {
namespace {

// The least that an accumulator can work with: two documents of a run, a few terms.
AccumulatorPlan tiny_plan() {
  AccumulatorPlan plan;
  plan.log_tokens = 64;
  plan.max_keys = 8;
  plan.term_arena_bytes = std::size_t{16} << 10;
  plan.document_bytes = kMaxPathBytes + 64;
  plan.max_pieces = 4;
  return plan;
}

AccumulatorPlan roomy_plan() {
  AccumulatorPlan plan = tiny_plan();
  plan.log_tokens = std::size_t{1} << 20;
  plan.max_keys = std::size_t{1} << 13;
  plan.term_arena_bytes = std::size_t{1} << 20;
  plan.document_bytes = std::size_t{1} << 20;
  plan.max_pieces = std::size_t{1} << 16;
  return plan;
}

// A build of one worker, step by step.
class SteppedBuild {
 public:
  SteppedBuild(const std::string& out, const AccumulatorPlan& plan, const BuildOptions& options)
      : options_(options), directory_(out, true, true), monitor_({}, nullptr) {
    directory_.begin_staging();
    spill_ = File::create(directory_.staging_path() + "/spill-0");
    Accumulator::Limits limits;
    limits.max_token_bytes = options.max_token_bytes;
    limits.positions = options.positions;
    limits.normalize = options.tokenizer == Tokenizer::kUnicode;
    accumulator_ = std::make_unique<Accumulator>(plan, limits, spill_, 0);
    tokenizer_ = std::make_unique<ChunkTokenizer>(
        TokenizerOptions{options.tokenizer, options.max_token_bytes}, *accumulator_);
  }

  Accumulator& accumulator() { return *accumulator_; }
  std::size_t num_runs() const { return accumulator_->runs().size(); }

  void begin(const std::string& path) {
    path_ = path;
    accumulator_->begin_document(path_);
    tokenizer_->begin();
  }
  void add(std::string text) {
    const std::size_t size = text.size();
    text.resize(size + 64);  // padding
    tokenizer_->add({text.data(), size});
  }
  void end() {
    tokenizer_->finish();
    accumulator_->end_document();
  }
  void abandon() { accumulator_->abandon_document(); }

  void document(const std::string& path, const std::string& text) {
    begin(path);
    add(text);
    end();
  }
  void documents(const Corpus& corpus) {
    for (const auto& [path, text] : corpus) document(path, text);
  }

  BuildSummary finish(const MergeOptions& merge = {}) {
    accumulator_->flush();
    SealedRuns sealed;
    sealed.set.runs = accumulator_->runs();
    sealed.info.tokenizer = options_.tokenizer;
    sealed.info.unicode_version = kUnicodeVersion;
    sealed.info.max_token_bytes = sealed.set.max_token_bytes = options_.max_token_bytes;
    sealed.info.positions = sealed.set.positions = options_.positions;
    sealed.info.roots = {{"/corpus", 0}};
    accumulator_.reset();
    sealed.set.files.push_back(std::move(spill_));
    seal_runs(&sealed);
    return finish_index(std::move(sealed), directory_, merge, monitor_);
  }

 private:
  const BuildOptions options_;
  OutputDirectory directory_;
  Monitor monitor_;
  File spill_;
  std::string path_;  // of the document under way
  std::unique_ptr<Accumulator> accumulator_;
  std::unique_ptr<ChunkTokenizer> tokenizer_;
};

std::string repeat(const std::string& text, std::size_t times) {
  std::string result;
  while (times-- > 0) result += text;
  return result;
}

class AccumulatorTest : public ::testing::Test {
 protected:
  std::string out() const { return directory_.path("out"); }

  /// Expects the index in `out` to be that of the corpus.
  void expect_index_of(const Corpus& corpus) {
    expect_same_files(files_below(out()), expected_files(corpus, "/corpus", options_));
  }
  BuildSummary build_and_expect(const Corpus& corpus, const AccumulatorPlan& plan,
                                const MergeOptions& merge = {}) {
    SteppedBuild build(out(), plan, options_);
    build.documents(corpus);
    const BuildSummary summary = build.finish(merge);
    expect_index_of(corpus);
    return summary;
  }

  TemporaryDirectory directory_{TemporaryDirectory::memory_base()};
  Random random_{test_seed()};
  BuildOptions options_;
};

TEST_F(AccumulatorTest, NoDocumentGivesNoRun) {
  EXPECT_EQ(build_and_expect({}, tiny_plan()).num_runs, 0u);
}

TEST_F(AccumulatorTest, OneRunOfAllDocuments) {
  EXPECT_EQ(build_and_expect(random_corpus(random_, 20), roomy_plan()).num_runs, 1u);
}

TEST_F(AccumulatorTest, TwoRuns) {
  SteppedBuild build(out(), roomy_plan(), options_);
  build.document("a", "one two two");
  build.accumulator().flush();
  build.document("b", "two three");
  EXPECT_EQ(build.finish().num_runs, 2u);
  expect_index_of({{"a", "one two two"}, {"b", "two three"}});
}

TEST_F(AccumulatorTest, FlushWithoutDocumentsMakesNoRun) {
  SteppedBuild build(out(), roomy_plan(), options_);
  build.accumulator().flush();
  build.document("a", "one");
  build.accumulator().flush();
  build.accumulator().flush();
  EXPECT_EQ(build.finish().num_runs, 1u);
  expect_index_of({{"a", "one"}});
}

// Every resource of a run that may be the first to run out gives the same index.
TEST_F(AccumulatorTest, RunsThatBreakAtAnyLimitGiveTheSameBytes) {
  SCOPED_TRACE("SPIMI_TEST_SEED=" + std::to_string(test_seed()));
  Corpus corpus = random_corpus(random_, 25);
  // Whatever the seed, more long terms than the smallest arena holds.
  for (std::size_t i = 100; i < 200; ++i) corpus["long"] += std::string(i, 'x') + " ";
  for (const Tokenizer tokenizer : {Tokenizer::kUnicode, Tokenizer::kAlpha}) {
    for (const bool positions : {true, false}) {
      options_.tokenizer = tokenizer;
      options_.positions = positions;
      const auto expected = expected_files(corpus, "/corpus", options_);
      for (int limit = 0; limit < 6; ++limit) {
        AccumulatorPlan plan = roomy_plan();
        if (limit == 0) plan.log_tokens = 64;
        if (limit == 1) plan.log_tokens = 64 + random_below(random_, 200);
        if (limit == 2) plan.max_keys = 4;
        if (limit == 3) plan.term_arena_bytes = 3200;
        if (limit == 4) plan.max_pieces = 2;
        if (limit == 5) plan = tiny_plan();
        SCOPED_TRACE(::testing::Message() << tokenizer_name(tokenizer) << ", positions "
                                          << positions << ", limit " << limit);
        SteppedBuild build(out(), plan, options_);
        build.documents(corpus);
        EXPECT_GT(build.finish().num_runs, 1u);
        expect_same_files(files_below(out()), expected);
      }
    }
  }
}

// A form and its term, both new, may belong into the same slot of a table that is nearly full.
TEST_F(AccumulatorTest, FormsAndTheirTermsInFullTables) {
  Corpus corpus;
  for (int i = 0; i < 4000; ++i) {
    const std::string number = std::to_string(i);
    const std::string both = "\u00C9" + number + " \u00E9" + number + " ";
    corpus["file"] += both + both;
  }
  AccumulatorPlan plan = roomy_plan();
  for (const std::size_t max_keys : {4, 16, 64, 256}) {
    SCOPED_TRACE(max_keys);
    plan.max_keys = max_keys;
    build_and_expect(corpus, plan);
    std::filesystem::remove_all(out());
  }
}

TEST_F(AccumulatorTest, ThousandRunsInEveryFanInGiveTheSameBytes) {
  SCOPED_TRACE("SPIMI_TEST_SEED=" + std::to_string(test_seed()));
  Corpus corpus;
  for (int i = 0; i < 60; ++i) {
    corpus[std::to_string(1000 + i)] = random_words(random_, random_below(random_, 400));
  }
  const auto expected = expected_files(corpus, "/corpus", options_);
  for (const unsigned fan_in : {2u, 3u, 30u, 0u}) {
    for (const unsigned threads : {1u, 2u}) {
      SCOPED_TRACE(::testing::Message() << "fan-in " << fan_in << ", threads " << threads);
      MergeOptions merge;
      merge.max_fan_in = fan_in;
      merge.num_threads = threads;
      SteppedBuild build(out(), tiny_plan(), options_);
      build.documents(corpus);
      EXPECT_GE(build.num_runs(), 1000u);
      const BuildSummary summary = build.finish(merge);
      EXPECT_GE(summary.num_merge_passes, fan_in == 2 ? 9u : fan_in == 0 ? 0u : 2u);
      expect_same_files(files_below(out()), expected);
    }
  }
}

TEST_F(AccumulatorTest, DocumentOverManyRuns) {
  // Terms that are in all of its runs, in some, in one; documents before and behind it.
  std::string text;
  for (std::size_t i = 0; i < 50; ++i) {
    text += "always " + (i % 3 == 0 ? std::string("often ") : "") + distinct_words(40, i * 20);
  }
  const Corpus corpus = {{"a", "always often before"}, {"b", text}, {"c", "always often behind"}};
  EXPECT_GE(build_and_expect(corpus, tiny_plan()).num_runs, 50u);
  MergeOptions merge;
  merge.max_fan_in = 2;
  EXPECT_GE(build_and_expect(corpus, tiny_plan(), merge).num_merge_passes, 5u);
}

TEST_F(AccumulatorTest, RecordsThatAreSplitWithinADocument) {
  // A record takes 512 occurrences.
  for (const std::size_t tf : {7, 8, 9, 511, 512, 513, 1024, 2048, 2049, 70000}) {
    SCOPED_TRACE(tf);
    const Corpus corpus = {
        {"a", "x y"}, {"b", repeat("x ", tf)}, {"c", "y " + repeat("x ", tf) + "y"}, {"d", "x y"}};
    EXPECT_EQ(build_and_expect(corpus, roomy_plan()).num_runs, 1u);
    if (tf < 3000) build_and_expect(corpus, tiny_plan());
    options_.positions = false;
    build_and_expect(corpus, roomy_plan());
    options_.positions = true;
  }
}

TEST_F(AccumulatorTest, PositionsAtTheEscape) {
  for (const std::size_t position : {65533, 65534, 65535, 65536, 70000}) {
    SCOPED_TRACE(position);
    // As a first position, and as a gap.
    const Corpus corpus = {{"a", repeat("x ", position) + "y x"},
                           {"b", "y " + repeat("x ", position) + "y"}};
    build_and_expect(corpus, roomy_plan());
  }
}

TEST_F(AccumulatorTest, PositionsAtTheEscapeInADocumentOverSeveralRuns) {
  AccumulatorPlan plan = roomy_plan();
  plan.log_tokens = 30000;
  const Corpus corpus = {{"a", repeat("x ", 65535) + "y " + repeat("x ", 70000) + "y z"}};
  EXPECT_GE(build_and_expect(corpus, plan).num_runs, 4u);
}

TEST_F(AccumulatorTest, DocumentGapsAtTheEscape) {
  for (const std::size_t gap : {8190, 8191, 8192}) {
    SCOPED_TRACE(gap);
    Corpus corpus;
    for (std::size_t i = 0; i < gap + 2; ++i) corpus[std::to_string(100000 + i)] = "";
    corpus.begin()->second = corpus.rbegin()->second = "both both both both both both both both";
    std::prev(corpus.end(), 2)->second = "last";
    build_and_expect(corpus, roomy_plan());
  }
}

// An occurrence has its document and position in 32 bits. A run that has too many documents for how
// long the longest is ends before that, or within the document.
TEST_F(AccumulatorTest, ManyDocumentsAndALongOne) {
  constexpr std::size_t kMany = 40000;  // 16 bits, so that 16 are left
  Corpus many;
  for (std::size_t i = 0; i < kMany; ++i) many["b" + std::to_string(100000 + i)] = "few";
  for (const std::size_t tokens : {65535, 65536, 65537, 70000}) {
    SCOPED_TRACE(tokens);
    const std::string long_text = repeat("many more ", tokens / 2) + (tokens % 2 != 0 ? "few" : "");
    Corpus corpus = many;
    corpus["a"] = long_text;
    EXPECT_EQ(build_and_expect(corpus, roomy_plan()).num_runs, tokens > 65536 ? 2u : 1u);
    corpus.erase("a");
    corpus["c"] = long_text;
    EXPECT_EQ(build_and_expect(corpus, roomy_plan()).num_runs, tokens > 65536 ? 2u : 1u);
  }
}

// The long one is forgotten with its run: the next one has all the rest.
TEST_F(AccumulatorTest, ManyDocumentsInTheRunAfterALongOne) {
  Corpus corpus = {{"a", repeat("many more ", 35000)}};
  for (std::size_t i = 0; i < 70000; ++i) corpus["b" + std::to_string(100000 + i)] = "few";
  EXPECT_EQ(build_and_expect(corpus, roomy_plan()).num_runs, 2u);
}

TEST_F(AccumulatorTest, TermsThatShareSixteenBytesAndMoreAreInByteOrder) {
  Corpus corpus;
  const std::string stem(40, 's');
  for (int i = 0; i < 200; ++i) {
    corpus["a"] += stem.substr(0, random_below(random_, 41)) +
                   static_cast<char>('a' + random_below(random_, 26)) +
                   repeat("t", random_below(random_, 40)) + " ";
  }
  for (std::size_t i = 1; i <= 255; ++i) corpus["b"] += std::string(i, 'x') + " ";
  build_and_expect(corpus, roomy_plan());
  // In less memory.
  AccumulatorPlan plan = roomy_plan();
  plan.log_tokens = 600;
  build_and_expect(corpus, plan);
  build_and_expect(corpus, tiny_plan());
}

TEST_F(AccumulatorTest, TicketsOfSeveralWorkersComeInTheirOrder) {
  // One worker takes the later ticket first.
  SteppedBuild build(out(), tiny_plan(), options_);
  build.accumulator().set_ticket(1);
  build.document("b", distinct_words(100) + "shared");
  build.accumulator().flush();
  build.accumulator().set_ticket(0);
  build.document("a", "shared " + distinct_words(100, 50));
  build.accumulator().flush();
  build.accumulator().set_ticket(2);
  build.document("c", "shared");
  build.finish();
  expect_index_of({{"a", "shared " + distinct_words(100, 50)},
                   {"b", distinct_words(100) + "shared"},
                   {"c", "shared"}});
}

TEST_F(AccumulatorTest, PathsOfEverySizeAndByte) {
  Corpus corpus = {{std::string(kMaxPathBytes - 1, 'p'), "x"}, {"\x01\xff\\", "x y"}};
  for (std::size_t i = 126; i < 130; ++i) corpus[std::string(i, 'q')] = "x";
  build_and_expect(corpus, tiny_plan());
  build_and_expect(corpus, roomy_plan());
}

// A document is given up when reading it fails: the index is that of the others.
class AbandonTest : public AccumulatorTest, public ::testing::WithParamInterface<std::size_t> {
 protected:
  /// Begins a document, keeps at it for that many runs, and gives it up.
  void give_up(SteppedBuild& build, std::size_t runs) {
    const std::size_t before = build.num_runs();
    build.begin("given up");
    build.add("shared " + repeat("x", 300) + " ");
    for (std::size_t i = 0; build.num_runs() < before + runs; ++i) {
      build.add("shared " + distinct_words(3, 10 * i));
    }
    build.abandon();
  }
};

TEST_P(AbandonTest, AsTheFirstDocument) {
  SteppedBuild build(out(), tiny_plan(), options_);
  give_up(build, GetParam());
  build.document("a", "shared w1");
  build.finish();
  expect_index_of({{"a", "shared w1"}});
}

TEST_P(AbandonTest, AsTheLastDocument) {
  SteppedBuild build(out(), tiny_plan(), options_);
  build.document("a", "shared w1");
  give_up(build, GetParam());
  build.finish();
  expect_index_of({{"a", "shared w1"}});
}

TEST_P(AbandonTest, AsTheOnlyDocument) {
  SteppedBuild build(out(), tiny_plan(), options_);
  give_up(build, GetParam());
  EXPECT_EQ(build.accumulator().num_tokens(), 0u);
  EXPECT_EQ(build.accumulator().num_overlong_tokens(), 0u);
  build.finish();
  expect_index_of({});
}

TEST_P(AbandonTest, BetweenDocumentsAndTwiceInARow) {
  for (const unsigned fan_in : {0u, 2u}) {
    Corpus corpus;
    SteppedBuild build(out(), tiny_plan(), options_);
    for (int i = 0; i < 6; ++i) {
      const std::string path = "doc" + std::to_string(i);
      corpus[path] = "shared " + distinct_words(static_cast<std::size_t>(i) * 12) + "shared";
      build.document(path, corpus[path]);
      give_up(build, GetParam());
      if (i % 2 == 0) give_up(build, GetParam());
    }
    MergeOptions merge;
    merge.max_fan_in = fan_in;
    build.finish(merge);
    expect_index_of(corpus);
  }
}

TEST_P(AbandonTest, AfterADocumentThatSpansRuns) {
  const std::string text = "shared " + distinct_words(300) + "shared";
  SteppedBuild build(out(), tiny_plan(), options_);
  build.document("a", text);
  give_up(build, GetParam());
  build.document("b", text);
  build.finish();
  expect_index_of({{"a", text}, {"b", text}});
}

// The run ends within the document, for its positions and the many documents before it take more
// than 32 bits.
TEST_P(AbandonTest, ALongOneAfterManyDocuments) {
  Corpus corpus;
  for (std::size_t i = 0; i < 40000; ++i) corpus["a" + std::to_string(100000 + i)] = "few";
  SteppedBuild build(out(), roomy_plan(), options_);
  build.documents(corpus);
  build.begin("given up");
  build.add(repeat("many more ", 30000 * GetParam()));
  build.abandon();
  EXPECT_EQ(build.num_runs(), GetParam() > 1 ? 1u : 0u);
  corpus["b"] = "few more";
  build.document("b", corpus["b"]);
  build.finish();
  expect_index_of(corpus);
}

INSTANTIATE_TEST_SUITE_P(Runs, AbandonTest, ::testing::Values(0, 1, 2, 5));

TEST_F(AccumulatorTest, OnlyOverlongTokensSpanRunsWithoutATerm) {
  const Corpus corpus = {{"a", repeat(std::string(300, 'x') + " ", 500) + "end"}, {"b", "end"}};
  build_and_expect(corpus, tiny_plan());
}

}  // namespace
}  // namespace spimi::testing
