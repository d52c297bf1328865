#pragma once

#include <string>
#include <string_view>

namespace spimi {

/// The Unicode version of all tables, as the manifest has it.
inline constexpr std::string_view kUnicodeVersion = "15.0";

/// The term of a token of the unicode tokenizer: NFKC_Casefold, with ill-formed parts read as
/// U+FFFD. For an ASCII token that is lower case.
void make_term(std::string_view token, std::string* term);

/// The same without the quick look at whether the token is its own term.
void normalize(std::string_view token, std::string* term);

/// True if make_term would return `token` as it is. Quick; may say false for a token that is its
/// own term.
bool is_own_term(std::string_view token);

/// The text with letters of ASCII in lower case.
std::string fold_ascii(std::string_view text);

}  // namespace spimi
