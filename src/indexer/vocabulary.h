#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "base/padded_bytes.h"
#include "base/region.h"
#include "indexer/term_sort.h"

namespace spimi {

__extension__ using Uint128 = unsigned __int128;

/// The terms of one run and their numbers: a hash table of fixed size with linear probing. A slot
/// is four bytes, the number of a key and a tag of its hash, so that most of the table stays in the
/// near caches. The keys stand apart in the order in which they came, common ones thus side by
/// side: up to 16 bytes of a key in its entry, and all of a longer one in an arena.
///
/// To find a key takes two accesses, one after the other, each with a prefetch of its own. Most
/// entries asked for are near; but where the second-level cache has only 512 kB, the wait for the
/// others took a third of the look-ups. The prefetch of an entry notes it down as a guess, which is
/// right for 95 % of tokens whose key is there: these are compared with one entry, and ask no slot
/// a second time.
///
/// An entry counts its occurrences: it is in the nearest cache just then, and a pass over the log
/// that counts them takes a fifth of the time of the scatter.
///
/// Keys are tokens with ASCII letters in lower case (surface forms). A surface form that is not its
/// own term is an *alias*: its entry has the number of its term, which has an entry of its own. So
/// a token costs no normalising, and a distinct surface form costs it once a run.
///
/// The hash is keyed with random numbers, so nobody can write a corpus that floods one chain.
/// Nothing of its order is ever seen.
class Vocabulary {
 public:
  static constexpr std::uint32_t kInlineBytes = 16;
  /// Keys are numbered from 1 to at most this.
  static constexpr std::size_t kMaxKeys = (std::size_t{1} << 20) - 1;

  /// Sixteen bytes.
  struct Words {
    std::uint64_t a, b;
  };
  static Words load_words(const void* bytes) {
    Words words;
    std::memcpy(&words, bytes, sizeof(words));
    return words;
  }

  /// A key made ready: `bytes` are needed of long keys only.
  struct Key {
    std::uint64_t words[2];  // the first 16 bytes, filled up with zeros
    std::uint64_t hash;
    const char* bytes;
    std::uint32_t length;
    std::uint32_t guess;  // see guess_entry
  };

  Vocabulary() = default;
  /// `max_keys` is at most kMaxKeys; kBytePadding of the arena hold no keys. The table has at least
  /// `slots_per_key` slots for each, which is 2 or more: chains grow without bound as it fills.
  Vocabulary(std::size_t max_keys, std::size_t arena_bytes, std::size_t slots_per_key = 2);

  static std::size_t memory_bytes(std::size_t max_keys, std::size_t arena_bytes,
                                  std::size_t slots_per_key) {
    return std::bit_ceil(slots_per_key * max_keys) * sizeof(std::uint32_t) +
           (max_keys + 1) * sizeof(TermRef) + arena_bytes;
  }

  /// Of a key of up to kInlineBytes, by its words. Keys hold no zero bytes, so the words tell the
  /// length, too.
  std::uint64_t hash_short(std::uint64_t a, std::uint64_t b) const {
    return mix(a ^ seed_[0], b ^ seed_[1]);
  }
  /// Of a longer one.
  std::uint64_t hash_long(const char* bytes, std::uint32_t length) const {
    std::uint64_t behind = 0;
    for_each_piece(length, [&](std::uint32_t at) {
      const Words words = load_words(bytes + at);
      behind = mix(words.a ^ behind ^ seed_[2], words.b ^ seed_[3]);
    });
    const Words words = load_words(bytes);
    return hash_short(words.a ^ behind, words.b ^ length);
  }
  /// The key of bytes that are already folded.
  Key make_key(std::string_view bytes) const;

  void prefetch_slot(std::uint64_t hash) const { __builtin_prefetch(&slots_[hash & mask_], 0, 3); }
  /// Notes down what the key's slot leads to, once that is near, and prefetches it. Guesses made
  /// before clear are not to be used after it.
  void guess_entry(Key* key) const {
    key->guess = slots_[key->hash & mask_] & kEntryMask;
    __builtin_prefetch(&entries_[key->guess], 0, 3);
  }

  /// The number of the key's term, with the occurrence counted; 0 if it has none yet, or if the key
  /// has no bytes. The key's entry was guessed.
  std::uint32_t count(const Key& key) {
    std::uint32_t entry = key.guess;
    if (!is(entries_[entry], key)) [[unlikely]] {
      entry = find_entry(key);
    }
    ++entries_[entry].count;
    return entries_[entry].id;
  }
  /// Takes back an occurrence of the term of that number.
  void uncount(std::uint32_t term) { --entries_[term].count; }

  /// The number of the key's term; 0 if it has none yet.
  std::uint32_t find(const Key& key) const { return entries_[find_entry(key)].id; }

  /// True if that many more keys with that many bytes fit.
  bool has_room(std::size_t num_keys, std::size_t key_bytes) const {
    return num_used_ + num_keys < entries_.size() &&
           arena_used_ + key_bytes + kBytePadding <= arena_.size();
  }

  /// Adds a key that is not there, with that many occurrences, and returns its number. Needs room.
  std::uint32_t add(const Key& key, std::uint32_t count) { return add(key, num_used_ + 1, count); }
  /// Adds a key that is not there as another form of the term of that number, with one occurrence.
  /// Needs room.
  void add_alias(const Key& key, std::uint32_t term) {
    add(key, term, 1);
    ++num_aliases_;
  }

  /// The terms without the aliases, to be sorted, with their occurrences. They lie where the keys
  /// were: nothing may be asked for or added before clear.
  std::span<TermRef> collect();
  /// The bytes of long terms, padded (padded_bytes.h).
  const char* arena() const { return arena_.data(); }

  /// Forgets all keys.
  void clear();

 private:
  // A slot: above, the tag; below, the entry, which is never 0.
  static constexpr std::uint32_t kEntryMask = kMaxKeys;

  static std::uint32_t tag_of(const Key& key) {
    return static_cast<std::uint32_t>(key.hash >> 32) & ~kEntryMask;
  }

  static std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
    const Uint128 product = static_cast<Uint128>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }
  // Calls visit(at) for the pieces of kInlineBytes that a long key has behind its first one; the
  // last ends where the key does and may overlap the one before. Most long keys have but one, for
  // which a call of memcmp and the like would take longer than the work.
  template <class Visit>
  static void for_each_piece(std::uint32_t length, Visit visit) {
    std::uint32_t at = 0;
    do {
      at = std::min(at + kInlineBytes, length - kInlineBytes);
      visit(at);
    } while (at + kInlineBytes < length);
  }

  // The key's entry; 0 if there is none.
  std::uint32_t find_entry(const Key& key) const;

  bool is(const TermRef& ref, const Key& key) const {
    std::uint64_t different =
        (ref.words[0] ^ key.words[0]) | (ref.words[1] ^ key.words[1]) | (ref.length ^ key.length);
    if (different != 0 || key.length <= kInlineBytes) return different == 0;
    const char* const bytes = arena_.data() + ref.offset;
    for_each_piece(key.length, [&](std::uint32_t at) {
      const Words x = load_words(bytes + at), y = load_words(key.bytes + at);
      different |= (x.a ^ y.a) | (x.b ^ y.b);
    });
    return different == 0;
  }
  std::uint32_t add(const Key& key, std::uint32_t id, std::uint32_t count);

  Region<std::uint32_t> slots_;
  Region<TermRef> entries_;  // by number, from 1; the words are as in Key until collect
  Region<char> arena_;
  std::size_t mask_ = 0;
  std::uint32_t num_used_ = 0;
  std::uint32_t num_aliases_ = 0;
  std::size_t arena_used_ = 0;
  std::uint64_t seed_[4] = {};
};

}  // namespace spimi
