#include "indexer/record_builder.h"

namespace spimi {

// Whether an occurrence is in the same document as the one before is next to random. A loop over
// the occurrences of each document would mispredict its end for most postings; this one has no
// branch but for great gaps, and the postings are made in the end. (Gaps in vectors are no
// quicker.)
void RecordBuilder::build(const OccurrenceLayout& layout, const std::uint32_t* occurrences,
                          std::size_t size) {
  clear();
  const unsigned bits = layout.position_bits;
  const std::uint32_t position_mask = (std::uint32_t{1} << bits) - 1;
  std::uint32_t before = occurrences[0];
  // Here and below in variables of their own: the members would be written each time.
  std::uint16_t* position = write_position(
      (before & position_mask) + (before >> bits == 0 ? layout.positions_before : 0), position_);
  if (size == 1) {  // half of all records
    position_ = position;
    put_posting(before >> bits, 1);
    return;
  }
  struct Posting {
    std::uint32_t piece, first;  // the index of its first occurrence
  };
  Posting postings[kRecordOccurrences + 1];
  postings[0] = {before >> bits, 0};
  std::size_t num_postings = 1;
  for (std::size_t i = 1; i < size; ++i) {
    const std::uint32_t occurrence = occurrences[i];
    const bool is_new = occurrence >> bits != before >> bits;
    position =
        write_position(is_new ? occurrence & position_mask : occurrence - before - 1, position);
    // One that is not new is overwritten.
    postings[num_postings] = {occurrence >> bits, static_cast<std::uint32_t>(i)};
    num_postings += is_new;
    before = occurrence;
  }
  postings[num_postings].first = static_cast<std::uint32_t>(size);
  std::uint16_t* posting = posting_;
  std::uint32_t next_piece = 0;
  for (std::size_t i = 0; i < num_postings; ++i) {
    const std::uint32_t piece = postings[i].piece;
    posting = write_posting(piece - next_piece, postings[i + 1].first - postings[i].first, posting);
    next_piece = piece + 1;
  }
  position_ = position;
  posting_ = posting;
  num_postings_ = static_cast<std::uint32_t>(num_postings);
}

}  // namespace spimi
