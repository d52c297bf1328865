#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "base/bitmap.h"
#include "format/postings_cursor.h"

namespace spimi {

/// The documents of a stretch of docids that some lists have, or have not: a bit for each. Windows
/// ascend.
class DocWindow {
 public:
  /// No document from `first` on, up to the end of the window.
  void begin(std::uint32_t first) {
    begin_ = first / 64 * 64;
    end_ = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(std::uint64_t{begin_} + kDocs, PostingsCursor::kEnd));
    bits_.fill(0);
  }

  /// Adds the documents of a list from its current posting on; moves it behind the window.
  void add(PostingsCursor& cursor) { cursor.fill(begin_, end_, bits_.data()); }

  /// Keeps the documents that a list has, or that it does not have.
  void keep(PostingsCursor& cursor, bool that_it_has) {
    if (std::none_of(bits_.begin(), bits_.end(), [](std::uint64_t word) { return word; })) return;
    Bits other{};
    cursor.fill_wanted(begin_, end_, bits_.data(), other.data());
    for (std::size_t i = 0; i < bits_.size(); ++i) bits_[i] &= that_it_has ? other[i] : ~other[i];
  }

  std::uint64_t count() const { return count_bits(bits_.data(), bits_.size()); }

  /// The docids that it can have.
  std::uint32_t first() const { return begin_; }
  std::uint32_t end() const { return end_; }

  /// Of a docid that it can have.
  bool has(std::uint32_t docid) const {
    const std::uint32_t place = docid - begin_;
    return (bits_[place / 64] >> place % 64 & 1) != 0;
  }

  /// Writes its documents from `first` to before `end`, but at most `max` of them, `max` > 0;
  /// returns how many. Both are in the window or at its end.
  std::uint32_t take(std::uint32_t first, std::uint32_t end, std::uint32_t max,
                     std::uint32_t* docids) const {
    std::uint32_t size = 0;
    const std::uint32_t place = first - begin_;
    std::uint64_t mask = ~std::uint64_t{0} << place % 64;
    for (std::uint32_t i = place / 64; begin_ + i * 64 < end; ++i, mask = ~std::uint64_t{0}) {
      for (std::uint64_t word = bits_[i] & mask; word != 0; word &= word - 1) {
        const std::uint32_t docid =
            begin_ + i * 64 + static_cast<std::uint32_t>(std::countr_zero(word));
        if (docid >= end) return size;
        docids[size] = docid;
        if (++size == max) return size;
      }
    }
    return size;
  }

 private:
  /// Two windows take a quarter of the usual first-level cache.
  static constexpr std::uint32_t kDocs = 32768;
  using Bits = std::array<std::uint64_t, kDocs / 64>;
  std::uint32_t begin_ = 0, end_ = 0;
  Bits bits_;
};

}  // namespace spimi
