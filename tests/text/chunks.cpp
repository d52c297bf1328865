#include "text/chunks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "text/normalize.h"

namespace spimi::testing {
namespace {

constexpr std::size_t kPadding = 64;  // What ChunkTokenizer asks for behind a chunk.

}  // namespace

void ChunkedText::Collector::take(const TokenBatch& batch) {
  ASSERT_LE(batch.size, TokenBatch::kCapacity);
  for (std::size_t i = 0; i < batch.size; ++i) {
    const Token& token = batch.tokens[i];
    if (token.data == nullptr) {
      tokens.push_back({"", true});
      continue;
    }
    // The promised padding: the address sanitizer objects if it is not there.
    const std::string padded(token.data, token.length + kTokenPadding);
    EXPECT_TRUE(std::none_of(padded.begin(), padded.begin() + token.length, [](char c) {
      return c >= 'A' && c <= 'Z';
    })) << padded;
    std::string term = "left from before";
    make_term(std::string_view(padded).substr(0, token.length), &term);
    tokens.push_back({std::move(term), false});
  }
}

ChunkedText::ChunkedText(const TokenizerOptions& options) : tokenizer_(options, collector_) {}

void ChunkedText::begin() {
  collector_.tokens.clear();
  tokenizer_.begin();
}

void ChunkedText::add(std::string_view chunk) {
  constexpr std::string_view kBehind = "x\x80 \xcc";
  const std::size_t num_bytes = chunk.size() + kPadding;
  const auto buffer = std::make_unique<char[]>(num_bytes);
  std::copy(chunk.begin(), chunk.end(), buffer.get());
  std::fill(buffer.get() + chunk.size(), buffer.get() + num_bytes,
            kBehind[num_chunks_++ % kBehind.size()]);
  tokenizer_.add({buffer.get(), chunk.size()});
  std::fill(buffer.get(), buffer.get() + num_bytes, '!');
}

std::vector<ReferenceToken> ChunkedText::finish() {
  tokenizer_.finish();
  return collector_.tokens;
}

std::vector<ReferenceToken> ChunkedText::tokens(std::string_view text,
                                                const std::vector<std::size_t>& cuts) {
  begin();
  std::size_t start = 0;
  for (const std::size_t cut : cuts) {
    add(text.substr(start, cut - start));
    start = cut;
  }
  add(text.substr(start));
  return finish();
}

std::vector<std::size_t> cuts_every(std::size_t chunk_bytes, std::size_t text_bytes) {
  std::vector<std::size_t> cuts;
  for (std::size_t cut = chunk_bytes; cut < text_bytes; cut += chunk_bytes) cuts.push_back(cut);
  return cuts;
}

std::vector<std::size_t> random_cuts(Random& random, std::size_t text_bytes) {
  std::vector<std::size_t> cuts;
  for (std::size_t n = random_below(random, 12); n > 0; --n) {
    cuts.push_back(random_below(random, text_bytes + 1));
    if (random_below(random, 3) == 0) cuts.push_back(cuts.back());
  }
  std::sort(cuts.begin(), cuts.end());
  return cuts;
}

}  // namespace spimi::testing
