#include "indexer/run_writer.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "base/checksum.h"
#include "base/padded_bytes.h"
#include "base/varint.h"
#include "spimi/error.h"

namespace spimi {
namespace {

constexpr std::size_t kWriteBytes = std::size_t{256} << 10;

// Most records have a word or two: eight are copied whatever there is, which takes no call. So
// eight can be read and written behind the last one.
std::uint8_t* copy_words(std::uint8_t* to, std::span<const std::uint16_t> words) {
  constexpr std::size_t kAlways = 8 * sizeof(words[0]);
  std::memcpy(to, words.data(), kAlways);
  if (words.size_bytes() > kAlways) {
    std::memcpy(to + kAlways, words.data() + 8, words.size_bytes() - kAlways);
  }
  return to + words.size_bytes();
}

}  // namespace

void put_frame_header(void* frame, std::size_t payload_bytes) {
  auto* const header = static_cast<std::uint8_t*>(frame);
  const auto size = static_cast<std::uint32_t>(payload_bytes);
  const std::uint64_t checksum = checksum64(header + kFrameHeaderBytes, payload_bytes);
  std::memset(header, 0, kFrameHeaderBytes);
  std::memcpy(header, &size, sizeof(size));
  std::memcpy(header + 8, &checksum, sizeof(checksum));
}

RunSample make_sample(std::uint64_t prefix, std::uint64_t frame_offset) {
  RunSample sample{prefix, frame_offset, 0};
  sample.checksum = checksum64(&sample, offsetof(RunSample, checksum));
  return sample;
}

RunWriter::RunWriter(File& file, std::uint32_t file_index, std::uint32_t max_token_bytes,
                     bool positions)
    : writer_(file, kWriteBytes),
      file_index_(file_index),
      positions_(positions),
      max_frame_bytes_(std::max(max_frame_bytes(max_token_bytes), kMaxDocumentFrameBytes)),
      last_term_(kMaxTermExpansion * max_token_bytes + kBytePadding) {}

std::size_t RunWriter::memory_bytes(std::uint32_t max_token_bytes) {
  return kWriteBytes + kMaxSamples * sizeof(RunSample) + kMaxTermExpansion * max_token_bytes +
         kBytePadding;
}

std::uint8_t* RunWriter::reserve(std::size_t size) {
  if (used_ == 0) frame_ = reinterpret_cast<std::uint8_t*>(writer_.reserve(max_frame_bytes_));
  if (kFrameHeaderBytes + used_ + size > max_frame_bytes_) {
    throw Error(ErrorKind::kIo, {}, "internal error: a run record exceeds its frame");
  }
  return payload() + used_;
}

void RunWriter::commit(const std::uint8_t* end) {
  used_ = static_cast<std::size_t>(end - payload());
  if (used_ >= kFrameBytes) close_frame();
}

void RunWriter::close_frame() {
  if (used_ == 0) return;
  put_frame_header(frame_, used_);
  writer_.commit(kFrameHeaderBytes + used_);
  used_ = 0;
}

void RunWriter::begin(RunInfo* run) {
  run_ = run;
  run_->file = file_index_;
  run_->documents_offset = writer_.offset();
}

void RunWriter::add_document(std::string_view path, std::uint32_t length) {
  std::uint8_t* to = reserve(path.size() + 2 * kMaxVarint32Bytes);
  to = put_varint(to, path.size());
  std::memcpy(to, path.data(), path.size());
  commit(put_varint(to + path.size(), length));
}

void RunWriter::begin_terms() {
  close_frame();
  run_->terms_offset = writer_.offset();
  last_term_bytes_ = 0;
  samples_.clear();
  frames_per_sample_ = 1;
  num_term_frames_ = 0;
}

void RunWriter::add_record(std::string_view term, const RecordBuilder& record) {
  char* const last_term = last_term_.data();
  std::size_t lcp =
      common_prefix_padded(last_term, term.data(), std::min(last_term_bytes_, term.size()));
  if (lcp < last_term_bytes_ &&
      (lcp == term.size() ||
       static_cast<unsigned char>(term[lcp]) < static_cast<unsigned char>(last_term[lcp]))) {
    throw Error(ErrorKind::kCorrupt, {}, "terms are out of order at '" + escape_bytes(term) + "'");
  }
  copy_padded(last_term + lcp, term.data() + lcp, term.size() - lcp);
  last_term_bytes_ = term.size();
  if (used_ == 0) {
    lcp = 0;
    if (num_term_frames_++ % frames_per_sample_ == 0) {
      samples_.push_back(make_sample(term_prefix(term.data(), term.size()), writer_.offset()));
      if (samples_.size() == kMaxSamples) {
        for (std::size_t i = 0; i < kMaxSamples / 2; ++i) samples_[i] = samples_[2 * i];
        samples_.resize(kMaxSamples / 2);
        frames_per_sample_ *= 2;
      }
    }
  }
  const std::size_t suffix_bytes = term.size() - lcp;
  const std::span<const std::uint16_t> posting_words = record.posting_words();
  const std::span<const std::uint16_t> position_words =
      record.position_words().first(positions_ ? record.position_words().size() : 0);
  std::uint8_t* to = reserve(5 * kMaxVarint32Bytes + suffix_bytes +
                             2 * (posting_words.size() + position_words.size() + 8));
  to = put_varints(
      to, {lcp, suffix_bytes, record.num_postings(), posting_words.size(), position_words.size()});
  copy_padded(to, term.data() + lcp, suffix_bytes);  // there is room for the words, too
  to += suffix_bytes;
  to = copy_words(to, posting_words);
  commit(copy_words(to, position_words));
}

void RunWriter::end() {
  close_frame();
  run_->samples_offset = writer_.offset();
  writer_.append(samples_.data(), samples_.size() * sizeof(RunSample));
  writer_.flush();
  run_->end_offset = writer_.offset();
}

}  // namespace spimi
