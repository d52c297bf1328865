#include "indexer/accumulator.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/stage_clock.h"
#include "base/varint.h"
#include "indexer/limits.h"
#include "spimi/error.h"
#include "text/normalize.h"

namespace spimi {
namespace {

constexpr bool likely(bool condition) { return __builtin_expect(condition, true); }
constexpr bool unlikely(bool condition) { return __builtin_expect(condition, false); }

// Tokens whose slots are fetched from memory at the same time. Below 16 the misses do not overlap,
// and where memory is far 64 are some percent slower than 128; 256 are no quicker.
constexpr std::size_t kProbeBatch = 128;
// Tokens whose places are found before the first of them is scattered.
constexpr std::size_t kScatterBatch = 1024;

// kPrefixMask + 16 - n is a mask of n bytes.
alignas(32) constexpr std::uint8_t kPrefixMask[32] = {255, 255, 255, 255, 255, 255, 255, 255,
                                                      255, 255, 255, 255, 255, 255, 255, 255};

// The first 16 bytes of a token, filled up with zeros. Reads 16 bytes whatever the length. (As one
// vector, its halves would go to the hash through memory: 6 % more time in `accumulate`.)
Vocabulary::Words load_key(const char* token, std::uint32_t length) {
  const Vocabulary::Words words = Vocabulary::load_words(token);
  const Vocabulary::Words mask = Vocabulary::load_words(kPrefixMask + 16 - std::min(length, 16u));
  return {words.a & mask.a, words.b & mask.b};
}

bool has_non_ascii(const Vocabulary::Key& key) {
  std::uint64_t all = key.words[0] | key.words[1];
  // Of a long key eight at a time; the last eight overlap those before.
  for (std::uint32_t i = Vocabulary::kInlineBytes; i < key.length; i += 8) {
    std::uint64_t word;
    std::memcpy(&word, key.bytes + std::min(i, key.length - 8), sizeof(word));
    all |= word;
  }
  return (all & 0x8080808080808080u) != 0;
}

// Long keys take 12 bytes a term in prose and 32 in C code. Generated code (register names) takes
// up to 100, but where memory is scarce the log makes better use of it.
constexpr std::size_t kArenaBytesPerKey = 20;
constexpr std::size_t kMaxArenaBytesPerKey = 48;

}  // namespace

AccumulatorPlan AccumulatorPlan::fit(std::size_t memory_bytes, std::uint32_t max_token_bytes) {
  AccumulatorPlan plan;
  plan.document_bytes =
      std::clamp<std::size_t>(memory_bytes / 16, 2 * kFrameBytes + 32768, std::size_t{4} << 20);
  plan.max_pieces = plan.document_bytes / 8;
  plan.max_keys = std::size_t{1} << 9;
  const std::size_t fixed = plan.memory_bytes(max_token_bytes);
  if (fixed >= memory_bytes) return plan;
  const std::size_t left = memory_bytes - fixed;
  // Text has some 30 tokens to a distinct term in runs of a few million; 40 % of the memory for
  // terms suits that. An entry, a cursor, up to four slots and the arena:
  constexpr std::size_t kKeyBytes =
      sizeof(TermRef) + 4 + 4 * sizeof(std::uint32_t) + kArenaBytesPerKey;
  plan.max_keys = std::clamp(left * 2 / 5 / kKeyBytes, plan.max_keys, kMaxKeys);
  plan.term_arena_bytes = std::max<std::size_t>(
      plan.max_keys * kArenaBytesPerKey, std::size_t{16} * kMaxTermExpansion * max_token_bytes);
  const std::size_t with_terms = plan.memory_bytes(max_token_bytes);
  if (with_terms >= memory_bytes) return plan;
  const std::size_t tokens = (memory_bytes - with_terms) / 8;
  plan.log_tokens = std::min(tokens & ~std::size_t{1023}, kMaxLogTokens);
  if (plan.log_tokens == kMaxLogTokens) {
    // What is left over goes into a sparser table first: 7 % less time in `accumulate` for Linux.
    plan.slots_per_key = 4;
    if (plan.memory_bytes(max_token_bytes) > memory_bytes) plan.slots_per_key = 2;
    plan.term_arena_bytes += std::min(plan.max_keys * (kMaxArenaBytesPerKey - kArenaBytesPerKey),
                                      memory_bytes - plan.memory_bytes(max_token_bytes));
  }
  if (plan.log_tokens < kMinLogTokens) plan.log_tokens = 0;
  return plan;
}

std::size_t AccumulatorPlan::memory_bytes(std::uint32_t max_token_bytes) const {
  return 8 * log_tokens + kOccurrenceSlack * 4 +
         Vocabulary::memory_bytes(max_keys, term_arena_bytes, slots_per_key) + max_keys * 4 +
         document_bytes + max_pieces * 8 + RecordBuilder::kMemoryBytes +
         RunWriter::memory_bytes(max_token_bytes);
}

Accumulator::Accumulator(const AccumulatorPlan& plan, const Limits& limits, File& spill,
                         std::uint32_t spill_index)
    : limits_(limits),
      vocabulary_(plan.max_keys, plan.term_arena_bytes, plan.slots_per_key),
      log_(plan.log_tokens),
      scattered_(plan.log_tokens + kOccurrenceSlack),
      cursors_(plan.max_keys + 1),
      piece_starts_(plan.max_pieces + 2),
      lengths_(plan.max_pieces),
      document_bytes_(plan.document_bytes),
      writer_(spill, spill_index, limits.max_token_bytes, limits.positions) {}

void Accumulator::begin_document(std::string_view path) {
  if (num_pieces_ + 1 >= lengths_.size() ||
      longest_piece_ > OccurrenceLayout::max_piece_tokens(num_pieces_ + 1) ||
      document_bytes_used_ + kMaxPathBytes + 4 > document_bytes_.size()) {
    flush();
  }
  if (num_pieces_ == 0) run_ticket_ = ticket_;
  in_document_ = true;
  path_ = path;
  positions_before_ = holes_ = 0;
  begin_piece();
}

void Accumulator::begin_piece() {
  piece_starts_[num_pieces_++] = static_cast<std::uint32_t>(num_log_);
  log_end_ = std::min(log_.size(), num_log_ + OccurrenceLayout::max_piece_tokens(num_pieces_));
}

void Accumulator::take(const TokenBatch& batch) {
  const StageScope stage(Stage::kAccumulate);
  for (std::size_t i = 0; i < batch.size; i += kProbeBatch) {
    take_some(batch.tokens.data() + i, std::min(kProbeBatch, batch.size - i));
  }
}

// The hot loop, in three rounds for some tokens at a time: keys, hashes and a prefetch of their
// slots, then one of the entries that these lead to, then their probes. So the cache misses of a
// batch overlap; one after the other they would cost more than all the rest. (A small cache of
// recent terms in front of the table costs 10 % more than it saves: the table's latency is hidden
// well enough.)
void Accumulator::take_some(const Token* tokens, std::size_t size) {
  if (num_log_ + size > log_end_) write_run(true);
  Vocabulary::Key keys[kProbeBatch];
  for (std::size_t i = 0; i < size; ++i) {
    const Token& token = tokens[i];
    Vocabulary::Key& key = keys[i];
    if (unlikely(token.data == nullptr)) {
      key = {};
      continue;
    }
    key.length = token.length;
    const Vocabulary::Words words = load_key(token.data, token.length);
    key.words[0] = words.a;
    key.words[1] = words.b;
    if (likely(token.length <= Vocabulary::kInlineBytes)) {
      key.hash = vocabulary_.hash_short(words.a, words.b);
    } else {
      key.bytes = token.data;
      key.hash = vocabulary_.hash_long(key.bytes, key.length);
    }
    vocabulary_.prefetch_slot(key.hash);
  }
  for (std::size_t i = 0; i < size; ++i) vocabulary_.guess_entry(&keys[i]);
  std::uint32_t* log = log_.data() + num_log_;
  for (std::size_t i = 0; i < size; ++i) {
    std::uint32_t id = vocabulary_.count(keys[i]);
    if (unlikely(id == 0)) {
      num_log_ = static_cast<std::size_t>(log - log_.data());
      const std::uint64_t run = sequence_;
      id = add_term(keys[i]);
      if (sequence_ != run) {  // The guesses were of its vocabulary.
        for (std::size_t k = i + 1; k < size; ++k) vocabulary_.guess_entry(&keys[k]);
      }
      log = log_.data() + num_log_;
    }
    *log++ = id;
  }
  num_log_ = static_cast<std::size_t>(log - log_.data());
}

// The number of a key that is new to this run, or 0 of a token without a term. May write the run
// and begin the next; num_log_ is then 0.
std::uint32_t Accumulator::add_term(const Vocabulary::Key& key) {
  if (key.length == 0) {
    ++holes_;
    return 0;
  }
  bool alias = false;
  if (limits_.normalize && has_non_ascii(key)) {
    const std::string_view token(key.length <= Vocabulary::kInlineBytes
                                     ? reinterpret_cast<const char*>(key.words)
                                     : key.bytes,
                                 key.length);
    if (!is_own_term(token)) {
      // An empty term would be no token; the tokenizer sees to that.
      normalize(token, &term_);
      alias = term_ != token;
    }
  }
  if (!vocabulary_.has_room(2, std::size_t{key.length} + (alias ? term_.size() : 0))) {
    write_run(true);
  }
  if (!alias) return vocabulary_.add(key, 1);
  const Vocabulary::Key term = vocabulary_.make_key(term_);
  std::uint32_t id = vocabulary_.find(term);
  if (id == 0) id = vocabulary_.add(term, 0);
  vocabulary_.add_alias(key, id);
  return id;
}

std::uint64_t Accumulator::document_tokens() const {
  const std::uint64_t tokens = positions_before_ + piece_tokens();
  if (tokens > kMaxDocumentTokens) {
    throw Error(ErrorKind::kIo, path_,
                "the document has more than " + std::to_string(kMaxDocumentTokens) + " tokens",
                "split it into several files");
  }
  return tokens;
}

void Accumulator::end_document() {
  const std::uint64_t tokens = document_tokens();
  const std::uint64_t length = tokens - holes_;
  std::uint8_t size[kMaxVarint64Bytes];
  const auto size_bytes = static_cast<std::size_t>(put_varint(size, path_.size()) - size);
  // begin_document saw to the room, but a run that ended within the document has all of it.
  char* const out = document_bytes_.data() + document_bytes_used_;
  std::memcpy(out, size, size_bytes);
  std::memcpy(out + size_bytes, path_.data(), path_.size());
  document_bytes_used_ += size_bytes + path_.size();
  lengths_[num_docs_++] = static_cast<std::uint32_t>(length);
  num_tokens_ += length;
  num_overlong_ += holes_;
  longest_piece_ = std::max(longest_piece_, piece_tokens());
  in_document_ = false;
}

void Accumulator::abandon_document() {
  const std::size_t begin = piece_starts_[--num_pieces_];
  while (num_log_ > begin) vocabulary_.uncount(log_[--num_log_]);
  in_document_ = false;
  if (num_pieces_ > 0 || !first_continues_) return;
  // Earlier runs hold parts of it: their last pieces, from the run back where it began.
  first_continues_ = false;
  first_positions_before_ = 0;
  for (std::size_t i = runs_.size(); i-- > 0;) {
    runs_[i].drop_last = true;
    if (runs_[i].num_pieces > 1 || !runs_[i].first_continues) break;
  }
}

void Accumulator::flush() { write_run(false); }

void Accumulator::write_run(bool document_continues) {
  if (num_pieces_ == 0) return;
  StageScope stage(Stage::kEncodeRun);
  document_continues = document_continues && in_document_;
  const std::uint64_t tokens_so_far = document_continues ? document_tokens() : 0;
  piece_starts_[num_pieces_] = static_cast<std::uint32_t>(num_log_);
  RunInfo run;
  run.ticket = run_ticket_;
  run.sequence = sequence_++;
  run.num_pieces = num_pieces_;
  run.num_docs = num_docs_;
  run.first_continues = first_continues_;
  writer_.begin(&run);
  write_documents();
  stage.to(Stage::kSort);
  const std::span<TermRef> terms = vocabulary_.collect();
  sort_terms(terms.data(), terms.data() + terms.size(), vocabulary_.arena());
  stage.to(Stage::kScatter);
  // 32 bits are enough for the tokens before: document_tokens refuses more.
  const OccurrenceLayout layout{OccurrenceLayout::position_bits_for(num_pieces_),
                                static_cast<std::uint32_t>(first_positions_before_)};
  scatter(terms, layout);
  stage.to(Stage::kEncodeRun);
  write_terms(terms, layout);
  writer_.end();
  stage.to(Stage::kAccumulate);
  runs_.push_back(run);

  // What follows belongs to the same document, if one is under way.
  vocabulary_.clear();
  num_log_ = 0;
  num_pieces_ = 0;
  longest_piece_ = 0;
  num_docs_ = 0;
  document_bytes_used_ = 0;
  first_continues_ = document_continues;
  first_positions_before_ = tokens_so_far;
  if (document_continues) {
    positions_before_ = tokens_so_far;
    begin_piece();
  }
}

// Distributes the log over the terms: a counting sort by rank.
void Accumulator::scatter(std::span<const TermRef> terms, const OccurrenceLayout& layout) {
  std::uint32_t* const cursors = cursors_.data();
  std::uint32_t sum = 0;
  for (const TermRef& ref : terms) {
    cursors[ref.id] = sum;
    sum += ref.count;
  }
  cursors[0] = sum;  // those without a term
  // First the places of many tokens, then the tokens. Stores end in order, so each would wait for
  // the line that the one before misses; asked for ahead, these come at the same time. And a cursor
  // is often read right after it was moved, so that reading it waits until it is known where the
  // stores before go: here, to cursors alone.
  std::uint32_t places[kScatterBatch];
  std::size_t piece = 0;
  for (std::size_t begin = 0; begin < num_log_; begin += kScatterBatch) {
    const std::size_t end = std::min(begin + kScatterBatch, num_log_);
    for (std::size_t i = begin; i < end; ++i) {
      const std::uint32_t place = cursors[log_[i]]++;
      __builtin_prefetch(&scattered_[place], 1);
      places[i - begin] = place;
    }
    for (std::size_t i = begin; i < end;) {
      while (piece_starts_[piece + 1] <= i) ++piece;
      auto occurrence =
          static_cast<std::uint32_t>((piece << layout.position_bits) + i - piece_starts_[piece]);
      const std::size_t piece_end = std::min<std::size_t>(end, piece_starts_[piece + 1]);
      for (; i < piece_end; ++i) scattered_[places[i - begin]] = occurrence++;
    }
  }
}

void Accumulator::write_documents() {
  const auto* at = reinterpret_cast<const std::uint8_t*>(document_bytes_.data());
  const std::uint8_t* const end = at + document_bytes_used_;
  for (std::size_t i = 0; i < num_docs_; ++i) {
    std::uint32_t path_bytes = 0;
    at = get_varint32(at, end, &path_bytes);
    writer_.add_document({reinterpret_cast<const char*>(at), path_bytes}, lengths_[i]);
    at += path_bytes;
  }
}

void Accumulator::write_terms(std::span<const TermRef> terms, const OccurrenceLayout& layout) {
  constexpr std::size_t kAhead = 8;
  writer_.begin_terms();
  std::uint64_t short_term[4] = {};  // padded
  std::uint32_t begin = 0;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (i + kAhead < terms.size() && terms[i + kAhead].length > Vocabulary::kInlineBytes) {
      __builtin_prefetch(vocabulary_.arena() + terms[i + kAhead].offset);
    }
    const TermRef& ref = terms[i];
    const std::uint32_t end = begin + ref.count;
    std::string_view term(vocabulary_.arena() + ref.offset, ref.length);
    if (ref.length <= Vocabulary::kInlineBytes) {
      short_term[0] = __builtin_bswap64(ref.words[0]);
      short_term[1] = __builtin_bswap64(ref.words[1]);
      term = {reinterpret_cast<const char*>(short_term), ref.length};
    }
    // A term of documents that were taken back has no occurrences, and no record.
    while (begin < end) {
      const auto size = std::min(end - begin, kRecordOccurrences);
      record_.build(layout, scattered_.data() + begin, size);
      writer_.add_record(term, record_);
      begin += size;
    }
  }
}

}  // namespace spimi
