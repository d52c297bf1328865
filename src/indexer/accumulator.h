#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/region.h"
#include "indexer/record_builder.h"
#include "indexer/run.h"
#include "indexer/run_writer.h"
#include "indexer/vocabulary.h"
#include "text/tokenizer.h"

namespace spimi {

/// Sizes of everything an accumulator holds.
struct AccumulatorPlan {
  std::size_t log_tokens = 0;  ///< Tokens of a run at most. (Also see OccurrenceLayout.)
  std::size_t max_keys = 0;    ///< Terms of a run at most, and forms that are none.
  std::size_t term_arena_bytes = 0;
  std::size_t slots_per_key = 2;   ///< Of the vocabulary's table.
  std::size_t document_bytes = 0;  ///< Document entries of a run.
  std::size_t max_pieces = 0;      ///< Documents of a run.

  /// More makes a run's vocabulary and scatter target leave the cache, and the build slower.
  static constexpr std::size_t kMaxLogTokens = std::size_t{4} << 20;
  static constexpr std::size_t kMaxKeys = std::size_t{1} << 18;
  static constexpr std::size_t kMinLogTokens = std::size_t{1} << 14;

  /// What fits into `memory_bytes`; log_tokens is 0 if nothing useful does.
  static AccumulatorPlan fit(std::size_t memory_bytes, std::uint32_t max_token_bytes);
  std::size_t memory_bytes(std::uint32_t max_token_bytes) const;
};

/// Inverts documents in bounded memory and writes a sorted run to its spill file whenever that is
/// full.
///
/// The postings are a *token log*: each token appends the number of its term, 4 bytes, and nothing
/// else. A flush distributes the tokens over the terms in sorted order (a counting sort), each as
/// its document and position in 32 bits, which gives each term's occurrences in text order.
/// Measured against growing a slice of postings for each term, the textbook way, this takes half
/// the time: the log is written and read in order, and the scatter's target is small enough to stay
/// in the cache.
class Accumulator : public TokenSink {
 public:
  struct Limits {
    std::uint32_t max_token_bytes = 255;
    bool positions = true;
    bool normalize = true;  ///< Non-ASCII tokens are made terms with make_term.
  };

  Accumulator(const AccumulatorPlan& plan, const Limits& limits, File& spill,
              std::uint32_t spill_index);

  /// Runs written from here on belong to this ticket. Flush before it changes, unless the new one
  /// is the next in document order.
  void set_ticket(std::uint64_t ticket) { ticket_ = ticket; }

  /// `path` is shorter than kMaxPathBytes and stays valid until the document ends.
  void begin_document(std::string_view path);
  void take(const TokenBatch& batch) override;
  /// Error(kIo) if the document has more tokens than positions can count; take may find that too.
  void end_document();
  /// Takes back the document that was begun.
  void abandon_document();

  /// Writes what is accumulated as a run, if there is anything. Between documents.
  void flush();

  const std::vector<RunInfo>& runs() const { return runs_; }
  std::uint64_t num_tokens() const { return num_tokens_; }
  std::uint64_t num_overlong_tokens() const { return num_overlong_; }

 private:
  std::size_t piece_tokens() const { return num_log_ - piece_starts_[num_pieces_ - 1]; }
  std::uint64_t document_tokens() const;
  void begin_piece();
  void take_some(const Token* tokens, std::size_t size);
  std::uint32_t add_term(const Vocabulary::Key& key);
  void write_run(bool document_continues);
  void scatter(std::span<const TermRef> terms, const OccurrenceLayout& layout);
  void write_documents();
  void write_terms(std::span<const TermRef> terms, const OccurrenceLayout& layout);

  const Limits limits_;
  Vocabulary vocabulary_;
  Region<std::uint32_t> log_;        // term numbers in text order; 0 is a token without a term
  Region<std::uint32_t> scattered_;  // occurrences by term (OccurrenceLayout), and their slack
  Region<std::uint32_t> cursors_;    // by term number
  Region<std::uint32_t>
      piece_starts_;  // log index of each document's first token, and one more at a flush
  Region<std::uint32_t> lengths_;  // indexed tokens of each document that ended
  Region<char> document_bytes_;    // paths, each with its size before it
  RecordBuilder record_;
  std::string term_;  // of the last alias

  std::size_t num_log_ = 0;
  std::size_t log_end_ = 0;  // what num_log_ may become before the run is to be written
  std::size_t num_pieces_ = 0;
  std::size_t longest_piece_ = 0;  // of those that ended
  std::size_t num_docs_ = 0;
  std::size_t document_bytes_used_ = 0;

  // Of the document that is under way:
  bool in_document_ = false;
  std::uint64_t positions_before_ = 0;  // its tokens in earlier runs
  std::uint64_t holes_ = 0;             // its tokens without a term
  std::string_view path_;

  bool first_continues_ = false;              // piece 0 goes on from the run before
  std::uint64_t first_positions_before_ = 0;  // and that many tokens of it are in earlier runs
  std::uint64_t ticket_ = 0;
  std::uint64_t run_ticket_ = 0;
  std::uint64_t sequence_ = 0;
  std::uint64_t num_tokens_ = 0;
  std::uint64_t num_overlong_ = 0;

  RunWriter writer_;
  std::vector<RunInfo> runs_;
};

}  // namespace spimi
