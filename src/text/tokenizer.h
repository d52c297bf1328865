#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "spimi/build.h"

namespace spimi {

struct TokenizerOptions {
  Tokenizer kind = Tokenizer::kUnicode;
  std::uint32_t max_token_bytes = 255;
};

/// A token as it stands in the text. `data` is null for a token of more than max_token_bytes, which
/// takes a position but has no term. Otherwise kTokenPadding bytes from `data + length` on may be
/// read.
struct Token {
  const char* data;
  std::uint32_t length;
};
inline constexpr std::size_t kTokenPadding = 16;

/// Tokens that are handed on together. Their bytes stay valid until the batch is taken.
struct TokenBatch {
  static constexpr std::size_t kCapacity = 512;
  std::array<Token, kCapacity> tokens;
  std::size_t size = 0;
};

/// Takes full batches. One virtual call for some hundred tokens.
class TokenSink {
 public:
  virtual ~TokenSink() = default;
  /// Takes tokens in text order. The batch is reused afterwards.
  virtual void take(const TokenBatch& batch) = 0;
};

/// Cuts a document into tokens, from chunks of any size: the tokens do not depend on where the
/// chunks end. Constant memory, whatever the length of a token.
///
///   tokenizer.begin(); for each chunk: tokenizer.add(chunk); tokenizer.finish();
///
/// A token is a stretch of the text, not yet a term: make_term (normalize.h) says which term it is.
/// ASCII letters may be in either case. Chunks need 64 readable bytes behind them.
class ChunkTokenizer {
 public:
  ChunkTokenizer(const TokenizerOptions& options, TokenSink& sink);
  ~ChunkTokenizer();
  ChunkTokenizer(const ChunkTokenizer&) = delete;
  ChunkTokenizer& operator=(const ChunkTokenizer&) = delete;

  /// Memory that a tokenizer with this token limit holds.
  static std::size_t memory_bytes(std::uint32_t max_token_bytes);

  void begin();
  void add(std::string_view chunk);
  /// Ends the document; the sink has all tokens when it returns.
  void finish();

 private:
  struct State;
  State* state_;
};

/// The terms of a text in order, one for each token; overlong tokens are left out. For query text
/// and tests.
std::vector<std::string> tokenize_text(std::string_view text, const TokenizerOptions& options);

}  // namespace spimi
