#include "indexer/run_reader.h"

#include <algorithm>
#include <cstring>

#include "base/checksum.h"
#include "base/common_prefix.h"
#include "base/padded_bytes.h"
#include "base/stage_clock.h"
#include "base/varint.h"
#include "spimi/error.h"

namespace spimi {

FrameReader::FrameReader(const File& file, std::uint8_t* buffer, std::size_t buffer_bytes)
    : file_(&file), buffer_(buffer), capacity_(buffer_bytes) {}

void FrameReader::open(std::uint64_t offset, std::uint64_t end) {
  begin_ = end_ = 0;
  offset_ = offset;
  stop_ = end;
}

std::string_view FrameReader::next() {
  // Makes sure that `size` bytes are buffered behind begin_, or as many as there are.
  const auto fill = [this](std::size_t size) {
    if (end_ - begin_ >= size) return;
    const StageScope stage(Stage::kReadRuns);
    std::memmove(buffer_, buffer_ + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    const std::uint64_t left = stop_ - offset_;
    const std::size_t n = file_->pread_some(
        offset_, buffer_ + end_,
        static_cast<std::size_t>(std::min<std::uint64_t>(capacity_ - end_, left)));
    offset_ += n;
    end_ += n;
  };
  fill(kFrameHeaderBytes);
  frame_offset_ = offset_ - (end_ - begin_);
  if (begin_ == end_ && offset_ == stop_) return {};
  const auto damaged = [this] {
    return Error(ErrorKind::kCorrupt, file_->path(), frame_offset_, "a run is damaged",
                 "build the index again");
  };
  if (end_ - begin_ < kFrameHeaderBytes) throw damaged();
  std::uint32_t size;
  std::memcpy(&size, buffer_ + begin_, 4);
  if (size == 0 || kFrameHeaderBytes + size > capacity_) throw damaged();
  fill(kFrameHeaderBytes + size);
  if (end_ - begin_ < kFrameHeaderBytes + size) throw damaged();
  std::uint64_t checksum;
  std::memcpy(&checksum, buffer_ + begin_ + 8, 8);
  const std::uint8_t* const payload = buffer_ + begin_ + kFrameHeaderBytes;
  if (checksum64(payload, size) != checksum) throw damaged();
  begin_ += kFrameHeaderBytes + size;
  return {reinterpret_cast<const char*>(payload), size};
}

std::size_t RunCursor::min_buffer_bytes(std::uint32_t max_token_bytes) {
  return max_frame_bytes(max_token_bytes) + kMaxTermExpansion * max_token_bytes + 2 * kBytePadding;
}

RunCursor::RunCursor(const File& file, const RunInfo& run, bool positions,
                     std::uint32_t max_token_bytes, std::uint8_t* buffer, std::size_t buffer_bytes)
    : file_(&file),
      run_(&run),
      positions_(positions),
      max_term_bytes_(kMaxTermExpansion * max_token_bytes),
      term_(reinterpret_cast<char*>(buffer)),
      frames_(file, buffer + max_term_bytes_ + kBytePadding,
              buffer_bytes - max_term_bytes_ - 2 * kBytePadding) {
  frames_.open(run.terms_offset, run.samples_offset);
}

void RunCursor::fail(const char* what) const {
  throw Error(ErrorKind::kCorrupt, file_->path(), frames_.frame_offset(), what,
              "build the index again");
}

// Of the samples from `from` on; the one before `from` is less than `prefix`.
RunCursor::Place RunCursor::find_sample(std::uint64_t prefix, std::uint64_t from) const {
  constexpr std::size_t kBlock = 32;
  RunSample samples[kBlock + 2];
  const std::uint64_t num_all = num_samples(*run_);
  std::uint64_t low = from, high = num_all;
  // The ranges that a thread merges follow each other, so the sample is near; else it is halved
  // for.
  for (std::uint64_t at = low + kBlock; high - low > kBlock; at = low + (high - low) / 2) {
    read_samples(*file_, *run_, at, 1, samples);
    (samples[0].prefix < prefix ? low : high) = at + (samples[0].prefix < prefix);
  }
  // With the neighbours, for their frames.
  const std::uint64_t begin = low - (low > 0), end = high + (high < num_all);
  read_samples(*file_, *run_, begin, static_cast<std::size_t>(end - begin), samples);
  while (low < high && samples[low - begin].prefix < prefix) ++low;
  const Place place{low, low < num_all ? samples[low - begin].frame_offset : run_->samples_offset,
                    low > 0 ? samples[low - begin - 1].frame_offset : run_->terms_offset};
  for (const std::uint64_t offset : {place.frame_offset, place.offset_before}) {
    if (offset < run_->terms_offset || offset > run_->samples_offset) fail("a run is damaged");
  }
  return place;
}

bool RunCursor::seek(std::uint64_t prefix, std::optional<std::uint64_t> end) {
  if (prefix < sought_) sample_ = 0;
  sought_ = prefix;
  const Place first = find_sample(prefix, sample_);
  sample_ = first.sample;
  // The last frame that begins below the prefix may still hold the first record that is not.
  const std::uint64_t begin_offset = first.offset_before;
  const std::uint64_t end_offset =
      end ? find_sample(*end, sample_).frame_offset : run_->samples_offset;
  if (begin_offset > end_offset) fail("a run is damaged");
  frames_.open(begin_offset, end_offset);
  at_ = end_ = nullptr;
  record_.term_bytes = 0;
  do {
    if (!next()) return false;
  } while (record_.prefix < prefix);
  record_.lcp = 0;
  return true;
}

bool RunCursor::next() {
  TermRecord& r = record_;
  const bool first_of_frame = at_ == end_;
  if (first_of_frame) {
    const std::string_view frame = frames_.next();
    if (frame.empty()) return false;
    at_ = reinterpret_cast<const std::uint8_t*>(frame.data());
    end_ = at_ + frame.size();
  }
  std::uint32_t numbers[5];
  at_ = get_varints(at_, end_, numbers);
  const auto [lcp, suffix_bytes, num_postings, num_posting_words, num_position_words] = numbers;
  if (at_ == nullptr || (!positions_ && num_position_words != 0) ||
      lcp > (first_of_frame ? 0 : r.term_bytes) || suffix_bytes > max_term_bytes_ - lcp ||
      suffix_bytes > static_cast<std::size_t>(end_ - at_)) {
    fail("a run's term is damaged");
  }
  r.lcp = lcp;
  if (first_of_frame) {
    r.lcp = static_cast<std::uint32_t>(
        common_prefix({term_, r.term_bytes}, {reinterpret_cast<const char*>(at_), suffix_bytes}));
  }
  copy_padded(term_ + lcp, at_, suffix_bytes);
  at_ += suffix_bytes;
  r.term = term_;
  r.term_bytes = lcp + suffix_bytes;
  if (lcp < 8) r.prefix = term_prefix(term_, r.term_bytes);
  r.num_postings = num_postings;
  r.num_posting_words = num_posting_words;
  r.num_position_words = num_position_words;
  if (2 * (std::uint64_t{num_posting_words} + num_position_words) >
      static_cast<std::uint64_t>(end_ - at_)) {
    fail("a run's list is damaged");
  }
  r.posting_words = at_;
  r.position_words = at_ + std::size_t{2} * r.num_posting_words;
  at_ = r.position_words + std::size_t{2} * r.num_position_words;
  // Other runs' records come before the next one of this, which would not be near any more.
  __builtin_prefetch(at_ + 64);
  return true;
}

std::uint64_t num_samples(const RunInfo& run) {
  return (run.end_offset - run.samples_offset) / sizeof(RunSample);
}

void read_samples(const File& file, const RunInfo& run, std::uint64_t first, std::size_t size,
                  RunSample* out) {
  const std::uint64_t offset = run.samples_offset + first * sizeof(*out);
  file.pread_exact(offset, out, size * sizeof(*out));
  for (std::size_t i = 0; i < size; ++i) {
    if (out[i].checksum == make_sample(out[i].prefix, out[i].frame_offset).checksum) continue;
    throw Error(ErrorKind::kCorrupt, file.path(), offset + i * sizeof(*out), "a run is damaged",
                "build the index again");
  }
}

namespace {

std::uint16_t load_word(const std::uint8_t* at) {
  std::uint16_t word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

std::uint32_t load_two_words(const std::uint8_t* at) {
  std::uint32_t value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

}  // namespace

void decode_record(const RunCursor& cursor, bool positions, DecodedRecord* out) {
  const TermRecord& record = cursor.record();
  const RunInfo& run = cursor.run();
  const std::uint8_t* at = record.posting_words;
  const std::uint8_t* end = at + std::size_t{2} * record.num_posting_words;
  if (record.num_postings == 0 || record.num_postings > kRecordOccurrences) {
    cursor.fail("a run's list is damaged");
  }
  std::uint64_t next_piece = 0;
  std::uint64_t num_occurrences = 0;
  for (std::uint32_t i = 0; i < record.num_postings; ++i) {
    if (end - at < 2) cursor.fail("a run's list is damaged");
    const std::uint32_t word = load_word(at);
    at += 2;
    std::uint32_t gap = word >> 3, tf = (word & kPostingTfEscape) + 1;
    if (gap == kPostingGapEscape) {
      if (end - at < 4) cursor.fail("a run's list is damaged");
      gap = load_two_words(at);
      at += 4;
    }
    if (tf == kPostingTfEscape + 1) {
      if (end - at < 4) cursor.fail("a run's list is damaged");
      tf = load_two_words(at);
      at += 4;
      if (tf == 0) cursor.fail("a run's list is damaged");
    }
    const std::uint64_t piece = next_piece + gap;
    next_piece = piece + 1;
    num_occurrences += tf;
    out->docids[i] = run.docid_base + static_cast<std::uint32_t>(piece);
    out->tfs[i] = tf;
  }
  if (at != end || next_piece > run.num_pieces || num_occurrences > kRecordOccurrences) {
    cursor.fail("a run's list is damaged");
  }
  out->num_postings = record.num_postings;
  out->num_positions = 0;
  if (positions) {
    at = record.position_words;
    end = at + std::size_t{2} * record.num_position_words;
    if (record.num_position_words < num_occurrences) cursor.fail("a run's positions are damaged");
    out->num_positions = static_cast<std::uint32_t>(num_occurrences);
    if (record.num_position_words == num_occurrences) {
      for (std::uint32_t i = 0; i < num_occurrences; ++i) {
        out->position_gaps[i] = load_word(at + std::size_t{2} * i);
      }
    } else {
      for (std::uint32_t i = 0; i < num_occurrences; ++i) {
        if (end - at < 2) cursor.fail("a run's positions are damaged");
        std::uint32_t gap = load_word(at);
        at += 2;
        if (gap == kPositionEscape) {
          if (end - at < 4) cursor.fail("a run's positions are damaged");
          gap = load_two_words(at);
          at += 4;
        }
        out->position_gaps[i] = gap;
      }
      if (at != end) cursor.fail("a run's positions are damaged");
    }
  }
  if (run.drop_last && next_piece == run.num_pieces) {
    --out->num_postings;
    if (positions) out->num_positions -= out->tfs[out->num_postings];
  }
}

RunDocuments::RunDocuments(const File& file, const RunInfo& run, std::uint8_t* buffer,
                           std::size_t buffer_bytes)
    : file_(file), frames_(file, buffer, buffer_bytes) {
  frames_.open(run.documents_offset, run.terms_offset);
}

bool RunDocuments::next() {
  if (at_ == end_) {
    const std::string_view frame = frames_.next();
    if (frame.empty()) return false;
    at_ = reinterpret_cast<const std::uint8_t*>(frame.data());
    end_ = at_ + frame.size();
  }
  std::uint32_t path_bytes = 0;
  at_ = get_varint32(at_, end_, &path_bytes);
  if (at_ == nullptr || path_bytes > static_cast<std::size_t>(end_ - at_)) {
    throw Error(ErrorKind::kCorrupt, file_.path(), frames_.frame_offset(),
                "a run's document is damaged", "build the index again");
  }
  path_ = {reinterpret_cast<const char*>(at_), path_bytes};
  at_ = get_varint32(at_ + path_bytes, end_, &length_);
  if (at_ == nullptr) {
    throw Error(ErrorKind::kCorrupt, file_.path(), frames_.frame_offset(),
                "a run's document is damaged", "build the index again");
  }
  return true;
}

}  // namespace spimi
