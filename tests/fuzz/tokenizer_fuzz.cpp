// Input: a byte of options (bit 0 the tokenizer, bits 1 to 3 the token limit, bits 4 to 7 the chunk
// sizes), then text. Chunks of any sizes must give the tokens of the whole text, and those of the
// reference tokenizer.

#include "fuzz/fuzz.h"
#include "text/chunks.h"

namespace spimi::testing {
namespace {

// The reference is slow, and a longer text shows nothing that a shorter one cannot.
constexpr std::size_t kMaxTextBytes = 2048;

constexpr std::uint32_t kTokenLimits[8] = {1, 2, 3, 5, 16, 64, 255, 4096};
constexpr std::size_t kChunkBytes[15] = {1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 32, 33, 64, 65};

std::vector<std::size_t> cuts(std::size_t pattern, std::string_view text) {
  if (pattern < std::size(kChunkBytes)) return cuts_every(kChunkBytes[pattern], text.size());
  // Sizes from the text itself, empty chunks among them.
  std::vector<std::size_t> cuts;
  std::size_t at = 0;
  for (const char c : text) {
    at += static_cast<unsigned char>(c) % 23;
    if (at > text.size()) break;
    cuts.push_back(at);
  }
  return cuts;
}

void run(FuzzInput input) {
  const unsigned choice = input.u8();
  TokenizerOptions options;
  options.kind = choice & 1 ? Tokenizer::kAlpha : Tokenizer::kUnicode;
  options.max_token_bytes = kTokenLimits[choice >> 1 & 7];
  const std::string_view text = input.rest().substr(0, kMaxTextBytes);

  const std::vector<ReferenceToken> expected = reference_tokenize(text, options);
  ChunkedText tokenizer(options);
  require(tokenizer.tokens(text) == expected, "the tokens are those of the reference");
  require(tokenizer.tokens(text, cuts(choice >> 4, text)) == expected,
          "the tokens do not depend on where the chunks end");

  std::vector<std::string> terms;
  for (const ReferenceToken& token : expected) {
    if (!token.overlong) terms.push_back(token.term);
  }
  require(tokenize_text(text, options) == terms, "a query's terms are those of a document");
}

}  // namespace

void fuzz_one(const std::uint8_t* data, std::size_t size) { run({data, size}); }

}  // namespace spimi::testing
