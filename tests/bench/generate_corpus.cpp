// Writes a corpus of made-up text whose term frequencies follow Zipf's law: for measurements and
// for stress tests of a size that no one wants to store. The same arguments give the same bytes on
// every machine.
//
//   spimi_generate_corpus --seed 1 --bytes 1G --vocabulary 1000000 --document-bytes 4K OUT_DIR
//
// The documents are OUT_DIR/d000/000000.txt and on, a thousand to a folder.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>

#include "bench/made_up_text.h"

namespace {

using namespace spimi::bench;

struct Options {
  std::uint64_t seed = 1;
  std::uint64_t num_bytes = std::uint64_t{64} << 20;
  std::uint64_t vocabulary_size = 500'000;
  std::uint64_t document_bytes = 4096;
  ZipfShape shape;
  std::string out_dir;
};

[[noreturn]] void fail(const std::string& message) {
  std::fprintf(stderr, "spimi_generate_corpus: %s\n", message.c_str());
  std::exit(2);
}

void write_file(const std::string& path, std::string_view bytes) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) fail(path + ": cannot create: " + std::strerror(errno));
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path + ": cannot write: " + std::strerror(errno));
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::close(fd) != 0) fail(path + ": cannot close: " + std::strerror(errno));
}

std::uint64_t parse_size(const std::string& name, const std::string& text) {
  char* end = nullptr;
  errno = 0;
  const unsigned long long number = std::strtoull(text.c_str(), &end, 10);
  unsigned shift = 0;
  if (*end == 'K') shift = 10;
  if (*end == 'M') shift = 20;
  if (*end == 'G') shift = 30;
  if (shift != 0) ++end;
  if (errno != 0 || end == text.c_str() || *end != '\0' || text[0] == '-' ||
      number > UINT64_MAX >> shift) {
    fail(name + ": not a number or size: " + text);
  }
  return std::uint64_t{number} << shift;
}

double parse_exponent(const std::string& name, const std::string& text) {
  char* end = nullptr;
  const double exponent = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || *end != '\0' || !(exponent >= 0 && exponent <= 4)) {
    fail(name + " must be 0 to 4: " + text);
  }
  return exponent;
}

Options parse_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name.substr(0, 2) != "--") {
      if (!options.out_dir.empty()) fail("more than one OUT_DIR");
      options.out_dir = name;
      continue;
    }
    if (i + 1 == argc) fail(name + " needs a value");
    const std::string value = argv[++i];
    if (name == "--seed") {
      options.seed = parse_size(name, value);
    } else if (name == "--bytes") {
      options.num_bytes = parse_size(name, value);
    } else if (name == "--vocabulary") {
      options.vocabulary_size = parse_size(name, value);
    } else if (name == "--document-bytes") {
      options.document_bytes = parse_size(name, value);
    } else if (name == "--exponent") {
      options.shape.exponent = parse_exponent(name, value);
    } else if (name == "--tail-exponent") {
      options.shape.tail_exponent = parse_exponent(name, value);
    } else {
      fail("unknown option " + name);
    }
  }
  if (options.out_dir.empty()) {
    fail(
        "usage: spimi_generate_corpus [--seed N] [--bytes SIZE] [--vocabulary N] "
        "[--document-bytes SIZE] [--exponent X] [--tail-exponent X] OUT_DIR");
  }
  if (options.vocabulary_size < 1 || options.vocabulary_size > 100'000'000) {
    fail("--vocabulary must be 1 to 100000000");
  }
  if (options.document_bytes < 16 || options.document_bytes > std::uint64_t{1} << 30) {
    fail("--document-bytes must be 16 to 1G");
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse_options(argc, argv);
  WordStream words(static_cast<std::uint32_t>(options.vocabulary_size), options.shape,
                   options.seed);
  Random random(~options.seed);  // layout: punctuation and lengths

  std::string document;
  std::uint64_t num_bytes = 0;
  for (std::uint64_t n = 0; num_bytes < options.num_bytes; ++n) {
    char name[48];
    std::snprintf(name, sizeof name, "/d%03llu", static_cast<unsigned long long>(n / 1000));
    const std::string folder = options.out_dir + name;
    if (n % 1000 == 0) {
      std::error_code error;
      std::filesystem::create_directories(folder, error);
      if (error) fail(folder + ": cannot create: " + error.message());
    }
    // Half to one and a half times the average.
    const std::uint64_t size =
        options.document_bytes / 2 + random.below(options.document_bytes + 1);
    document.clear();
    write_document(words, random,
                   static_cast<std::size_t>(std::min(size, options.num_bytes - num_bytes)),
                   &document);
    std::snprintf(name, sizeof name, "/%06llu.txt", static_cast<unsigned long long>(n % 1000));
    write_file(folder + name, document);
    num_bytes += document.size();
  }
}
