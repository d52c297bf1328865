#include "indexer/vocabulary.h"

#include <sys/random.h>

#include <chrono>

namespace spimi {

Vocabulary::Vocabulary(std::size_t num_slots, std::size_t arena_bytes)
    : slots_(num_slots), arena_(arena_bytes), mask_(num_slots - 1) {
  if (::getrandom(seed_, sizeof(seed_), GRND_NONBLOCK) != sizeof(seed_)) {
    // Only at boot, before the kernel has entropy; then nobody is there to aim at the seed.
    const auto now =
        static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    for (std::uint64_t& word : seed_) word ^= now * 0x9E3779B97F4A7C15u;
  }
}

Vocabulary::Key Vocabulary::make_key(std::string_view bytes) const {
  Key key{{0, 0}, 0, bytes.data(), static_cast<std::uint32_t>(bytes.size())};
  std::memcpy(key.words, bytes.data(), bytes.size() < kInlineBytes ? bytes.size() : kInlineBytes);
  key.hash = key.length <= kInlineBytes ? hash_short(key.words[0], key.words[1], key.length)
                                        : hash_long(key.bytes, key.length);
  return key;
}

void Vocabulary::insert(Slot* slot, const Key& key, std::uint32_t id, bool alias) {
  slot->key[0] = key.words[0];
  slot->key[1] = key.words[1];
  slot->length = key.length;
  slot->tag = static_cast<std::uint32_t>(key.hash >> 32);
  slot->offset = alias ? kAlias : 0;
  slot->id = id;
  if (key.length > kInlineBytes) {
    slot->offset |= static_cast<std::uint32_t>(arena_used_);
    std::memcpy(arena_.data() + arena_used_, key.bytes, key.length);
    arena_used_ += key.length;
  }
  ++num_used_;
}

void Vocabulary::clear() {
  std::memset(static_cast<void*>(slots_.data()), 0, slots_.size() * sizeof(Slot));
  num_used_ = 0;
  arena_used_ = 0;
}

}  // namespace spimi
