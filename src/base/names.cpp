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

std::string_view stage_name(Stage stage) {
  switch (stage) {
    case Stage::kWalk:
      return "walk";
    case Stage::kFiles:
      return "files";
    case Stage::kRead:
      return "read";
    case Stage::kTokenize:
      return "tokenize";
    case Stage::kAccumulate:
      return "accumulate";
    case Stage::kSort:
      return "sort";
    case Stage::kScatter:
      return "scatter";
    case Stage::kEncodeRun:
      return "encode-run";
    case Stage::kWriteRun:
      return "write-run";
    case Stage::kDocuments:
      return "documents";
    case Stage::kReadRuns:
      return "read-runs";
    case Stage::kQueue:
      return "queue";
    case Stage::kDecode:
      return "decode";
    case Stage::kEncodeLists:
      return "encode-lists";
    case Stage::kDictionary:
      return "dictionary";
    case Stage::kWriteIndex:
      return "write-index";
    case Stage::kCommit:
      return "commit";
    case Stage::kWait:
      return "wait";
    case Stage::kOther:
      return "other";
  }
  return "unknown";
}

}  // namespace spimi
