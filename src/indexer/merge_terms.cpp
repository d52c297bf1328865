// The final merge. Term space is cut into many ranges, of about equal bytes in the runs. A thread
// takes the next range, merges it into memory, and hands over what it made; whoever completes the
// range whose turn it is appends all that is ready. A list that is larger than the memory for this
// waits for its range's turn and then goes out as it is made.

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/byte_buffer.h"
#include "base/padded_bytes.h"
#include "base/stage_clock.h"
#include "base/varint.h"
#include "indexer/merge_runs.h"
#include "indexer/run_writer.h"
#include "indexer/threads.h"
#include "spimi/error.h"

namespace spimi {
namespace {

constexpr unsigned kLengthPageShift = 12;  // lengths in a page of the cache: 16 KiB
constexpr std::size_t kLengthPageBytes = sizeof(std::uint32_t) << kLengthPageShift;
constexpr std::size_t kMaxSplitSamples = std::size_t{1} << 16;
constexpr std::size_t kMinCursorBuffer = std::size_t{16} << 10;
constexpr std::size_t kEarlyBytes = std::size_t{512} << 10;
constexpr std::size_t kMaxCursorBuffer = std::size_t{256} << 10;

[[noreturn]] void refuse_docid() {
  throw Error(ErrorKind::kCorrupt, {}, "a run names a document that is not there");
}

// All document lengths, where there is memory for them; for all threads.
class AllLengths : public DocumentLengths {
 public:
  AllLengths(const File& file, std::uint64_t num_docs)
      : lengths_(static_cast<std::size_t>(num_docs)) {
    file.pread_exact(kHeaderBytes, lengths_.data(), lengths_.size() * sizeof(lengths_[0]));
  }

  void get(const std::uint32_t* docids, std::size_t size, std::uint32_t* lengths) override {
    if (size > 0 && docids[size - 1] >= lengths_.size()) refuse_docid();
    for (std::size_t i = 0; i < size; ++i) lengths[i] = lengths_[docids[i]];
  }

 private:
  Region<std::uint32_t> lengths_;
};

// Document lengths through a cache of pages, direct-mapped: of more than memory holds.
class LengthCache : public DocumentLengths {
 public:
  LengthCache(const File& file, std::uint64_t num_docs, std::size_t memory_bytes)
      : file_(file), num_docs_(num_docs) {
    std::size_t slots = 1;
    while (2 * slots * kLengthPageBytes <= memory_bytes) slots *= 2;
    pages_ = Region<std::uint32_t>(slots << kLengthPageShift);
    page_of_slot_.assign(slots, ~std::uint32_t{0});
  }

  void get(const std::uint32_t* docids, std::size_t size, std::uint32_t* lengths) override {
    const std::uint32_t slot_mask = static_cast<std::uint32_t>(page_of_slot_.size() - 1);
    for (std::size_t i = 0; i < size; ++i) {
      const std::uint32_t page = docids[i] >> kLengthPageShift;
      const std::uint32_t slot = page & slot_mask;
      if (page_of_slot_[slot] != page) load(page, slot);
      lengths[i] = pages_[(std::size_t{slot} << kLengthPageShift) |
                          (docids[i] & ((1u << kLengthPageShift) - 1))];
    }
  }

 private:
  void load(std::uint32_t page, std::uint32_t slot) {
    const std::uint64_t first = std::uint64_t{page} << kLengthPageShift;
    if (first >= num_docs_) refuse_docid();
    const auto size = static_cast<std::size_t>(
        std::min<std::uint64_t>(num_docs_ - first, std::uint64_t{1} << kLengthPageShift));
    file_.pread_exact(kHeaderBytes + first * sizeof(std::uint32_t),
                      pages_.data() + (std::size_t{slot} << kLengthPageShift),
                      size * sizeof(std::uint32_t));
    page_of_slot_[slot] = page;
  }

  const File& file_;
  const std::uint64_t num_docs_;
  Region<std::uint32_t> pages_;
  std::vector<std::uint32_t> page_of_slot_;
};

// What a range has become and is not yet written.
struct Output {
  ListBytes lists;
  ByteBuffer terms;  // see append_term
  std::size_t size() const { return lists.size() + terms.size(); }
  std::size_t capacity() const { return lists.capacity() + terms.capacity(); }
  void clear() {
    lists.postings.clear();
    lists.skips.clear();
    lists.positions.clear();
    terms.clear();
  }
};

// A term as what it shares with the term before, and the rest, which is padded (padded_bytes.h).
// The first of a range shares nothing that is known.
void append_term(std::size_t lcp, std::string_view suffix, const TermInfo& info, ByteBuffer* out) {
  std::uint8_t* to = out->reserve(7 * kMaxVarint64Bytes + suffix.size() + kBytePadding);
  to = put_varints(to, {lcp, suffix.size(), info.df, info.cf - info.df, info.postings_bytes,
                        info.skips_bytes, info.positions_bytes});
  copy_padded(to, suffix.data(), suffix.size());
  out->commit(to + suffix.size());
}

void add_terms(const ByteBuffer& terms, DictionaryWriter* dictionary) {
  const std::uint8_t* at = terms.data();
  const std::uint8_t* const end = at + terms.size();
  while (at < end) {
    std::uint64_t numbers[7];
    at = get_varints(at, end, numbers);
    const std::string_view suffix(reinterpret_cast<const char*>(at), numbers[1]);
    at += suffix.size();
    TermInfo info;
    info.df = static_cast<std::uint32_t>(numbers[2]);
    info.cf = info.df + numbers[3];
    info.postings_bytes = numbers[4];
    info.skips_bytes = numbers[5];
    info.positions_bytes = numbers[6];
    dictionary->add(numbers[0], suffix, info);
  }
}

class TermMerge {
 public:
  TermMerge(const RunSet& set, const MergePlan& plan, double average_length, SegmentWriter* segment,
            Monitor* monitor)
      : set_(set),
        plan_(plan),
        average_length_(average_length),
        segment_(*segment),
        monitor_(*monitor) {
    for (const RunInfo& run : set.runs) total_bytes_ += run.samples_offset - run.terms_offset;
    const std::uint64_t num_docs = segment->documents().num_docs();
    if (num_docs * sizeof(std::uint32_t) <= plan.length_cache_bytes) {
      all_lengths_.emplace(segment->lengths_file(), num_docs);
    }
    split();
  }

  std::uint64_t run() {
    monitor_.begin_phase(Progress::Phase::kMerge, total_bytes_);
    run_in_threads(static_cast<unsigned>(std::min<std::size_t>(plan_.num_threads, begins_.size())),
                   [this](unsigned) { work(); });
    monitor_.rethrow();
    return num_postings_;
  }

 private:
  // Cuts the term space at samples of the runs into ranges whose output fits a thread's share of
  // memory.
  void split() {
    const StageScope stage(Stage::kQueue);
    begins_.push_back(0);
    if (plan_.num_threads == 1) return;
    const std::uint64_t range_bytes = std::max<std::uint64_t>(
        std::min<std::uint64_t>(max_output_bytes(), total_bytes_ / (plan_.num_threads * 4)),
        std::uint64_t{256} << 10);
    std::uint64_t num_all = 0;
    for (const RunInfo& run : set_.runs) num_all += num_samples(run);
    const std::uint64_t stride = num_all / kMaxSplitSamples + 1;
    // A sample stands for the bytes up to the next one of its run.
    struct Weighted {
      std::uint64_t prefix, bytes;
    };
    std::vector<Weighted> samples;
    for (const RunInfo& run : set_.runs) {
      const std::uint64_t bytes = (run.samples_offset - run.terms_offset) * stride /
                                  std::max<std::uint64_t>(num_samples(run), 1);
      std::uint64_t i = 0;
      for_each_sample(set_.files[run.file], run, [&](const RunSample& sample) {
        if (i++ % stride == 0) samples.push_back({sample.prefix, bytes});
      });
    }
    std::sort(samples.begin(), samples.end(),
              [](const Weighted& a, const Weighted& b) { return a.prefix < b.prefix; });
    std::uint64_t bytes = 0;
    for (const Weighted& sample : samples) {
      if (bytes >= range_bytes && sample.prefix > begins_.back()) {
        begins_.push_back(sample.prefix);
        bytes = 0;
      }
      bytes += sample.bytes;
    }
  }

  // Of the memory for outputs a quarter may wait; each thread has one that it makes or that it
  // hands over. One that is used again may grow to twice what it had in other buffers, and each
  // buffer a quarter more than it needs: in all 2.5 thirds and the quarter, which is a little over
  // the whole.
  std::size_t max_output_bytes() const { return plan_.output_bytes / (3 * plan_.num_threads); }

  void work() {
    try {
      RunQueue queue(set_, 0, set_.runs.size(), plan_.cursor_buffer_bytes);
      std::optional<LengthCache> length_cache;
      if (!all_lengths_) {
        length_cache.emplace(segment_.lengths_file(), segment_.documents().num_docs(),
                             plan_.length_cache_bytes);
      }
      DocumentLengths& lengths = all_lengths_ ? static_cast<DocumentLengths&>(*all_lengths_)
                                              : static_cast<DocumentLengths&>(*length_cache);
      const auto decoded = std::make_unique<DecodedRecord>();
      for (std::size_t range; (range = next_range_++) < begins_.size();) {
        monitor_.check();
        std::unique_ptr<Output> output = empty_output();
        merge_range(range, queue, lengths, *decoded, *output);
        hand_over(range, std::move(output));
        monitor_.add(total_bytes_ / begins_.size(), 0);
      }
    } catch (...) {
      monitor_.fail(std::current_exception());
      const std::lock_guard lock(mutex_);
      changed_.notify_all();
    }
  }

  // Outputs are used again: fresh memory is cleared page by page, which would take a tenth of the
  // merge.
  std::unique_ptr<Output> empty_output() {
    const std::lock_guard lock(mutex_);
    if (empty_.empty()) return std::make_unique<Output>();
    std::unique_ptr<Output> output = std::move(empty_.back());
    empty_.pop_back();
    return output;
  }

  void merge_range(std::size_t range, RunQueue& queue, DocumentLengths& lengths,
                   DecodedRecord& decoded, Output& output) {
    const StageScope stage(Stage::kQueue);
    queue.open(begins_[range],
               range + 1 < begins_.size() ? std::optional(begins_[range + 1]) : std::nullopt);
    RecordSampler sampler;
    ListWriter lists(output.lists, lengths, average_length_, set_.positions);
    ByteBuffer suffix_buffer;
    constexpr std::size_t kAll = ~std::size_t{0};
    std::size_t lcp_before = kAll;  // of the terms left out since the last one written, the least
    std::uint64_t num_postings = 0, num_records = 0;
    RunCursor* cursor = queue.top();
    while (cursor != nullptr) {
      const std::size_t lcp = std::min(queue.lcp(), lcp_before);
      const std::size_t term_bytes = cursor->record().term_bytes;
      const std::size_t suffix_bytes = term_bytes - lcp;
      std::uint8_t* const suffix = suffix_buffer.reserve(suffix_bytes + kBytePadding);
      copy_padded(suffix, cursor->record().term + lcp, suffix_bytes);
      // Decodes the record under the cursor and moves on; true if that leads to another term.
      const RunCursor* source = nullptr;
      const auto take = [&] {
        source = cursor;
        sampler.next_record();
        decode_record(*cursor, set_.positions, &decoded);
        sampler.to(Stage::kQueue);
        queue.pop();
        cursor = queue.top();
        sampler.to(Stage::kEncodeLists);
        if (++num_records % 4096 == 0) monitor_.check();
        return cursor == nullptr || !queue.is_same_term();
      };
      bool is_last = take();
      TermInfo info;
      if (is_last && decoded.num_postings < kBlockValues && decoded.num_positions < kBlockValues) {
        info = lists.write_short(decoded.docids, decoded.tfs, decoded.num_postings,
                                 decoded.position_gaps, decoded.num_positions);
      } else {
        const auto add = [&] {
          try {
            lists.add(decoded.docids, decoded.tfs, decoded.num_postings, decoded.position_gaps);
          } catch (const Error& error) {
            source->fail(error.what());
          }
        };
        lists.begin();
        add();
        while (!is_last) {
          is_last = take();
          add();
          if (output.size() > early_bytes(range)) write_early(range, output);
        }
        info = lists.finish();
      }
      // Only postings of documents that were given up: no term.
      if (info.df == 0) {
        lcp_before = lcp;
        continue;
      }
      lcp_before = kAll;
      num_postings += info.df;
      append_term(lcp, {reinterpret_cast<const char*>(suffix), suffix_bytes}, info, &output.terms);
      if (output.size() > early_bytes(range)) write_early(range, output);
    }
    num_postings_ += num_postings;
  }

  void write(const Output& output) {
    StageScope stage(Stage::kWriteIndex);
    segment_.append_lists(output.lists);
    stage.to(Stage::kDictionary);
    add_terms(output.terms, &segment_.dictionary());
  }

  // A range whose turn it is writes what it has while that is in the cache; another one, when its
  // memory is full.
  std::size_t early_bytes(std::size_t range) const {
    return turn_.load(std::memory_order_relaxed) == range
               ? std::min(kEarlyBytes, max_output_bytes())
               : max_output_bytes();
  }

  // In the middle of a range: waits for its turn, which it then keeps.
  void write_early(std::size_t range, Output& output) {
    {
      const StageScope stage(Stage::kWait);
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return monitor_.should_stop() || (turn_ == range && !writing_); });
      if (monitor_.should_stop()) throw Error(ErrorKind::kInterrupted, {}, "interrupted");
    }
    // Nobody else writes: it is this range's turn until the range is handed over.
    write(output);
    output.clear();
  }

  void hand_over(std::size_t range, std::unique_ptr<Output> output) {
    std::unique_lock lock(mutex_);
    waiting_bytes_ += output->capacity();
    waiting_[range] = std::move(output);
    while (!writing_ && !waiting_.empty() && waiting_.begin()->first == turn_) {
      std::unique_ptr<Output> ready = std::move(waiting_.begin()->second);
      waiting_.erase(waiting_.begin());
      writing_ = true;
      lock.unlock();
      write(*ready);
      ready->clear();
      lock.lock();
      writing_ = false;
      waiting_bytes_ -= ready->capacity();
      if (ready->capacity() <= max_output_bytes() / 4 * 5) empty_.push_back(std::move(ready));
      ++turn_;
      changed_.notify_all();
    }
    const StageScope stage(Stage::kWait);
    // Begin no further range while too much waits. The range whose turn it is is not held up: its
    // thread does not wait here.
    changed_.wait(lock, [this] {
      return monitor_.should_stop() || waiting_bytes_ <= plan_.output_bytes / 4;
    });
    if (monitor_.should_stop()) throw Error(ErrorKind::kInterrupted, {}, "interrupted");
  }

  const RunSet& set_;
  const MergePlan& plan_;
  const double average_length_;
  SegmentWriter& segment_;
  Monitor& monitor_;
  std::uint64_t total_bytes_ = 0;
  std::optional<AllLengths> all_lengths_;
  std::vector<std::uint64_t> begins_;  // prefix where each range begins
  std::atomic<std::size_t> next_range_ = 0;
  std::atomic<std::uint64_t> num_postings_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::size_t, std::unique_ptr<Output>> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::vector<std::unique_ptr<Output>> empty_;
  std::atomic<std::size_t> turn_ = 0;  // the range that is appended next
  bool writing_ = false;
};

// Passes over the runs before as few are left as can be merged at once.
std::size_t num_passes(std::size_t num_runs, std::size_t fan_in) {
  std::size_t passes = 0;
  for (; num_runs > fan_in; ++passes) num_runs = (num_runs + fan_in - 1) / fan_in;
  return passes;
}

}  // namespace

std::uint64_t MergePlan::minimum_bytes(std::uint32_t max_token_bytes) {
  return 2 * std::max(RunCursor::min_buffer_bytes(max_token_bytes), kMinCursorBuffer) +
         RunWriter::memory_bytes(max_token_bytes) + kMaxDocumentFrameBytes + kLengthPageBytes +
         (std::size_t{3} << 20);
}

MergePlan MergePlan::fit(std::uint64_t memory_bytes, unsigned num_threads, std::size_t num_runs,
                         std::uint64_t num_docs, std::uint32_t max_token_bytes,
                         unsigned max_fan_in) {
  if (memory_bytes < minimum_bytes(max_token_bytes)) {
    throw Error(ErrorKind::kUsage, {},
                "a memory budget of " + std::to_string(memory_bytes) +
                    " bytes is too small to merge; give at least " +
                    std::to_string(minimum_bytes(max_token_bytes)));
  }
  // Page buffers of the segment's files, samples and the like.
  const std::uint64_t usable = memory_bytes - memory_bytes / 8;
  const std::size_t buffer =
      std::max(RunCursor::min_buffer_bytes(max_token_bytes), kMinCursorBuffer);
  const std::uint64_t lengths_bytes =
      ((num_docs >> kLengthPageShift) + 1) * std::uint64_t{kLengthPageBytes};
  const auto divide = [&](unsigned threads) {
    MergePlan plan;
    plan.num_threads = threads;
    plan.output_bytes =
        static_cast<std::size_t>(std::min<std::uint64_t>(usable / 4, std::uint64_t{64} << 20));
    const std::uint64_t share = (usable - plan.output_bytes) / threads;
    plan.length_cache_bytes = static_cast<std::size_t>(
        std::max<std::uint64_t>(kLengthPageBytes, std::min(lengths_bytes, share / 4)));
    const std::uint64_t fixed =
        plan.length_cache_bytes + RunWriter::memory_bytes(max_token_bytes) + kMaxDocumentFrameBytes;
    const std::uint64_t for_cursors = share > fixed ? share - fixed : 0;
    plan.fan_in = static_cast<std::size_t>(for_cursors / buffer);
    if (max_fan_in != 0) plan.fan_in = std::min<std::size_t>(plan.fan_in, std::max(2u, max_fan_in));
    if (threads == 1) plan.fan_in = std::max<std::size_t>(2, plan.fan_in);
    const std::size_t at_once = std::max<std::size_t>(1, std::min(num_runs, plan.fan_in));
    plan.cursor_buffer_bytes =
        std::clamp<std::size_t>(for_cursors / at_once, buffer, std::max(buffer, kMaxCursorBuffer));
    return plan;
  };
  // A pass costs about what the merge costs.
  MergePlan best = divide(1);
  std::size_t best_rounds = num_passes(num_runs, best.fan_in) + 1;
  for (unsigned threads = 2; threads <= num_threads; ++threads) {
    const MergePlan plan = divide(threads);
    if (plan.fan_in < 2) break;
    const std::size_t rounds = num_passes(num_runs, plan.fan_in) + 1;
    if (rounds * best.num_threads < best_rounds * threads) {
      best = plan;
      best_rounds = rounds;
    }
  }
  return best;
}

std::uint64_t merge_terms(const RunSet& set, const MergePlan& plan, double average_length,
                          SegmentWriter* segment, Monitor* monitor) {
  return TermMerge(set, plan, average_length, segment, monitor).run();
}

}  // namespace spimi
