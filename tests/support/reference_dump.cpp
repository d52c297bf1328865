// Prints what `spimi dump --json` must print for a corpus, so that a script can compare the two.

#include <charconv>
#include <exception>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "support/reference_index.h"

namespace {

struct Arguments {
  spimi::TokenizerOptions tokenizer;
  bool positions = true;
  std::string_view directory;
};

std::optional<Arguments> parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const std::string_view value = i + 1 < argc ? argv[i + 1] : "";
    if (argument == "--no-positions") {
      arguments.positions = false;
    } else if (argument == "--tokenizer" && (value == "unicode" || value == "alpha")) {
      arguments.tokenizer.kind =
          value == "alpha" ? spimi::Tokenizer::kAlpha : spimi::Tokenizer::kUnicode;
      ++i;
    } else if (argument == "--max-token-bytes") {
      const char* const end = value.data() + value.size();
      const auto [stop, error] =
          std::from_chars(value.data(), end, arguments.tokenizer.max_token_bytes);
      if (error != std::errc() || stop != end) return std::nullopt;
      ++i;
    } else if (!argument.starts_with("-") && arguments.directory.empty()) {
      arguments.directory = argument;
    } else {
      return std::nullopt;
    }
  }
  if (arguments.directory.empty()) return std::nullopt;
  return arguments;
}

}  // namespace

int main(int argc, char** argv) {
  const std::optional<Arguments> arguments = parse(argc, argv);
  if (!arguments) {
    std::cerr << "usage: spimi_reference_dump [--tokenizer unicode|alpha] [--no-positions]"
                 " [--max-token-bytes N] DIR\n";
    return 2;
  }
  try {
    std::ios::sync_with_stdio(false);
    spimi::testing::ReferenceIndex index(arguments->tokenizer);
    index.add_directory(arguments->directory);
    index.write_json(std::cout, arguments->positions);
    std::cout.flush();
    if (!std::cout) throw std::runtime_error("cannot write to standard output");
  } catch (const std::exception& error) {
    std::cerr << "spimi_reference_dump: " << error.what() << '\n';
    return 4;
  }
  return 0;
}
