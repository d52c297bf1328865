#include "indexer/record_builder.h"

namespace spimi {

// Which document an occurrence is in, and whether the one before is in it too, is next to random. A
// loop over the occurrences of each document would mispredict its end for most postings, and wait
// for one document to find where the next begins. So each occurrence looks up its document by
// itself, without a branch but for very short documents, and the postings are made in the end.
// (Eight at a time, with gathers of AVX2, is no quicker.)
void RecordBuilder::build(const RunPieces& pieces, const std::uint32_t* occurrences,
                          std::size_t size) {
  struct Posting {
    std::uint32_t piece, first;  // the index of its first occurrence
  };
  Posting postings[kRecordOccurrences + 1];
  clear();
  std::size_t num_postings = 0;
  std::uint32_t piece_before = ~std::uint32_t{0}, before = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const std::uint32_t occurrence = occurrences[i];
    std::uint32_t piece = pieces.hints[occurrence >> RunPieces::kHintShift];
    piece += pieces.starts[piece + 1] <= occurrence;
    while (__builtin_expect(pieces.starts[piece + 1] <= occurrence, false)) ++piece;
    const bool is_new = piece != piece_before;
    const std::uint32_t begin = pieces.starts[piece];
    const std::uint32_t previous = is_new ? begin : before + 1;
    put_position(occurrence - previous);
    // One that is not new is overwritten.
    postings[num_postings] = {piece, static_cast<std::uint32_t>(i)};
    num_postings += is_new;
    piece_before = piece;
    before = occurrence;
  }
  postings[num_postings].first = static_cast<std::uint32_t>(size);
  for (std::size_t i = 0; i < num_postings; ++i) {
    put_posting(postings[i].piece, postings[i + 1].first - postings[i].first);
  }
}

}  // namespace spimi
