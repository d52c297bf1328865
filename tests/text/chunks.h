#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "support/random_text.h"
#include "support/reference_tokenizer.h"
#include "text/tokenizer.h"

namespace spimi::testing {

/// A ChunkTokenizer whose tokens come back with their terms. Each chunk is in a buffer of its own,
/// with bytes behind it that would change the last token if they were taken for text, and is
/// overwritten and freed before the next.
class ChunkedText {
 public:
  explicit ChunkedText(const TokenizerOptions& options = {});

  void begin();
  void add(std::string_view chunk);
  /// The tokens since the last begin.
  std::vector<ReferenceToken> finish();

  /// A whole document, cut at each index of `cuts` (ascending, repeats make empty chunks).
  std::vector<ReferenceToken> tokens(std::string_view text,
                                     const std::vector<std::size_t>& cuts = {});

 private:
  struct Collector : TokenSink {
    void take(const TokenBatch& batch) override;
    std::vector<ReferenceToken> tokens;
  };

  Collector collector_;
  ChunkTokenizer tokenizer_;
  std::size_t num_chunks_ = 0;
};

/// Every multiple of `chunk_bytes` inside a text of `text_bytes`.
std::vector<std::size_t> cuts_every(std::size_t chunk_bytes, std::size_t text_bytes);

/// Some cuts at random, some of them twice.
std::vector<std::size_t> random_cuts(Random& random, std::size_t text_bytes);

}  // namespace spimi::testing
