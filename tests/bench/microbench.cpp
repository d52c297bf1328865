// The stages of a build one by one, on made-up text: tokenizer, vocabulary, accumulator, codec,
// merge. Items are tokens, or the values of a block: `items_per_second` is the figure to look at.

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/packed_block.h"
#include "bench/made_up_text.h"
#include "indexer/accumulator.h"
#include "indexer/merge_runs.h"
#include "indexer/sealed_runs.h"
#include "indexer/vocabulary.h"
#include "support/temporary_directory.h"
#include "text/normalize.h"
#include "text/tokenizer.h"

namespace spimi::bench {
namespace {

using spimi::testing::TemporaryDirectory;

constexpr std::size_t kTextBytes = std::size_t{4} << 20;
constexpr std::size_t kChunkBytes = std::size_t{256} << 10;
constexpr std::size_t kPadding = 64;
constexpr std::size_t kDocumentBytes = std::size_t{16} << 10;

/// The same for each use of a script, but for capitals. kPadding bytes behind it may be read.
std::string& text_of(Script script) {
  static std::string texts[3];
  std::string& text = texts[static_cast<std::size_t>(script)];
  if (text.empty()) {
    WordStream words(200'000, {1.07, 1.07}, 1, script);
    Random random(2);
    write_document(words, random, kTextBytes, &text);
    text.append(kPadding, '\0');
  }
  return text;
}

std::span<char> without_padding(std::string& text) { return {text.data(), text.size() - kPadding}; }

class CountingSink : public TokenSink {
 public:
  void take(const TokenBatch& batch) override { num_tokens += batch.size; }
  std::uint64_t num_tokens = 0;
};

void tokenize(ChunkTokenizer& tokenizer, std::span<char> document) {
  tokenizer.begin();
  for (std::size_t i = 0; i < document.size(); i += kChunkBytes) {
    tokenizer.add(document.subspan(i, std::min(kChunkBytes, document.size() - i)));
  }
  tokenizer.finish();
}

void BM_Tokenize(benchmark::State& state, Script script) {
  std::string& text = text_of(script);
  CountingSink sink;
  ChunkTokenizer tokenizer({}, sink);
  for (auto _ : state) tokenize(tokenizer, without_padding(text));
  state.SetItemsProcessed(static_cast<std::int64_t>(sink.num_tokens));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size() - kPadding));
}
BENCHMARK_CAPTURE(BM_Tokenize, ascii, Script::kAscii)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Tokenize, mixed, Script::kMixed)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Tokenize, ideographs, Script::kIdeographs)->Unit(benchmark::kMillisecond);

/// Finds keys that are there, of a table that is a quarter full; frequent ones more often.
void BM_VocabularyFind(benchmark::State& state) {
  const auto num_terms = static_cast<std::uint32_t>(state.range(0));
  Vocabulary vocabulary(std::size_t{2} * num_terms, std::size_t{32} * num_terms);
  for (std::uint32_t rank = 0; rank < num_terms; ++rank) {
    const std::string word = word_of_rank(rank, Script::kAscii);
    vocabulary.add(vocabulary.make_key(word), 0);
  }
  WordStream words(num_terms, {1.07, 1.07}, 1, Script::kAscii);
  std::vector<std::string_view> stream(1 << 16);
  for (std::string_view& word : stream) word = words.next();
  constexpr std::size_t kBatch = 32;
  for (auto _ : state) {
    for (std::size_t i = 0; i < stream.size(); i += kBatch) {
      Vocabulary::Key keys[kBatch];
      for (std::size_t j = 0; j < kBatch; ++j) {
        keys[j] = vocabulary.make_key(stream[i + j]);
        vocabulary.prefetch_slot(keys[j].hash);
      }
      for (Vocabulary::Key& key : keys) vocabulary.guess_entry(&key);
      for (const Vocabulary::Key& key : keys) benchmark::DoNotOptimize(vocabulary.count(key));
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(stream.size()));
}
BENCHMARK(BM_VocabularyFind)->RangeMultiplier(16)->Range(1 << 10, 1 << 18);

/// An accumulator that makes a run of a text, cut into documents.
class RunMaker {
 public:
  explicit RunMaker(const std::string& spill)
      : spill_(File::create(spill)),
        accumulator_(
            AccumulatorPlan::fit(std::size_t{128} << 20, TokenizerOptions{}.max_token_bytes), {},
            spill_, 0),
        tokenizer_({}, accumulator_) {}

  void accumulate(std::span<char> text) {
    for (std::size_t i = 0; i < text.size(); i += kDocumentBytes) {
      accumulator_.begin_document("document");
      tokenize(tokenizer_, text.subspan(i, std::min(kDocumentBytes, text.size() - i)));
      accumulator_.end_document();
    }
  }
  void flush() { accumulator_.flush(); }

  const std::vector<RunInfo>& runs() const { return accumulator_.runs(); }
  std::uint64_t num_tokens() const { return accumulator_.num_tokens(); }
  File& spill() { return spill_; }

 private:
  File spill_;
  Accumulator accumulator_;
  ChunkTokenizer tokenizer_;
};

/// Gives the memory of a spill file back, which lies in memory; the accumulator writes on behind.
void forget_spill(File& spill) {
  if (::ftruncate(spill.fd(), 0) != 0) std::abort();
}

/// Tokenizing, and a term number in the log for each token.
void BM_Accumulate(benchmark::State& state, Script script) {
  const TemporaryDirectory directory(TemporaryDirectory::memory_base());
  RunMaker maker(directory.path("spill"));
  for (auto _ : state) {
    maker.accumulate(without_padding(text_of(script)));
    state.PauseTiming();
    maker.flush();
    forget_spill(maker.spill());
    state.ResumeTiming();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(maker.num_tokens()));
}
BENCHMARK_CAPTURE(BM_Accumulate, ascii, Script::kAscii)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Accumulate, mixed, Script::kMixed)->Unit(benchmark::kMillisecond);

/// Sort of the vocabulary, scatter of the log, encoding and writing of a run.
void BM_Flush(benchmark::State& state) {
  const TemporaryDirectory directory(TemporaryDirectory::memory_base());
  RunMaker maker(directory.path("spill"));
  for (auto _ : state) {
    state.PauseTiming();
    forget_spill(maker.spill());
    maker.accumulate(without_padding(text_of(Script::kAscii)));
    state.ResumeTiming();
    maker.flush();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(maker.num_tokens()));
}
BENCHMARK(BM_Flush)->Unit(benchmark::kMillisecond);

/// Blocks of numbers of up to `bits` bits, with one larger number in 64.
std::vector<std::uint32_t> block_values(std::uint32_t bits) {
  Random random(bits);
  std::vector<std::uint32_t> values(64 * kBlockValues);
  for (std::uint32_t& value : values) {
    value = random.below(std::uint64_t{1} << bits);
    if (random.below(64) == 0) value |= 1u << 20;
  }
  return values;
}

void BM_EncodePacked(benchmark::State& state) {
  const std::vector<std::uint32_t> values =
      block_values(static_cast<std::uint32_t>(state.range(0)));
  std::uint8_t out[kMaxPackedBytes + kPackedSlack];
  for (auto _ : state) {
    for (std::size_t i = 0; i < values.size(); i += kBlockValues) {
      benchmark::DoNotOptimize(encode_packed(values.data() + i, out));
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(values.size()));
}
BENCHMARK(BM_EncodePacked)->Arg(1)->Arg(5)->Arg(13);

void BM_DecodePacked(benchmark::State& state) {
  const std::vector<std::uint32_t> values =
      block_values(static_cast<std::uint32_t>(state.range(0)));
  std::vector<std::uint8_t> bytes(values.size() / kBlockValues * kMaxPackedBytes + kPackedSlack);
  std::uint8_t* end = bytes.data();
  for (std::size_t i = 0; i < values.size(); i += kBlockValues) {
    end = encode_packed(values.data() + i, end);
  }
  std::uint32_t decoded[kBlockValues];
  for (auto _ : state) {
    for (const std::uint8_t* in = bytes.data(); in != end;) {
      in = decode_packed(in, end, decoded);
      benchmark::DoNotOptimize(decoded);
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(values.size()));
}
BENCHMARK(BM_DecodePacked)->Arg(1)->Arg(5)->Arg(13);

/// The final merge of so many runs of the same vocabulary, without the documents and without fsync.
void BM_MergeTerms(benchmark::State& state) {
  const auto num_runs = static_cast<std::size_t>(state.range(0));
  const TemporaryDirectory directory(TemporaryDirectory::memory_base());
  SealedRuns sealed;
  std::uint64_t num_tokens = 0;
  {
    RunMaker maker(directory.path("spill"));
    const std::span<char> text = without_padding(text_of(Script::kAscii));
    const std::size_t part = text.size() / num_runs;
    for (std::size_t i = 0; i < num_runs; ++i) {
      maker.accumulate(text.subspan(i * part, part));
      maker.flush();
    }
    num_tokens = maker.num_tokens();
    sealed.set.runs = maker.runs();
    sealed.set.files.push_back(std::move(maker.spill()));
  }
  sealed.info.unicode_version = kUnicodeVersion;
  sealed.info.positions = true;
  seal_runs(&sealed);
  const MergePlan plan = MergePlan::fit(std::uint64_t{128} << 20, 1, sealed.set.runs.size(),
                                        sealed.info.num_docs, sealed.set.max_token_bytes, 0);
  const std::string name = directory.path("segment");
  for (auto _ : state) {
    state.PauseTiming();
    std::filesystem::remove_all(name);
    auto segment = std::make_unique<SegmentWriter>(name, true);
    for (std::uint64_t i = 0; i < sealed.info.num_docs; ++i)
      segment->documents().add("document", 1);
    segment->finish_documents();
    Monitor monitor({}, nullptr);
    state.ResumeTiming();
    merge_terms(sealed.set, plan, 1, segment.get(), &monitor);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(num_tokens));
}
BENCHMARK(BM_MergeTerms)->Arg(2)->Arg(8)->Arg(32)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace spimi::bench
