#include "format/dictionary_writer.h"

#include <algorithm>

#include "base/common_prefix.h"
#include "base/packed_block.h"
#include "base/varint.h"
#include "format/layout.h"
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

void DictionaryWriter::add(std::string_view term, const TermInfo& info) {
  const bool first_in_block = num_terms_ % kTermsPerBlock == 0;
  std::size_t lcp = common_prefix(last_term_, term);
  // A merge that went wrong must not become an index that answers wrong.
  if (term.empty() ||
      (num_terms_ > 0 && (lcp == term.size() || (lcp < last_term_.size() &&
                                                 static_cast<unsigned char>(last_term_[lcp]) >
                                                     static_cast<unsigned char>(term[lcp]))))) {
    throw Error(ErrorKind::kCorrupt, {}, "terms are out of order at '" + escape_bytes(term) + "'");
  }
  if (first_in_block) {
    if (num_terms_ > 0) write_block();
    std::copy(offsets_, offsets_ + 3, block_offsets_);
    lcp = 0;
  }
  const std::size_t suffix_bytes = term.size() - lcp;
  block_ += static_cast<char>(std::min<std::size_t>(lcp, 15) << 4 |
                              std::min<std::size_t>(suffix_bytes, 15));
  if (lcp >= 15) append_varint(&block_, lcp - 15);
  if (suffix_bytes >= 15) append_varint(&block_, suffix_bytes - 15);
  block_.append(term, lcp);
  append_varint(&block_, std::uint64_t{info.df} << 1 | (info.cf == info.df));
  if (info.cf != info.df) append_varint(&block_, info.cf - info.df - 1);
  append_varint(&block_, info.postings_bytes);
  if (info.df >= kBlockValues) append_varint(&block_, info.skips_bytes);
  if (positions_) append_varint(&block_, info.positions_bytes);
  offsets_[0] += info.postings_bytes;
  offsets_[1] += info.skips_bytes;
  offsets_[2] += info.positions_bytes;
  last_term_.replace(lcp, std::string::npos, term.substr(lcp));
  ++num_terms_;
}

void DictionaryWriter::write_block() {
  append_offset(index_, terms_.size());
  std::string head;
  head += static_cast<char>((num_terms_ - 1) % kTermsPerBlock + 1);
  append_varint(&head, block_offsets_[0]);
  append_varint(&head, block_offsets_[1]);
  if (positions_) append_varint(&head, block_offsets_[2]);
  terms_.append(head.data(), head.size());
  terms_.append(block_.data(), block_.size());
  block_.clear();
}

void DictionaryWriter::finish() {
  if (!block_.empty()) write_block();
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
