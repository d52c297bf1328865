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
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

struct Options {
  std::uint64_t seed = 1;
  std::uint64_t num_bytes = std::uint64_t{64} << 20;
  std::uint64_t vocabulary_size = 500'000;
  std::uint64_t document_bytes = 4096;
  double exponent = 1.07;
  std::string out_dir;
};

[[noreturn]] void fail(const std::string& message) {
  std::fprintf(stderr, "spimi_generate_corpus: %s\n", message.c_str());
  std::exit(2);
}

/// SplitMix64 (Steele, Lea & Flood, OOPSLA 2014). The standard library's distributions may differ
/// between implementations, so nothing here uses them.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
  }
  /// Below `bound`, which is at most 2^32; the bias is under 2^-32.
  std::uint32_t below(std::uint64_t bound) {
    return static_cast<std::uint32_t>((next() >> 32) * bound >> 32);
  }

 private:
  std::uint64_t state_;
};

/// Draws ranks with probability proportional to 1 / (rank + 1)^exponent in constant time: Walker's
/// alias method in Vose's form (IEEE TSE 1991).
class ZipfSampler {
 public:
  ZipfSampler(std::uint32_t size, double exponent) : slots_(size) {
    std::vector<double> weights(size);
    for (std::uint32_t r = 0; r < size; ++r) weights[r] = std::pow(r + 1.0, -exponent);
    const double mean = std::accumulate(weights.begin(), weights.end(), 0.0) / size;
    std::vector<std::uint32_t> small, large;
    for (std::uint32_t r = 0; r < size; ++r) {
      weights[r] /= mean;
      (weights[r] < 1 ? small : large).push_back(r);
      slots_[r] = {UINT32_MAX, r};
    }
    while (!small.empty() && !large.empty()) {
      const std::uint32_t s = small.back(), l = large.back();
      small.pop_back();
      slots_[s] = {static_cast<std::uint32_t>(weights[s] * UINT32_MAX), l};
      weights[l] -= 1 - weights[s];
      if (weights[l] < 1) {
        large.pop_back();
        small.push_back(l);
      }
    }
  }

  /// The first half of a draw, which asks for the memory that the second half needs.
  std::uint32_t choose_slot(std::uint64_t bits) const {
    const auto slot = static_cast<std::uint32_t>((bits >> 32) * slots_.size() >> 32);
    __builtin_prefetch(&slots_[slot]);
    return slot;
  }
  std::uint32_t rank(std::uint32_t slot, std::uint64_t bits) const {
    return static_cast<std::uint32_t>(bits) <= slots_[slot].threshold ? slot : slots_[slot].alias;
  }

 private:
  struct Slot {
    std::uint32_t threshold;  ///< Of 2^32: how often the slot stands for itself.
    std::uint32_t alias;
  };
  std::vector<Slot> slots_;
};

/// A different, pronounceable word for each rank, short for frequent ranks. One in sixteen has a
/// letter that is not ASCII, one in sixty-four is Cyrillic.
std::string word_of_rank(std::uint64_t rank) {
  static constexpr std::string_view kConsonants = "tnsrhldcmfpgwbvkzj";
  static constexpr std::string_view kVowels = "eaoiu";
  static constexpr const char* kAccented[] = {"é", "ä", "ö", "í", "ü"};
  static constexpr const char* kCyrillicConsonants[] = {
      "т", "н", "с", "р", "х", "л", "д", "ц", "м", "ф", "п", "г", "ш", "б", "в", "к", "з", "ж"};
  static constexpr const char* kCyrillicVowels[] = {"е", "а", "о", "и", "у"};
  constexpr std::uint64_t kSyllables = kConsonants.size() * kVowels.size();

  const std::uint64_t style = Random(rank).next();
  const bool cyrillic = rank > 100 && style % 64 == 0;
  bool accent = !cyrillic && rank > 20 && style % 16 == 1;
  std::string word;
  // Bijective numeration: the syllables alone tell the rank, whatever the style adds.
  for (std::uint64_t rest = rank + 1; rest > 0; rest = (rest - 1) / kSyllables) {
    const std::uint64_t syllable = (rest - 1) % kSyllables;
    const std::size_t consonant = syllable % kConsonants.size();
    const std::size_t vowel = syllable / kConsonants.size();
    if (cyrillic) {
      word += kCyrillicConsonants[consonant];
      word += kCyrillicVowels[vowel];
    } else {
      word += kConsonants[consonant];
      if (accent) {
        word += kAccented[vowel];
      } else {
        word += kVowels[vowel];
      }
      accent = false;
    }
  }
  if (!cyrillic && style >> 32 & 1) word += kConsonants[(style >> 8) % kConsonants.size()];
  return word;
}

/// An endless stream of words. They are drawn in batches, each stage of a batch prefetching for the
/// next: a large vocabulary is a cache miss or three for every word.
class WordStream {
 public:
  WordStream(std::uint32_t vocabulary_size, double exponent, std::uint64_t seed)
      : zipf_(vocabulary_size, exponent), random_(seed) {
    words_.reserve(vocabulary_size);
    std::uint32_t offset = 0;
    for (std::uint32_t rank = 0; rank < vocabulary_size; ++rank) {
      const std::string word = word_of_rank(rank);
      text_ += word;
      words_.push_back({offset, static_cast<std::uint32_t>(word.size())});
      offset += words_.back().size;
    }
  }

  std::string_view next() {
    if (next_ == kBatch) draw_batch();
    const Word word = batch_[next_++];
    return {text_.data() + word.offset, word.size};
  }

 private:
  struct Word {
    std::uint32_t
        offset;  ///< In text_, which stays under 4 GiB: 10^8 words have 10 bytes on average.
    std::uint32_t size;
  };
  static constexpr std::size_t kBatch = 64;

  void draw_batch() {
    std::uint64_t bits[kBatch];
    std::uint32_t ranks[kBatch];
    for (std::size_t i = 0; i < kBatch; ++i) ranks[i] = zipf_.choose_slot(bits[i] = random_.next());
    for (std::size_t i = 0; i < kBatch; ++i) {
      ranks[i] = zipf_.rank(ranks[i], bits[i]);
      __builtin_prefetch(&words_[ranks[i]]);
    }
    for (std::size_t i = 0; i < kBatch; ++i) {
      batch_[i] = words_[ranks[i]];
      __builtin_prefetch(text_.data() + batch_[i].offset);
    }
    next_ = 0;
  }

  ZipfSampler zipf_;
  Random random_;
  std::string text_;
  std::vector<Word> words_;
  Word batch_[kBatch] = {};
  std::size_t next_ = kBatch;
};

/// Appends one document: sentences of 4 to 24 words in lines of about 80 bytes.
void write_document(WordStream& words, Random& random, std::size_t num_bytes, std::string* out) {
  std::size_t line_bytes = 0;
  std::uint32_t words_left = 0;
  while (out->size() < num_bytes) {
    const bool starts_sentence = words_left == 0;
    if (starts_sentence) words_left = 4 + random.below(21);
    const std::string_view word = words.next();
    const std::size_t word_start = out->size();
    *out += word;
    char& first = (*out)[word_start];
    if (starts_sentence && first >= 'a' && first <= 'z') first = static_cast<char>(first - 32);
    if (--words_left == 0) {
      *out += '.';
    } else if (random.below(12) == 0) {
      *out += ',';
    }
    line_bytes += word.size() + 1;
    *out += line_bytes >= 80 ? '\n' : ' ';
    if (line_bytes >= 80) line_bytes = 0;
  }
  out->back() = '\n';
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
      options.exponent = std::strtod(value.c_str(), nullptr);
    } else {
      fail("unknown option " + name);
    }
  }
  if (options.out_dir.empty()) {
    fail(
        "usage: spimi_generate_corpus [--seed N] [--bytes SIZE] [--vocabulary N] "
        "[--document-bytes SIZE] [--exponent X] OUT_DIR");
  }
  if (options.vocabulary_size < 1 || options.vocabulary_size > 100'000'000) {
    fail("--vocabulary must be 1 to 100000000");
  }
  if (options.document_bytes < 16 || options.document_bytes > std::uint64_t{1} << 30) {
    fail("--document-bytes must be 16 to 1G");
  }
  if (!(options.exponent >= 0 && options.exponent <= 4)) fail("--exponent must be 0 to 4");
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse_options(argc, argv);
  WordStream words(static_cast<std::uint32_t>(options.vocabulary_size), options.exponent,
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
