// A block of 64 bytes becomes bit masks, one for each class of byte; tokens are runs of ones in a
// mask that is made from them with shifts, so no byte is looked at alone. (The idea is simdjson's:
// Langdale & Lemire, VLDB Journal 2019.)

#define HWY_WANT_AVX3_DL  // which has a compress for bytes
// Only what SPIMI_CPU_TARGETS picks from.
#define HWY_DISABLED_TARGETS HWY_SSE4
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "text/plain_tokens.cpp"
#include <hwy/foreach_target.h>  // compiles this file once for each instruction set

#include <hwy/highway.h>

#include "base/cpu_targets.h"
#include "base/places_of_bits.h"
#include "text/plain_tokens.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

HWY_BEFORE_NAMESPACE();
namespace spimi {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
// At most 64 bytes, so that a block's mask is one 64-bit word.
using D = hn::CappedTag<std::uint8_t, 64>;
using V = hn::Vec<D>;

template <class Mask>
HWY_INLINE std::uint64_t bits_of(D d, Mask mask) {
  // No more than the bits that there are, so that nothing need be cleared.
  hwy::UnsignedFromSize<std::max<std::size_t>(hn::MaxLanes(d) / 8, 1)> few = 0;
  std::uint8_t bytes[8];  // which Highway may write
  hn::StoreMaskBits(d, mask, bytes);
  std::memcpy(&few, bytes, sizeof(few));
  std::uint64_t bits = few;
#if HWY_ARCH_X86_64
  // GCC would do what follows with mask registers, as slow as they are, and move each several
  // times.
  asm("" : "+r"(bits));
#endif
  return bits;
}

// Where the bytes are less than `limit` as signed ones, which is what most processors can compare.
HWY_INLINE auto is_less(D d, V v, int limit) {
  const hn::Repartition<std::int8_t, D> signed_d;
  return hn::RebindMask(
      d, hn::Lt(hn::BitCast(signed_d, v), hn::Set(signed_d, static_cast<std::int8_t>(limit))));
}

HWY_INLINE auto is_high(D d, V v) { return is_less(d, v, 0); }

// Where the bytes are among the `size` from `first` on: these become the least of signed ones.
HWY_INLINE auto is_among(D d, V v, int first, int size) {
  return is_less(d, hn::Add(v, hn::Set(d, static_cast<std::uint8_t>(0x80 - first))), size - 0x80);
}

// Makes capitals of the vector at `text` small, and returns where letters are.
HWY_INLINE auto fold_letters(D d, V v, std::uint8_t* text) {
  const V lower = hn::Set(d, 0x20);
  const auto is_letter = is_among(d, hn::Or(v, lower), 'a', 26);
  hn::StoreU(hn::Or(v, hn::IfThenElseZero(is_letter, lower)), d, text);
  return is_letter;
}

// Some bytes, no two with the same lower half: each at the place that this half says, and at the
// places of other halves what no byte with that half is.
struct ByteSet {
  alignas(16) std::uint8_t by_lower_half[16];
};
constexpr ByteSet byte_set(std::string_view bytes) {
  ByteSet set{};
  set.by_lower_half[0] = 1;
  for (const char byte : bytes) set.by_lower_half[byte & 15] = static_cast<std::uint8_t>(byte);
  return set;
}
HWY_INLINE auto is_in(D d, V v, V lower_halves, const ByteSet& set) {
  if constexpr (hn::MaxLanes(d) < 16) {  // The table does not fit in a vector.
    return hn::Eq(hn::Set(d, set.by_lower_half[hn::GetLane(lower_halves)]), v);
  } else {
    return hn::Eq(hn::TableLookupBytes(hn::LoadDup128(d, set.by_lower_half), lower_halves), v);
  }
}

struct Classes {
  std::uint64_t letter = 0;  // or any byte of a letter of two
  std::uint64_t digit = 0, underscore = 0;
  std::uint64_t mid_letter = 0;  // may join two letters
  std::uint64_t mid_digit = 0;   // may join two digits
};

HWY_INLINE Classes fold_and_classify(std::uint8_t* text) {
  static constexpr ByteSet kMidLetter = byte_set(".':"), kMidDigit = byte_set(".',;");
  const D d;
  Classes c;
  for (std::size_t i = 0; i < 64; i += hn::Lanes(d)) {
    const V v = hn::LoadU(d, text + i);
    const V lower_halves = hn::And(v, hn::Set(d, 15));
    c.letter |= bits_of(d, hn::Or(fold_letters(d, v, text + i), is_high(d, v))) << i;
    c.digit |= bits_of(d, is_among(d, v, '0', 10)) << i;
    c.underscore |= bits_of(d, hn::Eq(v, hn::Set(d, '_'))) << i;
    c.mid_letter |= bits_of(d, is_in(d, v, lower_halves, kMidLetter)) << i;
    c.mid_digit |= bits_of(d, is_in(d, v, lower_halves, kMidDigit)) << i;
  }
  return c;
}

HWY_INLINE std::uint64_t fold_and_find_letters(std::uint8_t* text) {
  const D d;
  std::uint64_t letter = 0;
  for (std::size_t i = 0; i < 64; i += hn::Lanes(d)) {
    letter |= bits_of(d, fold_letters(d, hn::LoadU(d, text + i), text + i)) << i;
  }
  return letter;
}

// Where is(bytes of the block) is true.
template <class Is>
HWY_INLINE std::uint64_t find_if(const std::uint8_t* text, Is is) {
  const D d;
  std::uint64_t found = 0;
  for (std::size_t i = 0; i < 64; i += hn::Lanes(d)) {
    found |= bits_of(d, is(hn::LoadU(d, text + i))) << i;
  }
  return found;
}

HWY_INLINE std::uint64_t find_high(const std::uint8_t* text) {
  return find_if(text, [](V v) HWY_ATTR { return is_high(D(), v); });
}

// Bytes in [first, last].
HWY_INLINE std::uint64_t find_in(const std::uint8_t* text, int first, int last) {
  return find_if(text, [=](V v) HWY_ATTR { return is_among(D(), v, first, last - first + 1); });
}

HWY_INLINE std::uint64_t find(const std::uint8_t* text, int byte) {
  const V bytes = hn::Set(D(), static_cast<std::uint8_t>(byte));
  return find_if(text, [=](V v) HWY_ATTR { return hn::Eq(v, bytes); });
}

// The second bytes in a block that make no plain letter with the first ones (is_plain_letter).
// `is_lead_before` says whether the last byte of the block before is a lead.
HWY_INLINE std::uint64_t find_exceptions(const std::uint8_t* text, bool is_lead_before) {
  const std::uint8_t before = is_lead_before ? text[-1] : 0;
  const auto second_of = [&](int lead) HWY_ATTR {
    return find(text, lead) << 1 | std::uint64_t{before == lead};
  };
  const std::uint64_t exceptions = second_of(0xC3) & (find(text, 0x97) | find(text, 0xB7));
  // Most text has none of the others.
  const bool has_before = before >= 0xCB && before <= 0xCF;
  if (HWY_LIKELY(find_in(text, 0xCB, 0xCF) == 0 && !has_before)) return exceptions;
  return exceptions | (second_of(0xCB) & ~find_in(text, 0x86, 0x91)) |
         (second_of(0xCE) &
          (find_in(text, 0x80, 0x87) | find(text, 0x8B) | find(text, 0x8D) | find(text, 0xA2))) |
         (second_of(0xCF) & find(text, 0xB6));
}

std::size_t PlainPrefix(const char* text, std::size_t size) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text);
  std::uint64_t last_is_lead = 0;  // of the block before
  for (std::size_t i = 0; i < size; i += 64) {
    const std::uint64_t high = find_high(bytes + i);
    if ((high | last_is_lead) == 0) continue;
    const std::uint64_t continuation = find_in(bytes + i, 0x80, 0xBF);
    const std::uint64_t lead = find_in(bytes + i, 0xC3, 0xCB) | find_in(bytes + i, 0xCE, 0xD1);
    const std::uint64_t second = lead << 1 | last_is_lead;  // where a letter goes on
    const std::uint64_t wrong = (high & ~(lead | continuation)) | (continuation ^ second) |
                                find_exceptions(bytes + i, last_is_lead != 0);
    if (wrong != 0) {
      const auto bit = static_cast<unsigned>(std::countr_zero(wrong));
      const std::size_t at = i + bit - (second >> bit & 1);
      if (at < size) return at;
      break;
    }
    last_is_lead = lead >> 63;
  }
  return size > 0 && is_plain_lead(bytes[size - 1]) ? size - 1 : size;
}

// What append_set_bits may write behind the entries that there are, which the next call overwrites:
// many at once take no branch that depends on their number. And room for kTokenSlack empty tokens.
constexpr std::size_t kSlack = 16;
static_assert(kSlack >= 2 * kTokenSlack);

#if HWY_ARCH_X86_64 && HWY_TARGET == HWY_AVX3_DL

// Appends `base` plus the index of each set bit to `out`; returns the new end. The indexes are
// bytes of a vector, pushed together.
HWY_INLINE std::uint32_t* append_set_bits(std::uint64_t bits, std::uint32_t base,
                                          std::uint32_t* out) {
  const hn::FixedTag<std::uint8_t, 64> d;
  const __m512i bases = _mm512_set1_epi32(static_cast<int>(base));
  __m512i indexes = _mm512_maskz_compress_epi8(bits, hn::Iota(d, 0).raw);
  std::uint32_t* const end = out + std::popcount(bits);
  for (;;) {
    const __m512i next = _mm512_cvtepu8_epi32(_mm512_castsi512_si128(indexes));
    _mm512_storeu_si512(out, _mm512_add_epi32(next, bases));
    out += 16;
    if (HWY_LIKELY(out >= end)) return end;
    indexes = _mm512_alignr_epi32(indexes, indexes, 4);
  }
}

#else

// Appends `base` plus the index of each set bit to `out`; returns the new end.
HWY_INLINE std::uint32_t* append_set_bits(std::uint64_t bits, std::uint32_t base,
                                          std::uint32_t* out) {
  const hn::CappedTag<std::uint32_t, 8> d;
  const hn::Rebind<std::uint8_t, decltype(d)> d8;
  auto bases = hn::Set(d, base);
  for (int k = 0; k < 8; ++k) {
    const auto byte = static_cast<std::uint8_t>(bits >> 8 * k);
    for (std::size_t i = 0; i < 8; i += hn::Lanes(d)) {
      const auto places = hn::PromoteTo(d, hn::LoadU(d8, kPlacesOfBits.places[byte].data() + i));
      hn::StoreU(hn::Add(places, bases), d, out + i);
    }
    out += kPlacesOfBits.num_places[byte];
    bases = hn::Add(bases, hn::Set(d, 8));
  }
  return out;
}

#endif

// Writes tokens to `out`, whose starts and ends in the text stand in `bounds` in turn. Up to
// kTokenSlack more are read, which are empty, and written. Returns the greatest length.
HWY_INLINE std::uint32_t write_tokens(const char* text, const std::uint32_t* bounds,
                                      std::size_t size, Token* out) {
  static_assert(sizeof(Token) == 16 && offsetof(Token, length) == 8);
  const hn::CappedTag<std::uint64_t, kTokenSlack> d;
  const auto base = hn::Set(d, reinterpret_cast<std::uintptr_t>(text));
  const hn::RebindToSigned<decltype(d)> signed_d;  // which most processors can compare
  auto longest = hn::Zero(signed_d);
  for (std::size_t i = 0; i < size; i += hn::Lanes(d)) {
    const auto bound = hn::LoadU(d, reinterpret_cast<const std::uint64_t*>(bounds + 2 * i));
    const auto start = hn::And(bound, hn::Set(d, 0xFFFFFFFF));
    const auto length = hn::Sub(hn::ShiftRight<32>(bound), start);
    hn::StoreInterleaved2(hn::Add(start, base), length, d,
                          reinterpret_cast<std::uint64_t*>(out + i));
    longest = hn::Max(longest, hn::BitCast(signed_d, length));
  }
  return static_cast<std::uint32_t>(hn::GetLane(hn::MaxOfLanes(signed_d, longest)));
}

inline bool holds_letter_or_digit(const char* token, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    if (token[i] != '_') return true;
  }
  return false;
}

// What the byte behind a block is: whether a letter, in the highest bit, and whether a digit, in
// the lowest.
struct NextBits {
  std::uint64_t of[256];
};
constexpr std::uint64_t kLetterNext = std::uint64_t{1} << 63;
constexpr NextBits make_next_bits() {
  NextBits bits{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool letter = (byte | 0x20) - 'a' < 26 || byte >= 0x80;
    bits.of[byte] = (letter ? kLetterNext : 0) | (byte - '0' < 10 ? 1 : 0);
  }
  return bits;
}
constexpr NextBits kNextBits = make_next_bits();

template <bool kAlpha>
HWY_INLINE std::size_t cut(char* text, std::size_t size, std::uint32_t max_token_bytes,
                           TokenBatch* batch) {
  // Tokens are collected as offsets of their starts and ends, then written out together.
  std::uint32_t bounds[2 * TokenBatch::kCapacity + kSlack];
  std::uint32_t* bounds_end = bounds;
  const std::size_t room = TokenBatch::kCapacity - batch->size;
  auto* bytes = reinterpret_cast<std::uint8_t*>(text);

  std::uint64_t in_token = 0, after_letter = 0, after_digit = 0;
  std::uint64_t may_be_bare = 0;  // a token that consists of underscores alone
  std::size_t i = 0;
  for (; i < size; i += 64) {
    // A block starts at most 32 tokens, and may end one more.
    if (static_cast<std::size_t>(bounds_end - bounds) / 2 + 33 > room) break;
    const std::size_t left = size - i;
    const std::uint64_t valid = left >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << left) - 1;
    std::uint64_t token, underscore = 0;
    if constexpr (kAlpha) {
      token = fold_and_find_letters(bytes + i) & valid;
    } else {
      const Classes c = fold_and_classify(bytes + i);
      // Without a branch: it is next to random.
      const std::uint64_t next = kNextBits.of[bytes[i + 64]];
      const std::uint64_t letter_next = c.letter >> 1 | (next & kLetterNext);
      const std::uint64_t digit_next = c.digit >> 1 | next << 63;
      const std::uint64_t joined = (c.mid_letter & (c.letter << 1 | after_letter) & letter_next) |
                                   (c.mid_digit & (c.digit << 1 | after_digit) & digit_next);
      token = (c.letter | c.digit | c.underscore | joined) & valid;
      after_letter = c.letter >> 63;
      after_digit = c.digit >> 63;
      underscore = c.underscore & valid;
    }
    const std::uint64_t after_token = token << 1 | in_token;
    in_token = token >> 63;
    if constexpr (!kAlpha) {
      // The sum carries a bit through the underscores that a token starts with: to its end, or out
      // of the block, if there is nothing else.
      const std::uint64_t bare_starts = underscore & ~after_token;
      const std::uint64_t behind = underscore + bare_starts;
      may_be_bare |= (behind & ~underscore & ~token) | std::uint64_t{behind < underscore};
    }
    bounds_end = append_set_bits(token ^ after_token, static_cast<std::uint32_t>(i), bounds_end);
  }
  std::size_t consumed = i < size ? i : size;
  if (in_token != 0) {
    if (i < size) {
      // Stopped for want of room in the middle of a token: the next call begins with it. It is not
      // the first one, for kCutRoom leaves room for more than the first block's.
      consumed = *--bounds_end;
    } else {
      *bounds_end++ = static_cast<std::uint32_t>(size);
    }
  }

  Token* const out = batch->tokens.data() + batch->size;
  auto num_tokens = static_cast<std::size_t>(bounds_end - bounds) / 2;
  std::fill_n(bounds_end, 2 * kTokenSlack, 0);
  const std::uint32_t longest = write_tokens(text, bounds, num_tokens, out);
  if (HWY_UNLIKELY(may_be_bare != 0)) {
    num_tokens = static_cast<std::size_t>(
        std::remove_if(out, out + num_tokens,
                       [](const Token& t) { return !holds_letter_or_digit(t.data, t.length); }) -
        out);
  }
  if (HWY_UNLIKELY(longest > max_token_bytes)) {
    for (std::size_t k = 0; k < num_tokens; ++k) {
      if (out[k].length > max_token_bytes) out[k].data = nullptr;
    }
  }
  batch->size += num_tokens;
  return consumed;
}

std::size_t CutPlain(char* text, std::size_t size, std::uint32_t max_token_bytes,
                     TokenBatch* batch) {
  return cut<false>(text, size, max_token_bytes, batch);
}

std::size_t CutAlpha(char* text, std::size_t size, std::uint32_t max_token_bytes,
                     TokenBatch* batch) {
  return cut<true>(text, size, max_token_bytes, batch);
}

}  // namespace HWY_NAMESPACE
}  // namespace spimi
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace spimi {
namespace {

struct Target {
  const char* name;
  bool can_run;
  decltype(&plain_prefix) prefix;
  decltype(&cut_plain) plain;
  decltype(&cut_alpha) alpha;
};

#define SPIMI_TARGET(space, can_run) \
  Target { #space, can_run, space::PlainPrefix, space::CutPlain, space::CutAlpha }

TargetChoice<Target> target({SPIMI_CPU_TARGETS(SPIMI_TARGET)});

}  // namespace

std::size_t plain_prefix(const char* text, std::size_t size) { return target->prefix(text, size); }

std::size_t cut_plain(char* text, std::size_t size, std::uint32_t max_token_bytes,
                      TokenBatch* batch) {
  return target->plain(text, size, max_token_bytes, batch);
}

std::size_t cut_alpha(char* text, std::size_t size, std::uint32_t max_token_bytes,
                      TokenBatch* batch) {
  return target->alpha(text, size, max_token_bytes, batch);
}

namespace plain_testing {

std::size_t num_targets() { return target.all().size(); }

const char* target_name(std::size_t index) { return target.all().at(index).name; }

void use_target(std::size_t index) { target.choose(index); }

}  // namespace plain_testing
}  // namespace spimi
#endif  // HWY_ONCE
