#include "indexer/record_builder.h"

namespace spimi {

void RecordBuilder::build(const OccurrenceLayout& layout, const std::uint32_t* occurrences,
                          std::size_t size) {
  clear();
  const unsigned bits = layout.position_bits;
  const std::uint32_t position_mask = (std::uint32_t{1} << bits) - 1;
  const std::uint32_t first = occurrences[0];
  put_position((first & position_mask) + (first >> bits == 0 ? layout.positions_before : 0));
  if (size == 1) {  // half of all records
    put_posting(first >> bits, 1);
    return;
  }
  const OccurrenceWords words = put_occurrence_words(occurrences, size, bits, posting_, position_);
  posting_ = words.postings_end;
  num_postings_ = words.num_postings;
  if (words.gaps_fit) {
    position_ += size - 1;
    return;
  }
  for (std::size_t i = 1; i < size; ++i) {
    const bool is_new = occurrences[i] >> bits != occurrences[i - 1] >> bits;
    put_position(is_new ? occurrences[i] & position_mask : occurrences[i] - occurrences[i - 1] - 1);
  }
}

}  // namespace spimi
