#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "spimi/build.h"

namespace spimi {

struct TokenizerOptions {
  Tokenizer kind = Tokenizer::kUnicode;
  std::uint32_t max_token_bytes = 255;
};

/// A token as it stands in the text, but for letters of ASCII, which are small. `data` is null for
/// a token of more than max_token_bytes, which takes a position but has no term. Otherwise
/// kTokenPadding bytes from `data + length` on may be read.
struct Token {
  const char* data;
  std::uint32_t length;
};
inline constexpr std::size_t kTokenPadding = 16;
/// Vector code may write so many behind the last token of a batch.
inline constexpr std::size_t kTokenSlack = 8;

/// Tokens that are handed on together. Their bytes stay valid until the batch is taken.
struct TokenBatch {
  static constexpr std::size_t kCapacity = 512;
  std::array<Token, kCapacity + kTokenSlack> tokens;
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
/// That is found best in text with small letters, so those of ASCII are made small in place, in a
/// chunk and in the 64 bytes behind it, which there must be. All else stays as it is.
class ChunkTokenizer {
 public:
  ChunkTokenizer(const TokenizerOptions& options, TokenSink& sink);
  ~ChunkTokenizer();
  ChunkTokenizer(const ChunkTokenizer&) = delete;
  ChunkTokenizer& operator=(const ChunkTokenizer&) = delete;

  /// Memory that a tokenizer with this token limit holds.
  static std::size_t memory_bytes(std::uint32_t max_token_bytes);

  void begin();
  void add(std::span<char> chunk);
  /// Ends the document; the sink has all tokens when it returns.
  void finish();

 private:
  struct State;
  State* state_;
};

/// Hands the tokens of a whole text, which is copied, to `sink`. For short ones: queries, passages
/// and tests.
void tokenize_text(std::string_view text, const TokenizerOptions& options, TokenSink& sink);

/// The terms of a text in order, one for each token; overlong tokens are left out. For query text
/// and tests.
std::vector<std::string> tokenize_text(std::string_view text, const TokenizerOptions& options);

}  // namespace spimi
