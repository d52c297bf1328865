#include "indexer/vocabulary.h"

#include <sys/random.h>

#include <chrono>

namespace spimi {

Vocabulary::Vocabulary(std::size_t max_keys, std::size_t arena_bytes, std::size_t slots_per_key)
    : slots_(std::bit_ceil(slots_per_key * max_keys)),
      entries_(max_keys + 1),
      arena_(arena_bytes),
      mask_(slots_.size() - 1) {
  if (::getrandom(seed_, sizeof(seed_), GRND_NONBLOCK) != sizeof(seed_)) {
    // Only at boot, before the kernel has entropy; then nobody is there to aim at the seed.
    const auto now =
        static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    for (std::uint64_t& word : seed_) word ^= now * 0x9E3779B97F4A7C15u;
  }
}

Vocabulary::Key Vocabulary::make_key(std::string_view bytes) const {
  Key key{{0, 0}, 0, bytes.data(), static_cast<std::uint32_t>(bytes.size()), 0};
  std::memcpy(key.words, bytes.data(), bytes.size() < kInlineBytes ? bytes.size() : kInlineBytes);
  key.hash = key.length <= kInlineBytes ? hash_short(key.words[0], key.words[1])
                                        : hash_long(key.bytes, key.length);
  return key;
}

std::uint32_t Vocabulary::find_entry(const Key& key) const {
  const std::uint32_t tag = tag_of(key);
  for (std::size_t i = key.hash & mask_;; i = (i + 1) & mask_) {
    const std::uint32_t slot = slots_[i], entry = slot & kEntryMask;
    if (slot == 0 || ((slot & ~kEntryMask) == tag && is(entries_[entry], key))) return entry;
  }
}

std::uint32_t Vocabulary::add(const Key& key, std::uint32_t id, std::uint32_t count) {
  const std::uint32_t entry = ++num_used_;
  std::size_t i = key.hash & mask_;
  while (slots_[i] != 0) i = (i + 1) & mask_;
  slots_[i] = tag_of(key) | entry;
  TermRef& ref = entries_[entry];
  ref = {{key.words[0], key.words[1]}, 0, key.length, id, count};
  if (key.length > kInlineBytes) {
    ref.offset = static_cast<std::uint32_t>(arena_used_);
    char* const to = arena_.data() + arena_used_;
    std::memcpy(to, key.words, kInlineBytes);
    for_each_piece(key.length,
                   [&](std::uint32_t at) { std::memcpy(to + at, key.bytes + at, kInlineBytes); });
    arena_used_ += key.length;
  }
  return id;
}

std::span<TermRef> Vocabulary::collect() {
  for (std::uint32_t i = 1; num_aliases_ > 0; ++i) {
    const TermRef& ref = entries_[i];
    if (ref.id == i) continue;
    entries_[ref.id].count += ref.count;
    --num_aliases_;
  }
  TermRef* end = entries_.data();
  for (std::uint32_t i = 1; i <= num_used_; ++i) {
    const TermRef ref = entries_[i];
    if (ref.id != i) continue;
    *end = ref;
    end->words[0] = __builtin_bswap64(ref.words[0]);
    end->words[1] = __builtin_bswap64(ref.words[1]);
    ++end;
  }
  return {entries_.data(), end};
}

void Vocabulary::clear() {
  std::memset(slots_.data(), 0, slots_.size() * sizeof(slots_[0]));
  entries_[0] = {};
  num_used_ = 0;
  num_aliases_ = 0;
  arena_used_ = 0;
}

}  // namespace spimi
