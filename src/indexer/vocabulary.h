#pragma once

#include <xxhash.h>

#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/region.h"

namespace spimi {

__extension__ using Uint128 = unsigned __int128;

/// The terms of one run and their numbers: a hash table of fixed size with linear probing. A slot
/// is half a cache line and holds keys of up to 16 bytes itself, so that finding a common term
/// touches one line; longer keys have their first 16 bytes there and all of them in an arena.
///
/// Keys are tokens with ASCII letters in lower case (surface forms). A surface form that is not its
/// own term is an *alias*: its slot has the number of its term, which has a slot of its own. So a
/// token costs no normalising, and a distinct surface form costs it once a run.
///
/// The hash is keyed with random numbers, so nobody can write a corpus that floods one chain.
/// Nothing of its order is ever seen.
class Vocabulary {
 public:
  static constexpr std::uint32_t kInlineBytes = 16;
  static constexpr std::uint32_t kAlias = 1u << 31;  // in Slot::offset

  struct alignas(32) Slot {
    std::uint64_t key[2];  // the first 16 bytes, filled up with zeros
    std::uint32_t length;  // of the key; 0 in an empty slot
    std::uint32_t tag;     // more of the hash, for long keys
    std::uint32_t offset;  // of a long key in the arena, and kAlias
    std::uint32_t id;
  };

  /// A key made ready: `bytes` are needed of long keys only.
  struct Key {
    std::uint64_t words[2];
    std::uint64_t hash;
    const char* bytes;
    std::uint32_t length;
  };

  Vocabulary() = default;
  /// `num_slots` is a power of two.
  Vocabulary(std::size_t num_slots, std::size_t arena_bytes);

  /// The number of slots it takes; half of the table is never used, for chains grow without bound
  /// as it fills.
  std::size_t max_used() const { return slots_.size() / 2; }
  static std::size_t memory_bytes(std::size_t num_slots, std::size_t arena_bytes) {
    return num_slots * sizeof(Slot) + arena_bytes;
  }

  std::uint64_t hash_short(std::uint64_t a, std::uint64_t b, std::uint32_t length) const {
    const Uint128 product = static_cast<Uint128>(a ^ seed_[0]) * (b ^ seed_[1] ^ length);
    const Uint128 mixed = static_cast<Uint128>(static_cast<std::uint64_t>(product) ^ seed_[2]) *
                          (static_cast<std::uint64_t>(product >> 64) ^ seed_[3]);
    return static_cast<std::uint64_t>(mixed) ^ static_cast<std::uint64_t>(mixed >> 64);
  }
  std::uint64_t hash_long(const char* bytes, std::size_t length) const {
    return XXH3_64bits_withSeed(bytes, length, seed_[0]);
  }
  /// The key of bytes that are already folded.
  Key make_key(std::string_view bytes) const;

  void prefetch(std::uint64_t hash) const { __builtin_prefetch(&slots_[hash & mask_], 0, 3); }

  /// The slot of the key, or the empty slot where it belongs.
  Slot* find(const Key& key) const {
    std::size_t i = key.hash & mask_;
    for (;; i = (i + 1) & mask_) {
      Slot& slot = slots_[i];
      const std::uint64_t different =
          (slot.key[0] ^ key.words[0]) | (slot.key[1] ^ key.words[1]) | (slot.length ^ key.length);
      if (__builtin_expect(different == 0, 1)) {
        if (key.length <= kInlineBytes || equals_long(slot, key)) return &slot;
      }
      if (slot.length == 0) return &slot;
    }
  }

  /// True if one more key with this many bytes fits.
  bool has_room(std::size_t num_keys, std::size_t key_bytes) const {
    return num_used_ + num_keys <= max_used() && arena_used_ + key_bytes <= arena_.size();
  }

  /// Fills the empty slot that find returned. Needs room.
  void insert(Slot* slot, const Key& key, std::uint32_t id, bool alias);

  const char* arena() const { return arena_.data(); }
  const Slot* slots() const { return slots_.data(); }
  std::size_t num_slots() const { return slots_.size(); }

  /// Forgets all keys.
  void clear();

 private:
  bool equals_long(const Slot& slot, const Key& key) const {
    return slot.tag == static_cast<std::uint32_t>(key.hash >> 32) &&
           std::memcmp(arena_.data() + (slot.offset & ~kAlias) + kInlineBytes,
                       key.bytes + kInlineBytes, key.length - kInlineBytes) == 0;
  }

  Region<Slot> slots_;
  Region<char> arena_;
  std::size_t mask_ = 0;
  std::size_t num_used_ = 0;
  std::size_t arena_used_ = 0;
  std::uint64_t seed_[4] = {};
};

}  // namespace spimi
