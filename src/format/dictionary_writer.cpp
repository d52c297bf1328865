#include "format/dictionary_writer.h"

#include <algorithm>
#include <cstring>

#include "base/common_prefix.h"
#include "base/packed_block.h"
#include "base/padded_bytes.h"
#include "base/varint.h"
#include "spimi/error.h"

namespace spimi {
namespace {

void append_varint(std::string* out, std::uint64_t value) {
  std::uint8_t bytes[kMaxVarint64Bytes];
  const std::uint8_t* const end = put_varint(bytes, value);
  out->append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(end - bytes));
}

void append_offset(SegmentFileWriter& index, std::uint64_t offset) {
  std::uint8_t bytes[8];
  store_u64(bytes, offset);
  index.append(bytes, sizeof(bytes));
}

}  // namespace

void DictionaryWriter::add(std::size_t lcp, std::string_view suffix, const TermInfo& info) {
  if (lcp == 0) {
    lcp = common_prefix(last_term(), suffix);
    suffix.remove_prefix(lcp);
  }
  // A merge that went wrong must not become an index that answers wrong.
  if (suffix.empty() || lcp > last_term_bytes_ ||
      (lcp < last_term_bytes_ &&
       static_cast<unsigned char>(last_term_[lcp]) >= static_cast<unsigned char>(suffix.front()))) {
    throw Error(ErrorKind::kCorrupt, {},
                "terms are out of order at '" +
                    escape_bytes(std::string(last_term().substr(0, lcp)).append(suffix)) + "'");
  }
  last_term_bytes_ = lcp + suffix.size();
  if (last_term_.size() < last_term_bytes_ + kBytePadding) {
    last_term_.resize(2 * last_term_bytes_ + kBytePadding);
  }
  copy_padded(last_term_.data() + lcp, suffix.data(), suffix.size());
  if (num_terms_++ % kTermsPerBlock == 0) {
    if (num_terms_ > 1) write_block(kTermsPerBlock);
    std::copy(offsets_, offsets_ + 3, block_offsets_);
    lcp = 0;
    suffix = last_term();
    std::fill_n(block_key_, kTermKeyBytes, std::uint8_t{0});
    std::memcpy(block_key_, suffix.data(), std::min(suffix.size(), kTermKeyBytes));
  }
  std::uint8_t* to = block_.reserve(suffix.size() + kBytePadding + 8 * kMaxVarint64Bytes);
  *to++ = static_cast<std::uint8_t>(std::min<std::size_t>(lcp, 15) << 4 |
                                    std::min<std::size_t>(suffix.size(), 15));
  if (lcp >= 15) to = put_varint(to, lcp - 15);
  if (suffix.size() >= 15) to = put_varint(to, suffix.size() - 15);
  copy_padded(to, suffix.data(), suffix.size());
  to += suffix.size();
  const bool all_once = info.cf == info.df;
  const std::uint64_t df = std::uint64_t{info.df} << 1 | all_once;
  to = all_once ? put_varints(to, {df, info.postings_bytes})
                : put_varints(to, {df, info.cf - info.df - 1, info.postings_bytes});
  if (info.df >= kBlockValues) to = put_varint(to, info.skips_bytes);
  if (positions_) to = put_varint(to, info.positions_bytes);
  block_.commit(to);
  offsets_[0] += info.postings_bytes;
  offsets_[1] += info.skips_bytes;
  offsets_[2] += info.positions_bytes;
}

void DictionaryWriter::write_block(std::size_t num_terms) {
  append_offset(index_, terms_.size());
  index_.append(block_key_, sizeof(block_key_));
  std::uint8_t head[1 + 3 * kMaxVarint64Bytes];
  head[0] = static_cast<std::uint8_t>(num_terms);
  std::uint8_t* to = head + 1;
  to = put_varint(to, block_offsets_[0]);
  to = put_varint(to, block_offsets_[1]);
  if (positions_) to = put_varint(to, block_offsets_[2]);
  terms_.append(head, static_cast<std::size_t>(to - head));
  terms_.append(block_.data(), block_.size());
  block_.clear();
}

void DictionaryWriter::finish() {
  if (num_terms_ > 0) write_block((num_terms_ - 1) % kTermsPerBlock + 1);
}

void DocumentWriter::add(std::string_view path, std::uint32_t length) {
  const bool first_in_block = num_docs_ % kPathsPerBlock == 0;
  if (first_in_block) append_offset(index_, paths_.size());
  const std::size_t lcp = first_in_block ? 0 : common_prefix(last_path_, path);
  std::string entry;
  append_varint(&entry, lcp);
  append_varint(&entry, path.size() - lcp);
  entry.append(path, lcp);
  paths_.append(entry.data(), entry.size());
  std::uint8_t bytes[4];
  store_u32(bytes, length);
  lengths_.append(bytes, sizeof(bytes));
  last_path_.assign(path);
  num_tokens_ += length;
  ++num_docs_;
}

}  // namespace spimi
