#include "bench/made_up_text.h"

#include <cmath>
#include <numeric>

namespace spimi::bench {
namespace {

// Two of the first 4096 unified ideographs: a word for each of 2^24 ranks, a token for each
// ideograph.
std::string ideographs_of_rank(std::uint64_t rank) {
  std::string word;
  for (const std::uint64_t digit : {rank & 4095, rank >> 12 & 4095}) {
    const std::uint32_t c = 0x4E00 + static_cast<std::uint32_t>(digit);
    word += static_cast<char>(0xE0 | c >> 12);
    word += static_cast<char>(0x80 | (c >> 6 & 63));
    word += static_cast<char>(0x80 | (c & 63));
  }
  return word;
}

}  // namespace

ZipfSampler::ZipfSampler(std::uint32_t size, const ZipfShape& shape) : slots_(size) {
  std::vector<double> weights(size);
  const double joint = ZipfShape::kTailRank + 1.0;
  const double joint_weight = std::pow(joint, -shape.exponent);
  for (std::uint32_t r = 0; r < size; ++r) {
    weights[r] = r < ZipfShape::kTailRank
                     ? std::pow(r + 1.0, -shape.exponent)
                     : joint_weight * std::pow((r + 1.0) / joint, -shape.tail_exponent);
  }
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

std::string word_of_rank(std::uint64_t rank, Script script) {
  if (script == Script::kIdeographs) return ideographs_of_rank(rank);
  static constexpr std::string_view kConsonants = "tnsrhldc";
  static constexpr std::string_view kVowels = "eaoiu";
  static constexpr const char* kAccented[] = {"é", "ä", "ö", "í", "ü"};
  static constexpr const char* kCyrillicConsonants[] = {"т", "н", "с", "р", "х", "л", "д", "ц"};
  static constexpr const char* kCyrillicVowels[] = {"е", "а", "о", "и", "у"};
  constexpr std::uint64_t kSyllables = kConsonants.size() * kVowels.size();

  const bool mixed = script == Script::kMixed;
  const std::uint64_t style = Random(rank).next();
  const bool cyrillic = mixed && rank > 100 && style % 64 == 0;
  bool accent = mixed && !cyrillic && rank > 20 && style % 16 == 1;
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

WordStream::WordStream(std::uint32_t vocabulary_size, const ZipfShape& shape, std::uint64_t seed,
                       Script script)
    : zipf_(vocabulary_size, shape), random_(seed) {
  words_.reserve(vocabulary_size);
  std::uint32_t offset = 0;
  for (std::uint32_t rank = 0; rank < vocabulary_size; ++rank) {
    const std::string word = word_of_rank(rank, script);
    text_ += word;
    words_.push_back({offset, static_cast<std::uint32_t>(word.size())});
    offset += words_.back().size;
  }
}

void WordStream::draw_batch() {
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

}  // namespace spimi::bench
