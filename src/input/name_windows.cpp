#include "input/name_windows.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

namespace spimi {
namespace {

constexpr std::size_t align_up(std::size_t offset) { return (offset + 15) & ~std::size_t{15}; }

/// The first bytes as a number that sorts as they do. Names hold no NUL, so the padding sorts
/// first.
std::uint64_t load_key(std::string_view bytes) {
  std::uint64_t key = 0;
  std::memcpy(&key, bytes.data(), std::min<std::size_t>(bytes.size(), sizeof key));
  return std::endian::native == std::endian::little ? __builtin_bswap64(key) : key;
}

}  // namespace

NameWindows::NameWindows(std::size_t memory_bytes)
    : capacity_(std::clamp<std::size_t>(memory_bytes, kMinMemoryBytes,
                                        std::numeric_limits<std::uint32_t>::max()) &
                ~std::size_t{15}),
      buffer_(std::make_unique_for_overwrite<std::byte[]>(capacity_)) {}

void NameWindows::push() {
  windows_.emplace_back();
  windows_.back().begin = top_;
}

void NameWindows::pop() {
  top_ = windows_.back().begin;
  windows_.pop_back();
}

void NameWindows::begin(std::string_view after) {
  after_.assign(after);
  Window& window = windows_.back();
  top_ = window.begin;
  if (capacity_ - top_ < capacity_ / 4) drop_shallow();
  window.count = window.next = 0;
  window.more = false;
  limit_ = capacity_;
  holds_directories_ = false;
  names_end_ = window.begin;
  refs_begin_ = limit_;
}

void NameWindows::drop_shallow() {
  // Until half is free, so that the cost of moving the rest is paid by the names that fill it.
  std::size_t keep = 0;
  while (keep + 1 < windows_.size() && top_ - windows_[keep].begin > capacity_ / 2) ++keep;
  for (std::size_t level = 0; level < keep; ++level) {
    Window& window = windows_[level];
    if (window.next < window.count) window.more = true;
    window.begin = 0;
    window.count = window.next = 0;
  }
  const std::size_t dropped_bytes = windows_[keep].begin;
  std::memmove(buffer_.get(), buffer_.get() + dropped_bytes, top_ - dropped_bytes);
  for (std::size_t level = keep; level < windows_.size(); ++level) {
    windows_[level].begin -= dropped_bytes;
  }
  top_ -= dropped_bytes;
}

bool NameWindows::may_hold(std::string_view name) const {
  if (windows_.back().more && name > last_kept_) return false;
  // As a directory's it would be `name/`, the greater of the two.
  const int order = name.compare(0, name.size(), after_, 0, name.size());
  if (order != 0) return order > 0;
  return after_.size() == name.size() || static_cast<unsigned char>(after_[name.size()]) < '/';
}

void NameWindows::add(std::string_view name, NameKind kind) {
  Window& window = windows_.back();
  const bool is_directory = kind == NameKind::kDirectory;
  const std::size_t size = name.size() + (is_directory ? 1 : 0);
  while (names_end_ + size + sizeof(Ref) > refs_begin_) prune();

  char* const held = reinterpret_cast<char*>(buffer_.get()) + names_end_;
  std::memcpy(held, name.data(), name.size());
  if (is_directory) held[name.size()] = '/';
  const std::string_view key(held, size);
  if (key <= after_ || (window.more && key > last_kept_)) return;

  refs_begin_ -= sizeof(Ref);
  *refs_at(refs_begin_) = {0, static_cast<std::uint32_t>(names_end_ - window.begin),
                           static_cast<std::uint16_t>(size), kind};
  names_end_ += size;
  ++window.count;
  holds_directories_ |= is_directory;
}

void NameWindows::prune() {
  // There are three names or more, see kMinMemoryBytes. Three quarters stay: a window ends nearly
  // full, and a long directory is pruned a logarithmic number of times.
  Window& window = windows_.back();
  Ref* const refs = refs_at(refs_begin_);
  const std::size_t count = window.count;
  const std::size_t kept = count * 3 / 4;
  set_keys(refs, count);
  std::nth_element(refs, refs + kept - 1, refs + count,
                   [this](const Ref& a, const Ref& b) { return less(a, b); });
  last_kept_.assign(name_of(refs[kept - 1]));
  window.more = true;

  std::sort(refs, refs + kept, [](const Ref& a, const Ref& b) { return a.offset < b.offset; });
  names_end_ = window.begin;
  for (std::size_t i = 0; i < kept; ++i) {
    const std::string_view name = name_of(refs[i]);
    std::memmove(buffer_.get() + names_end_, name.data(), name.size());
    refs[i].offset = static_cast<std::uint32_t>(names_end_ - window.begin);
    names_end_ += name.size();
  }
  std::memmove(refs + (count - kept), refs, kept * sizeof(Ref));
  refs_begin_ += (count - kept) * sizeof(Ref);
  window.count = static_cast<std::uint32_t>(kept);
}

void NameWindows::end() {
  Window& window = windows_.back();
  const std::size_t half = (limit_ - window.begin) / 2;
  while (holds_directories_ && limit_ - refs_begin_ + (names_end_ - window.begin) > half) prune();

  Ref* const refs = refs_at(refs_begin_);
  set_keys(refs, window.count);
  std::sort(refs, refs + window.count, [this](const Ref& a, const Ref& b) { return less(a, b); });
  const std::size_t refs_end = align_up(names_end_);
  std::memmove(buffer_.get() + refs_end, refs, window.count * sizeof(Ref));
  window.refs_at = refs_end - window.begin;
  top_ = refs_end + window.count * sizeof(Ref);
}

NameWindows::Name NameWindows::next() {
  Window& window = windows_.back();
  const Ref& ref = refs_at(window.begin + window.refs_at)[window.next++];
  return {name_of(ref), ref.kind};
}

void NameWindows::finish() {
  Window& window = windows_.back();
  window.next = window.count;
  window.more = false;
}

std::string_view NameWindows::name_of(const Ref& ref) const {
  const std::byte* const name = buffer_.get() + windows_.back().begin + ref.offset;
  return {reinterpret_cast<const char*>(name), ref.size};
}

bool NameWindows::less(const Ref& a, const Ref& b) const {
  if (a.key != b.key) return a.key < b.key;
  return name_of(a) < name_of(b);
}

void NameWindows::set_keys(Ref* refs, std::size_t count) const {
  if (count == 0) return;
  std::string_view shared = name_of(refs[0]);
  for (std::size_t i = 1; i < count && !shared.empty(); ++i) {
    const std::string_view name = name_of(refs[i]);
    const auto [end, other] = std::mismatch(shared.begin(), shared.end(), name.begin(), name.end());
    shared = shared.substr(0, static_cast<std::size_t>(end - shared.begin()));
  }
  for (std::size_t i = 0; i < count; ++i) {
    refs[i].key = load_key(name_of(refs[i]).substr(shared.size()));
  }
}

}  // namespace spimi
