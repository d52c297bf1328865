#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace spimi::bench {

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

/// How often words come: proportional to 1 / (rank + 1)^exponent, and from rank `kTailRank` on to
/// that with `tail_exponent` instead, joined without a step. The two regimes are those of natural
/// text (Ferrer i Cancho & Solé, Journal of Quantitative Linguistics 2001: 1 and 2): with one alone
/// a corpus either soon runs out of new words or never stops having too many.
struct ZipfShape {
  static constexpr std::uint32_t kTailRank = 8192;

  double exponent = 1;
  double tail_exponent = 2;
};

/// Draws ranks in constant time: Walker's alias method in Vose's form (IEEE TSE 1991).
class ZipfSampler {
 public:
  ZipfSampler(std::uint32_t size, const ZipfShape& shape);

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

enum class Script {
  kMixed,  ///< Latin; one word in sixteen has a letter that is not ASCII, one in 64 is Cyrillic.
  kAscii,
  kIdeographs,  ///< Two to a word.
};

/// A different, pronounceable word for each rank, short for frequent ranks: with the default shape
/// about 5.7 bytes a word with what separates it, which is English.
std::string word_of_rank(std::uint64_t rank, Script script);

/// An endless stream of words. They are drawn in batches, each stage of a batch prefetching for the
/// next: a large vocabulary is a cache miss or three for every word.
class WordStream {
 public:
  WordStream(std::uint32_t vocabulary_size, const ZipfShape& shape, std::uint64_t seed,
             Script script = Script::kMixed);

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

  void draw_batch();

  ZipfSampler zipf_;
  Random random_;
  std::string text_;
  std::vector<Word> words_;
  Word batch_[kBatch] = {};
  std::size_t next_ = kBatch;
};

/// Appends one document: sentences of 4 to 24 words in lines of about 80 bytes.
void write_document(WordStream& words, Random& random, std::size_t num_bytes, std::string* out);

}  // namespace spimi::bench
