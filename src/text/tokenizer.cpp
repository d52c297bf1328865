// Two ways through the text that give the same tokens. Stretches of plain text, ASCII and letters
// like its own, that begin and end at a sure boundary go through the vector code (plain_tokens.h)
// in place. Everything else, and the last token of each chunk, goes code point by code point
// through an automaton (word_segmenter.h) that keeps its state, and the token it is in, between
// chunks. So nothing is carried over from chunk to chunk but a few bytes of state, and a chunk may
// end anywhere.

#include "text/tokenizer.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "base/utf8.h"
#include "text/normalize.h"
#include "text/plain_tokens.h"
#include "text/unicode_data.h"
#include "text/word_segmenter.h"

namespace spimi {
namespace {

using word_segmenter::kTable;

// Plain stretches are looked for in windows of this size, so that they are still in the first-level
// cache when they are cut.
constexpr std::size_t kPlainWindow = 8192;
// It takes this many plain bytes in a row to leave the automaton; a short stretch costs more in the
// change than it saves.
constexpr std::size_t kPlainLookahead = 16;

struct AsciiTable {
  // A hard break is an ASCII byte that no rule joins to plain text before it (but a space to a
  // space).
  bool hard_break[256] = {};
  bool letter[256] = {};
  constexpr AsciiTable() {
    for (unsigned b = 0; b < 128; ++b) {
      const char c = static_cast<char>(b);
      letter[b] = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      hard_break[b] = !letter[b] && !(c >= '0' && c <= '9') && c != '_' && c != ':' && c != '.' &&
                      c != '\'' && c != ',' && c != ';';
    }
  }
};
constexpr AsciiTable kAscii;

// The values that join to what is before them and leave a state as it is, as bits. Only of states
// in which that is likely, and in which no boundary is pending.
constexpr std::array<std::uint32_t, kTable.size()> kStayingValues = [] {
  using namespace word_segmenter;
  std::array<std::uint32_t, kTable.size()> values{};
  for (const std::size_t state : {kLetter << 1, kHebrew << 1, kNumber << 1, kKana << 1}) {
    for (std::size_t value = 0; value < kTable[state].size(); ++value) {
      const Transition t = kTable[state][value];
      if (t.action == kJoin && t.next_state == state) values[state] |= std::uint32_t{1} << value;
    }
  }
  return values;
}();

// Whether at least kPlainLookahead bytes from `p` on are plain. There are more than that: `size`.
bool next_bytes_are_plain(const char* p, std::size_t size) {
  // In text of three bytes a letter most words end here.
  std::uint64_t words[2];
  std::memcpy(words, p + 1, sizeof(words));
  const auto long_leads = [](std::uint64_t word) { return word & word << 1 & word << 2; };
  if (((long_leads(words[0]) | long_leads(words[1])) & 0x8080808080808080) != 0) return false;
  return plain_prefix(p, std::min<std::size_t>(size, 64)) >= kPlainLookahead;
}

// Decodes what has one to three bytes of the `size` at `p` without the general decoder's many
// questions. Returns the number of bytes; 0 for anything else, which may be ill-formed. Three bytes
// can be read.
[[gnu::always_inline]] inline std::size_t decode_common(const char* p, std::size_t size,
                                                        char32_t* code_point) {
  const auto b0 = static_cast<unsigned char>(p[0]), b1 = static_cast<unsigned char>(p[1]),
             b2 = static_cast<unsigned char>(p[2]);
  if (b0 < 0x80) {
    *code_point = b0;
    return 1;
  }
  const bool is_overlong = b0 == 0xE0 && b1 < 0xA0, is_surrogate = b0 == 0xED && b1 >= 0xA0;
  if (b0 >= 0xE0 && b0 <= 0xEF && size >= 3 && (b1 & 0xC0) == 0x80 && (b2 & 0xC0) == 0x80 &&
      !is_overlong && !is_surrogate) {
    *code_point = (b0 & 0x0Fu) << 12 | (b1 & 0x3Fu) << 6 | (b2 & 0x3Fu);
    return 3;
  }
  if (b0 >= 0xC2 && b0 <= 0xDF && size >= 2 && (b1 & 0xC0) == 0x80) {
    *code_point = (b0 & 0x1Fu) << 6 | (b1 & 0x3Fu);
    return 2;
  }
  return 0;
}

// Makes capitals of ASCII small among the eight bytes at `p`.
void fold_eight(char* p) {
  std::uint64_t word;
  std::memcpy(&word, p, sizeof(word));
  // Of each byte without its highest bit: whether it is at least 'A', and more than 'Z'.
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  const std::uint64_t low = word & (0x7F * kOnes);
  const std::uint64_t at_least_a = low + (0x80 - 'A') * kOnes,
                      beyond_z = low + (0x7F - 'Z') * kOnes;
  word |= (at_least_a & ~beyond_z & ~word & (0x80 * kOnes)) >> 2;
  std::memcpy(p, &word, sizeof(word));
}

// True if `size` bytes at `p` begin a well-formed sequence that wants more bytes.
bool is_utf8_prefix(const char* p, std::size_t size) {
  const auto lead = static_cast<unsigned char>(*p);
  const std::size_t wanted = lead < 0xC2   ? 1
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF5 ? 4
                                           : 1;
  if (wanted <= size) return false;
  const Utf8Char c = decode_utf8({p, size}, 0);
  return !c.valid && c.num_bytes == size;
}

std::size_t scratch_bytes(std::uint32_t max_token_bytes) {
  return std::max<std::size_t>(std::size_t{64} << 10, std::size_t{16} * max_token_bytes);
}

}  // namespace

struct ChunkTokenizer::State {
  State(const TokenizerOptions& options_in, TokenSink& sink_in)
      : options(options_in),
        sink(sink_in),
        scratch_size(scratch_bytes(options_in.max_token_bytes)),
        scratch(new char[scratch_size + kTokenPadding + 8]()) {}

  void flush() {
    if (batch.size == 0) return;
    sink.take(batch);
    batch.size = 0;
  }

  // Tokens that the automaton makes are copied to the scratch memory, where they stay until their
  // batch is taken. `length` decides whether it is too long; it is `stored`, but for ill-formed
  // parts.
  void emit(const char* token, std::uint64_t length, std::uint32_t stored) {
    if (batch.size == TokenBatch::kCapacity) flush();
    batch.tokens[batch.size++] =
        length <= options.max_token_bytes
            ? Token{token, stored}
            : Token{nullptr, static_cast<std::uint32_t>(std::min<std::uint64_t>(length, ~0u))};
  }

  // --- the segment that the automaton is in
  // -----------------------------------------------------------

  // A segment's bytes are stored while it may still become a token that is short enough; its length
  // is counted for ever. While a boundary is pending, `before` is the part before it and the other
  // members are the part from it on.
  struct Segment {
    std::uint64_t length = 0;  // UTF-8 bytes, an ill-formed part counted as U+FFFD
    std::uint32_t stored = 0;  // bytes kept, at `data`
    std::uint8_t properties = 0;
  };

  bool is_token(const Segment& segment) const {
    constexpr std::uint8_t kNeeded = kLetterOrNumber | kHasTerm;
    return (segment.properties & kNeeded) == kNeeded;
  }

  // The segment at `data`.
  void emit(const Segment& segment) {
    if (!is_token(segment)) return;
    // Bytes behind it may be folded, too: those of the segment that follows will be anyway.
    for (std::uint32_t i = 0; i < segment.stored; i += 8) fold_eight(data + i);
    emit(data, segment.length, segment.stored);
  }

  void end_segment() {
    emit(current);
    data += current.stored;
    current = Segment{};
    make_room();
  }

  // Sees to it that a segment, pending or not, fits behind `data`, where `current` begins.
  void make_room() {
    if (data <= data_limit) return;
    flush();
    std::memmove(scratch.get(), data, current.stored);
    data = scratch.get();
  }

  void end_before() {
    emit(before);
    data += before.stored;
    before = Segment{};
    pending = false;
  }

  void resolve() {
    current.length += before.length;
    // Of one that is too long no byte is asked for. Without a bound here each pending part would
    // add to it, for ever.
    current.stored = std::min(before.stored + current.stored, options.max_token_bytes + 1);
    current.properties |= before.properties;
    before = Segment{};
    pending = false;
  }

  void append(std::uint8_t properties, const char* bytes, std::size_t num_bytes,
              std::size_t utf8_length) {
    if (current.stored <= options.max_token_bytes) {
      // Always four bytes, of which the next code point overwrites what is too much: a copy of
      // constant size is one store.
      std::memcpy(data + before.stored + current.stored, bytes, 4);
      current.stored += static_cast<std::uint32_t>(num_bytes);
    }
    current.length += utf8_length;
    current.properties |= properties;
  }

  // One code point. Four bytes can be read at `bytes`.
  void step(std::uint8_t properties, const char* bytes, std::size_t num_bytes,
            std::size_t utf8_length) {
    const auto t = kTable[state][properties & kWordBreakMask];
    state = t.next_state;
    switch (t.action) {
      case word_segmenter::kJoin:
        break;
      case word_segmenter::kBreak:
        end_segment();
        break;
      case word_segmenter::kPend:
        before = current;
        current = Segment{};
        pending = true;
        break;
      case word_segmenter::kResolve:
        resolve();
        break;
      case word_segmenter::kFailBreak:
        end_before();
        end_segment();
        break;
      case word_segmenter::kFailJoin:
        end_before();
        make_room();
        break;
    }
    append(properties, bytes, num_bytes, utf8_length);
  }

  // True where a segment certainly begins, whatever came before.
  bool at_hard_break(char c) const {
    const auto b = static_cast<unsigned char>(c);
    if (b == '"') return false;  // may follow a Hebrew letter (WB7b)
    return kAscii.hard_break[b] && !(b == ' ' && state >> 1 == word_segmenter::kSpace);
  }

  void end_text() {
    if (pending) end_before();
    end_segment();
    state = word_segmenter::kStart << 1;
  }

  // Most of what the automaton sees joins to its like, letters to letters: there is no boundary,
  // and the state remains. Takes what has one to three bytes of that, from `p` on; returns where it
  // ends.
  char* take_staying(char* p, char* end) {
    const std::uint32_t staying = kStayingValues[state];
    const char* const begin = p;
    char* out = data + current.stored;
    char* const full = data + options.max_token_bytes;
    std::uint8_t all_properties = 0;
    while (end - p >= 4 && out <= full) {
      char32_t code_point;
      const std::size_t num_bytes = decode_common(p, 4, &code_point);
      if (num_bytes == 0) break;
      const std::uint8_t properties = unicode_properties(code_point);
      if ((staying >> (properties & kWordBreakMask) & 1) == 0) break;
      all_properties |= properties;
      std::memcpy(out, p, 4);
      out += num_bytes;
      p += num_bytes;
    }
    current.stored = static_cast<std::uint32_t>(out - data);
    current.length += static_cast<std::size_t>(p - begin);
    current.properties |= all_properties;
    return p;
  }

  // True for three bytes that are a letter that nothing joins to but what may follow any character.
  static bool is_ideograph(const char* p) {
    char32_t code_point;
    if (decode_common(p, 3, &code_point) != 3) return false;
    constexpr std::uint8_t kToken = kLetterOrNumber | kHasTerm;
    return (unicode_properties(code_point) & (kWordBreakMask | kToken)) == (kOther | kToken);
  }

  // True if a segment certainly begins with what is at `p` whatever it is, but for what may follow
  // any character.
  bool is_behind_segment() const {
    return state == word_segmenter::kAny << 1 || state == word_segmenter::kStart << 1;
  }

  // Chinese and Japanese are mostly ideographs and hiragana, each a token. Takes those from `p` on
  // behind which there is another one, in place; returns where the last one begins, with the
  // automaton at its start.
  char* take_ideographs(char* p, char* end) {
    if (end - p < 6 || !is_ideograph(p) || !is_ideograph(p + 3)) return p;
    end_segment();
    do {
      emit(p, 3, 3);
      p += 3;
    } while (end - p >= 6 && is_ideograph(p + 3));
    state = word_segmenter::kStart << 1;
    return p;
  }

  // Runs the automaton from `p` until a plain stretch begins, or to the end. Returns where it
  // stopped; if that is not the end, the automaton is at its start state.
  char* run_automaton(char* p, char* end) {
    const char* const begin = p;
    while (p < end) {
      if (kStayingValues[state] != 0) {
        p = take_staying(p, end);
        if (p == end) break;
      } else if (static_cast<unsigned char>(*p) >= 0xE1 && is_behind_segment()) {
        p = take_ideographs(p, end);
      }
      if (at_hard_break(*p) && p != begin && static_cast<std::size_t>(end - p) > kPlainLookahead &&
          next_bytes_are_plain(p, static_cast<std::size_t>(end - p))) {
        end_text();
        return p;
      }
      const std::size_t left = static_cast<std::size_t>(end - p);
      char32_t code_point;
      if (const std::size_t num_bytes = decode_common(p, left, &code_point); num_bytes != 0) {
        step(unicode_properties(code_point), p, num_bytes, num_bytes);
        p += num_bytes;
        continue;
      }
      const Utf8Char c = decode_utf8({p, left}, 0);
      if (c.valid) {
        step(unicode_properties(c.code_point), p, c.num_bytes, c.num_bytes);
      } else if (left < 4 && is_utf8_prefix(p, left)) {
        std::memcpy(partial, p, left);
        num_partial = left;
        return end;
      } else {
        step(unicode_properties(0xFFFD), p, c.num_bytes, 3);
      }
      p += c.num_bytes;
    }
    return p;
  }

  // Completes a sequence that the chunk before cut; returns how many bytes of this chunk it took.
  std::size_t complete_partial(std::span<const char> chunk) {
    char bytes[8];
    std::memcpy(bytes, partial, num_partial);
    const std::size_t taken = std::min<std::size_t>(chunk.size(), 4 - num_partial);
    std::memcpy(bytes + num_partial, chunk.data(), taken);
    const std::size_t size = num_partial + taken;
    const Utf8Char c = decode_utf8({bytes, size}, 0);
    if (!c.valid && is_utf8_prefix(bytes, size)) {
      std::memcpy(partial, bytes, size);
      num_partial = size;
      return taken;
    }
    // What was kept is a prefix of a well-formed sequence, so the part it belongs to is no shorter.
    const std::size_t used = c.num_bytes - num_partial;
    num_partial = 0;
    step(unicode_properties(c.valid ? c.code_point : 0xFFFD), bytes, c.num_bytes,
         c.valid ? c.num_bytes : 3);
    return used;
  }

  // The last place in [p, p + size), all plain, that is a hard break and no space after a space; 0
  // if there is none behind p.
  static std::size_t last_hard_break(const char* p, std::size_t size) {
    for (std::size_t i = size; i-- > 1;) {
      if (kAscii.hard_break[static_cast<unsigned char>(p[i])] &&
          !(p[i] == ' ' && p[i - 1] == ' ')) {
        return i;
      }
    }
    return 0;
  }

  void add_unicode(std::span<char> chunk) {
    char* p = chunk.data();
    char* const end = p + chunk.size();
    while (num_partial > 0 && p < end)
      p += complete_partial({p, static_cast<std::size_t>(end - p)});
    while (p < end) {
      if (state == word_segmenter::kStart << 1 && !pending && current.length == 0) {
        const std::size_t plain =
            plain_prefix(p, std::min(static_cast<std::size_t>(end - p), kPlainWindow));
        char* const stop = p + last_hard_break(p, plain);
        while (p < stop) {
          if (TokenBatch::kCapacity - batch.size < kCutRoom) flush();
          p += cut_plain(p, static_cast<std::size_t>(stop - p), options.max_token_bytes, &batch);
        }
      }
      p = run_automaton(p, end);
    }
    // The batch may point into the chunk, which is the caller's again.
    flush();
  }

  void add_alpha(std::span<char> chunk) {
    char* p = chunk.data();
    char* const end = p + chunk.size();
    const auto is_letter = [](char c) { return kAscii.letter[static_cast<unsigned char>(c)]; };
    if (current.length > 0) {
      while (p < end && is_letter(*p)) append_letter(*p++);
      if (p == end) return;
      end_segment();
    }
    char* tail = end;
    while (tail > p && is_letter(tail[-1])) --tail;
    while (p < tail) {
      if (TokenBatch::kCapacity - batch.size < kCutRoom) flush();
      p += cut_alpha(p, static_cast<std::size_t>(tail - 1 - p), options.max_token_bytes, &batch);
      if (p == tail - 1) break;
    }
    flush();
    for (p = tail; p < end; ++p) append_letter(*p);
  }

  void append_letter(char c) {
    if (current.stored <= options.max_token_bytes) data[current.stored++] = c;
    ++current.length;
    current.properties = kLetterOrNumber | kHasTerm;
  }

  const TokenizerOptions options;
  TokenSink& sink;
  TokenBatch batch;
  const std::size_t scratch_size;
  const std::unique_ptr<char[]> scratch;

  char* data = scratch.get();  // where `before`, then `current` are stored
  // A segment may begin up to here: the worst to come is the two parts of a pending segment, each
  // with a code point too much.
  char* const data_limit =
      scratch.get() + scratch_size - 2 * (std::size_t{options.max_token_bytes} + 8) - kTokenPadding;
  Segment before, current;
  bool pending = false;
  std::uint8_t state = word_segmenter::kStart << 1;
  char partial[8];  // of a sequence that a chunk cut: at most three bytes
  std::size_t num_partial = 0;
};

ChunkTokenizer::ChunkTokenizer(const TokenizerOptions& options, TokenSink& sink)
    : state_(new State(options, sink)) {}

std::size_t ChunkTokenizer::memory_bytes(std::uint32_t max_token_bytes) {
  return sizeof(State) + scratch_bytes(max_token_bytes);
}

ChunkTokenizer::~ChunkTokenizer() { delete state_; }

void ChunkTokenizer::begin() {
  State& s = *state_;
  s.batch.size = 0;
  s.data = s.scratch.get();
  s.before = s.current = State::Segment{};
  s.pending = false;
  s.state = word_segmenter::kStart << 1;
  s.num_partial = 0;
}

void ChunkTokenizer::add(std::span<char> chunk) {
  if (chunk.empty()) return;
  if (state_->options.kind == Tokenizer::kUnicode) {
    state_->add_unicode(chunk);
  } else {
    state_->add_alpha(chunk);
  }
}

void ChunkTokenizer::finish() {
  State& s = *state_;
  if (s.num_partial > 0) {
    s.step(unicode_properties(0xFFFD), s.partial, s.num_partial, 3);
    s.num_partial = 0;
  }
  s.end_text();
  s.flush();
}

void tokenize_text(std::string_view text, const TokenizerOptions& options, TokenSink& sink) {
  ChunkTokenizer tokenizer(options, sink);
  std::string padded(text);
  padded.append(64, '\0');
  tokenizer.begin();
  tokenizer.add({padded.data(), text.size()});
  tokenizer.finish();
}

std::vector<std::string> tokenize_text(std::string_view text, const TokenizerOptions& options) {
  class Collector : public TokenSink {
   public:
    void take(const TokenBatch& batch) override {
      for (std::size_t i = 0; i < batch.size; ++i) {
        const Token& token = batch.tokens[i];
        if (token.data == nullptr) continue;
        make_term({token.data, token.length}, &terms.emplace_back());
      }
    }
    std::vector<std::string> terms;
  };
  Collector collector;
  tokenize_text(text, options, collector);
  return std::move(collector.terms);
}

}  // namespace spimi
