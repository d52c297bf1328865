#include "format/dictionary_reader.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/common_prefix.h"
#include "base/packed_block.h"
#include "base/varint.h"
#include "spimi/error.h"

namespace spimi {
namespace {

/// The length of a suffix whose entry begins with a byte of those low bits; null at the end of the
/// block.
const std::uint8_t* get_suffix_length(const std::uint8_t* in, const std::uint8_t* end,
                                      std::uint64_t low_bits, std::uint64_t* length) {
  *length = low_bits;
  if (low_bits < 15) return in;
  std::uint64_t more = 0;
  in = get_varint64(in, end, &more);
  *length = std::max(more, more + 15);  // Stays huge when the sum runs over.
  return in;
}

/// A number for the first bytes of a term, in the order of the terms; the same number may be of
/// several.
std::uint64_t load_key(const std::uint8_t* bytes) { return __builtin_bswap64(load_u64(bytes)); }
std::uint64_t key_of(std::string_view term) {
  std::uint8_t bytes[kTermKeyBytes] = {};
  std::memcpy(bytes, term.data(), std::min(term.size(), kTermKeyBytes));
  return load_key(bytes);
}

}  // namespace

TermBlockReader::TermBlockReader(const BlockIndex& blocks, const DictionaryLimits& limits,
                                 std::uint64_t block, std::size_t num_entries)
    : file_(blocks.data()),
      limits_(limits),
      block_(blocks.block(block)),
      in_(block_.begin),
      key_(blocks.entry(block) + sizeof(std::uint64_t)),
      entries_left_(num_entries) {
  if (*in_ != num_entries) fail("a term block has the wrong number of terms");
  ++in_;
  in_ = read_number(in_, &info_.postings_offset);
  in_ = read_number(in_, &info_.skips_offset);
  if (limits.positions) in_ = read_number(in_, &info_.positions_offset);
}

void TermBlockReader::fail(std::string_view what) const {
  file_.corrupt(block_.offset + static_cast<std::uint64_t>(in_ - block_.begin), what);
}

const std::uint8_t* TermBlockReader::checked(const std::uint8_t* in) const {
  if (in == nullptr) fail("a term entry is malformed");
  return in;
}

const std::uint8_t* TermBlockReader::read_long_number(const std::uint8_t* in,
                                                      std::uint64_t* value) const {
  return checked(get_varint64(in, block_.end, value));
}

[[gnu::always_inline]] inline bool TermBlockReader::begin_entry() {
  if (entries_left_ == 0) {
    if (in_ != block_.end) fail("a term block is longer than its terms");
    return false;
  }
  --entries_left_;
  // The lists of a term follow on those of the one before.
  info_.postings_offset += info_.postings_bytes;
  info_.skips_offset += info_.skips_bytes;
  info_.positions_offset += info_.positions_bytes;
  return true;
}

/// What an entry says of its term: how much of it is that of the term before, and the rest.
[[gnu::always_inline]] inline TermBlockReader::TermParts TermBlockReader::read_parts(
    std::uint64_t size_before) {
  const std::uint8_t* in = in_;
  if (in == block_.end) fail("a term block is shorter than its terms");
  const std::uint8_t head = *in++;
  std::uint64_t lcp = head >> 4, suffix_length = 0;
  if (lcp == 15) {
    std::uint64_t more = 0;
    in = read_number(in, &more);
    lcp = more > size_before ? size_before + 1 : more + 15;
  }
  in = checked(get_suffix_length(in, block_.end, head & 15, &suffix_length));
  if (lcp > size_before) fail("a term shares more bytes than the one before has");
  if (suffix_length > static_cast<std::uint64_t>(block_.end - in)) {
    fail("a term is longer than its block");
  }
  const std::string_view rest(reinterpret_cast<const char*>(in),
                              static_cast<std::size_t>(suffix_length));
  if (size_before == 0 && key_of(rest) != load_key(key_)) {
    fail("the first term of a block is not that of its entry in terms.index");
  }
  in_ = in + suffix_length;
  return {static_cast<std::size_t>(lcp), rest};
}

[[gnu::always_inline]] inline void TermBlockReader::read_info() {
  const std::uint8_t* in = in_;
  std::uint64_t df_and_flag, more = 0;
  in = read_number(in, &df_and_flag);
  const std::uint64_t df = df_and_flag >> 1;
  if ((df_and_flag & 1) == 0) {
    in = read_number(in, &more);
    more = std::min(more, std::numeric_limits<std::uint64_t>::max() - 1) + 1;
  }
  if (df == 0 || df > limits_.num_docs) fail("a term's df is not possible");
  if (df > limits_.num_tokens || more > limits_.num_tokens - df) {
    fail("a term's cf is not possible");
  }
  info_.df = static_cast<std::uint32_t>(df);
  info_.cf = df + more;
  in = read_number(in, &info_.postings_bytes);
  info_.skips_bytes = info_.positions_bytes = 0;
  if (df >= kBlockValues) in = read_number(in, &info_.skips_bytes);
  if (limits_.positions) in = read_number(in, &info_.positions_bytes);

  const auto check = [&](std::uint64_t offset, std::uint64_t bytes, std::uint64_t file_bytes) {
    if (offset > file_bytes || bytes > file_bytes - offset) {
      fail("a term's list leads beyond the end of its file");
    }
  };
  check(info_.postings_offset, info_.postings_bytes, limits_.postings_bytes);
  check(info_.skips_offset, info_.skips_bytes, limits_.skips_bytes);
  check(info_.positions_offset, info_.positions_bytes, limits_.positions_bytes);
  in_ = in;
}

bool TermBlockReader::next() {
  if (!begin_entry()) return false;
  read_term();
  read_info();
  return true;
}

void TermBlockReader::read_term() {
  const std::uint8_t* const begin = in_;
  const TermParts parts = read_parts(term_.size());
  // Within a block the first byte after the shared ones tells the order; the first term of a block
  // follows no other here.
  if (parts.rest <= std::string_view(term_).substr(parts.lcp)) {
    in_ = begin;
    fail("the terms are not in ascending order");
  }
  term_.resize(parts.lcp);
  term_ += parts.rest;
}

// Most entries have short parts and numbers of one byte, which are passed over without the checks
// of read_info: only what a term that is found says of its lists is used, and read_info sees to
// that.
void TermBlockReader::pass_lesser(std::string_view term, std::size_t* size, std::size_t* shared) {
  constexpr std::size_t kMostPart = 14;
  constexpr std::size_t kMostBytes = 1 + kMostPart + sizeof(std::uint64_t);
  const bool positions = limits_.positions;
  const std::size_t num_numbers = positions ? 3 : 2;
  // What the loop changes, in registers.
  const std::uint8_t* in = in_;
  std::size_t left = entries_left_, size_before = *size, shared_before = *shared;
  TermInfo info = info_;
  for (; left > 0 && block_.end - in >= static_cast<std::ptrdiff_t>(kMostBytes); --left) {
    const std::size_t lcp = *in >> 4, suffix_length = *in & 15;
    const std::uint64_t numbers = load_u64(in + 1 + suffix_length);
    const std::size_t more = 1 - (numbers & 1);  // Whether cf is a number of its own.
    if (lcp > std::min(size_before, kMostPart) || suffix_length > kMostPart ||
        high_bits(numbers, num_numbers + more) != 0) {
      break;
    }
    // As in find.
    if (lcp <= shared_before) {
      const std::string_view rest(reinterpret_cast<const char*>(in + 1), suffix_length);
      const std::string_view wanted = term.substr(lcp);
      const std::size_t common = common_prefix(rest, wanted);
      if (common == wanted.size() || rest.substr(common) > wanted.substr(common)) break;
      shared_before = lcp + common;
    }
    size_before = lcp + suffix_length;
    in += 1 + suffix_length + num_numbers + more;
    const std::uint64_t list_bytes = numbers >> 8 * (1 + more);
    info.postings_offset += info.postings_bytes;
    info.postings_bytes = list_bytes & 0xFF;
    info.skips_offset += info.skips_bytes;
    info.skips_bytes = 0;
    info.positions_offset += info.positions_bytes;
    info.positions_bytes = positions ? list_bytes >> 8 & 0xFF : 0;
  }
  in_ = in;
  entries_left_ = left;
  info_ = info;
  *size = size_before;
  *shared = shared_before;
}

bool TermBlockReader::find(std::string_view term) {
  // Of the entry before, which is less than `term`.
  std::size_t size = 0, shared = 0;
  while (begin_entry()) {
    const TermParts parts = read_parts(size);
    read_info();
    size = parts.lcp + parts.rest.size();
    // What it has of the one before reaches beyond where that differs: it is less as well.
    if (parts.lcp <= shared) {
      const std::string_view wanted = term.substr(parts.lcp);
      const std::size_t common = common_prefix(parts.rest, wanted);
      if (common == wanted.size()) return common == parts.rest.size();
      if (parts.rest.substr(common) > wanted.substr(common)) return false;
      shared = parts.lcp + common;
    }
    pass_lesser(term, &size, &shared);
  }
  return false;
}

DictionaryReader::DictionaryReader(const SegmentFileReader& terms, const SegmentFileReader& index,
                                   const DictionaryLimits& limits)
    : limits_(limits),
      blocks_(index, terms,
              limits.num_terms / kTermsPerBlock + (limits.num_terms % kTermsPerBlock != 0),
              sizeof(std::uint64_t) + kTermKeyBytes) {}

TermBlockReader DictionaryReader::block(std::uint64_t block) const {
  const std::uint64_t before = block * kTermsPerBlock;
  return {blocks_, limits_, block,
          static_cast<std::size_t>(
              std::min<std::uint64_t>(kTermsPerBlock, limits_.num_terms - before))};
}

/// What a TermBlockReader would find, without what else it reads and checks.
std::string_view DictionaryReader::first_term(std::uint64_t block) const {
  const BlockIndex::Block bytes = blocks_.block(block);
  const std::uint8_t* in = bytes.begin + 1;
  for (int offsets_left = limits_.positions ? 3 : 2; offsets_left > 0 && in != bytes.end;) {
    offsets_left -= *in++ < 0x80;
  }
  std::uint64_t length = 0;
  if (in != bytes.end) {
    const std::uint8_t head = *in++;
    // It shares 0 bytes with no term before.
    in = head > 15 ? nullptr : get_suffix_length(in, bytes.end, head, &length);
  }
  if (in == nullptr || length == 0 || length > static_cast<std::uint64_t>(bytes.end - in)) {
    blocks_.data().corrupt(bytes.offset, "the first term of a block is malformed");
  }
  return {reinterpret_cast<const char*>(in), static_cast<std::size_t>(length)};
}

std::uint64_t DictionaryReader::upper_block(std::string_view term, std::uint64_t begin) const {
  const std::uint64_t wanted = key_of(term);
  const auto is_above = [&](std::uint64_t at) {
    const std::uint64_t key = load_key(blocks_.entry(at) + sizeof(std::uint64_t));
    return key == wanted ? first_term(at) > term : key > wanted;
  };
  // The answer is in [low, high]. In steps that double first, unless there is no place to be near.
  std::uint64_t low = begin, high = num_blocks();
  for (std::uint64_t step = 1; begin > 0 && low + step <= high; step *= 2) {
    if (is_above(low + step - 1)) {
      high = low + step - 1;
      break;
    }
    low += step;
  }
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (is_above(middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

std::optional<TermInfo> DictionaryReader::find(std::string_view term) const {
  const std::uint64_t upper = upper_block(term);
  if (upper == 0) return std::nullopt;
  TermBlockReader entries = block(upper - 1);
  if (!entries.find(term)) return std::nullopt;
  return entries.info();
}

DictionaryIterator::DictionaryIterator(const DictionaryReader& dictionary, std::string_view prefix)
    : dictionary_(&dictionary), prefix_(prefix) {
  const std::uint64_t upper = prefix.empty() ? 0 : dictionary.upper_block(prefix);
  if (upper > 0) first_block_ = next_block_ = upper - 1;
}

bool DictionaryIterator::next() {
  while (next_entry()) {
    if (term().starts_with(prefix_)) return true;
    if (term() > prefix_) return false;
  }
  return false;
}

bool DictionaryIterator::next_entry() {
  if (block_ && block_->next()) return true;
  if (next_block_ == dictionary_->num_blocks()) return false;
  TermBlockReader block = dictionary_->block(next_block_);
  block.next();
  const TermInfo& first = block.info();
  std::uint64_t postings = 0, skips = 0, positions = 0;
  if (block_) {
    const TermInfo& last = block_->info();
    postings = last.postings_offset + last.postings_bytes;
    skips = last.skips_offset + last.skips_bytes;
    positions = last.positions_offset + last.positions_bytes;
    if (block.term() <= block_->term()) block.fail("the terms are not in ascending order");
  }
  const bool follows_nothing = !block_ && first_block_ > 0;
  if (!follows_nothing && (first.postings_offset != postings || first.skips_offset != skips ||
                           first.positions_offset != positions)) {
    block.fail("the lists of a term block do not follow on those before");
  }
  block_.emplace(std::move(block));
  ++next_block_;
  return true;
}

}  // namespace spimi
