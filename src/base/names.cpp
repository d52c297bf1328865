#include "spimi/build.h"

namespace spimi {

std::string_view tokenizer_name(Tokenizer tokenizer) {
  return tokenizer == Tokenizer::kUnicode ? "unicode" : "alpha";
}

std::string_view skip_reason_name(SkipReason reason) {
  switch (reason) {
    case SkipReason::kHidden:
      return "hidden";
    case SkipReason::kSymlink:
      return "symlink";
    case SkipReason::kLinkLoop:
      return "link-loop";
    case SkipReason::kSpecialFile:
      return "special-file";
    case SkipReason::kBinary:
      return "binary";
    case SkipReason::kUnreadable:
      return "unreadable";
    case SkipReason::kOutputDir:
      return "output-directory";
  }
  return "unknown";
}

}  // namespace spimi
