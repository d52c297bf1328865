#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace spimi::testing {

/// A token with its term. An overlong one takes a position and has no term.
struct ReferenceToken {
  std::string term;
  bool overlong = false;
  bool operator==(const ReferenceToken&) const = default;
};
std::ostream& operator<<(std::ostream& out, const ReferenceToken& token);

/// The code points of UTF-8, each maximal ill-formed part as U+FFFD.
std::u32string reference_decode(std::string_view bytes);

/// `text` as UTF-8; no surrogates in it.
std::string reference_encode(std::u32string_view text);

/// The default word boundaries of UAX #29 (WB1 to WB999), as indices into `text`: 0 and the end
/// included, nothing for an empty text.
std::vector<std::size_t> reference_word_boundaries(std::u32string_view text);

/// The term of a segment: its NFKC_Casefold, if it holds a letter or number; otherwise empty.
std::string reference_term(std::u32string_view segment);

/// The tokens of a text: slow, in memory of a line, and as close to the wording of the standard as
/// code can be.
std::vector<ReferenceToken> reference_tokenize(std::string_view text,
                                               const TokenizerOptions& options = {});

}  // namespace spimi::testing
