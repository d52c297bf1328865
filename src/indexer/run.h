#pragma once

#include <cstddef>
#include <cstdint>

namespace spimi {

// A run is one flush of an accumulator: a stretch of documents, inverted. It lives in a spill file
// between build and merge and is never seen outside of one machine, so its numbers are in host
// order. A spill file is a sequence of frames
//
//     frame := u32 payload_bytes  u32 zero  u64 XXH3-64 of the payload  payload
//
// and a run is frames of document entries, then frames of term records, then samples, which are in
// no frame:
//
//     document_entry := varint path_bytes  path  varint length
//     term_record    := varint lcp  varint suffix_bytes  varint num_postings
//                       varint num_posting_words  varint num_position_words
//                       suffix  u16{num_posting_words}  u16{num_position_words}
//                       lcp is 0 in the first record of a frame
//     sample         := u64 prefix (term_prefix) of a frame's first term  u64 offset of the frame
//                       u64 XXH3-64 of the two
//
// A posting is a word `gap << 3 | min(tf, 8) - 1`; gap 8191 says that the gap follows in two words,
// tf code 7 that tf does (after the gap). A position is a word below 0xFFFF, or 0xFFFF and two
// words. Both are as in the final lists: docid − previous − 1, counted from the record's start; the
// first position of a document as it is, the others − previous − 1.
//
// Words of fixed width instead of variable bytes: the merge reads every one of them, and a loop
// over words has no branch to mispredict. It costs a third more bytes in a file that is gone in a
// minute.
//
// A record holds at most kRecordOccurrences occurrences, so that one fits any reader's buffer; a
// longer list goes on in the next record of the same term, and may go on within a document: then
// the first posting has the docid of the one before, and its first position is absolute again.

inline constexpr std::uint32_t kRecordOccurrences = 512;
inline constexpr std::uint32_t kPostingGapEscape = 8191;
inline constexpr std::uint32_t kPostingTfEscape = 7;
inline constexpr std::uint16_t kPositionEscape = 0xFFFF;
/// Frames are closed when they have this many bytes. Small, so that cutting a run at a term reads
/// little too much.
inline constexpr std::size_t kFrameBytes = std::size_t{8} << 10;
inline constexpr std::size_t kFrameHeaderBytes = 16;
/// Fills the header of a frame whose payload stands behind it.
void put_frame_header(void* frame, std::size_t payload_bytes);

/// NFKC_Casefold makes at most 33 bytes of 3 (U+FDFA).
inline constexpr std::size_t kMaxTermExpansion = 11;

/// The largest frame of terms there can be, with its header: the worst posting is five words, the
/// worst position three.
constexpr std::size_t max_frame_bytes(std::uint32_t max_token_bytes) {
  return kFrameHeaderBytes + kFrameBytes + kMaxTermExpansion * max_token_bytes + 32 +
         (std::size_t{kRecordOccurrences} * (5 + 3) + 8) * sizeof(std::uint16_t);
}

/// Longest path that a document entry takes, and the largest frame of documents.
inline constexpr std::size_t kMaxPathBytes = 32768;
inline constexpr std::size_t kMaxDocumentFrameBytes =
    kFrameHeaderBytes + kFrameBytes + kMaxPathBytes + 16;

/// Where a run is and what it holds.
struct RunInfo {
  std::uint32_t file = 0;  ///< Index of the spill file.
  std::uint64_t documents_offset = 0;
  std::uint64_t terms_offset = 0;
  std::uint64_t samples_offset = 0;
  std::uint64_t end_offset = 0;
  std::uint64_t ticket = 0;  ///< Runs are in document order when sorted by (ticket, sequence).
  std::uint64_t sequence = 0;
  std::uint64_t num_pieces = 0;  ///< Local docids go from 0 to num_pieces - 1.
  std::uint64_t num_docs = 0;    ///< Documents that end in this run: its document entries.
  bool first_continues =
      false;  ///< The first piece goes on with the last document of the run before.
  /// The last piece is of a document that was given up in a later run: its postings are to be
  /// dropped, and it is no document.
  bool drop_last = false;
  /// Added to a local docid to make a docid; set once the order of runs is known.
  std::uint32_t docid_base = 0;
};

/// First eight bytes of a term as a number that orders like the bytes; shorter terms are filled up
/// with zeros.
inline std::uint64_t term_prefix(const char* term, std::size_t size) {
  std::uint64_t prefix = 0;
  __builtin_memcpy(&prefix, term, size < 8 ? size : 8);
  return __builtin_bswap64(prefix);
}

/// Where a frame begins and with which term, for seeks. A run has at most kMaxSamples; of more
/// frames, every second, fourth, … has one.
struct RunSample {
  std::uint64_t prefix = 0;
  std::uint64_t frame_offset = 0;
  std::uint64_t checksum = 0;
};
inline constexpr std::size_t kMaxSamples = 16384;
RunSample make_sample(std::uint64_t prefix, std::uint64_t frame_offset);

}  // namespace spimi
