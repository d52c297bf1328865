#include "text/normalize.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>

#include <cstdint>

#include "base/utf8.h"
#include "spimi/error.h"
#include "text/unicode_data.h"

namespace spimi {
namespace {

const icu::Normalizer2& nfkc_casefold() {
  static const icu::Normalizer2* const instance = [] {
    UErrorCode status = U_ZERO_ERROR;
    const icu::Normalizer2* result = icu::Normalizer2::getNFKCCasefoldInstance(status);
    if (U_FAILURE(status)) {
      throw Error(ErrorKind::kIo, {}, "cannot load ICU's normalisation data", u_errorName(status));
    }
    return result;
  }();
  return *instance;
}

}  // namespace

bool is_own_term(std::string_view token) {
  for (std::size_t i = 0; i < token.size();) {
    const auto byte = static_cast<unsigned char>(token[i]);
    if (byte < 0x80) {
      if (byte >= 'A' && byte <= 'Z') return false;
      ++i;
      continue;
    }
    const Utf8Char c = decode_utf8(token, i);
    if (!c.valid || (unicode_properties(c.code_point) & kOwnTerm) == 0) return false;
    i += c.num_bytes;
  }
  return true;
}

void make_term(std::string_view token, std::string* term) {
  if (is_own_term(token)) {
    term->assign(token);
  } else {
    normalize(token, term);
  }
}

void normalize(std::string_view token, std::string* term) {
  // Ill-formed parts are replaced here: ICU's own replacement would be one U+FFFD a byte in some
  // versions.
  std::string well_formed;
  well_formed.reserve(token.size());
  for (std::size_t i = 0; i < token.size();) {
    const Utf8Char c = decode_utf8(token, i);
    if (c.valid) {
      well_formed.append(token, i, c.num_bytes);
    } else {
      well_formed.append("\xEF\xBF\xBD");
    }
    i += c.num_bytes;
  }
  term->clear();
  icu::StringByteSink<std::string> sink(term);
  UErrorCode status = U_ZERO_ERROR;
  nfkc_casefold().normalizeUTF8(
      0, icu::StringPiece(well_formed.data(), static_cast<std::int32_t>(well_formed.size())), sink,
      nullptr, status);
  if (U_FAILURE(status)) {
    throw Error(ErrorKind::kIo, {}, "cannot normalise a token", u_errorName(status));
  }
}

std::string fold_ascii(std::string_view text) {
  std::string folded(text);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return folded;
}

}  // namespace spimi
