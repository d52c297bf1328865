#include "indexer/worker.h"

#include <algorithm>
#include <exception>
#include <span>
#include <string>

#include "base/stage_clock.h"
#include "spimi/error.h"

namespace spimi {

void Skips::add(std::string_view path, SkipReason reason, std::string_view cause) {
  const std::lock_guard lock(mutex_);
  ++counts_[static_cast<std::size_t>(reason)];
  if (options_.on_skip) options_.on_skip(path, reason, cause);
  if (options_.strict && reason == SkipReason::kUnreadable) {
    throw Error(ErrorKind::kIo, path, "cannot be read", cause);
  }
}

void Skips::get(std::uint64_t* counts) const {
  const std::lock_guard lock(mutex_);
  std::copy(counts_, counts_ + kNumSkipReasons, counts);
}

void Worker::work(Leases& leases, unsigned thread, File& spill) {
  try {
    Accumulator::Limits limits;
    limits.max_token_bytes = context_.options.max_token_bytes;
    limits.positions = context_.options.positions;
    limits.normalize = context_.options.tokenizer == Tokenizer::kUnicode;
    Accumulator accumulator(context_.plan, limits, spill, spill_index_);
    ChunkTokenizer tokenizer({context_.options.tokenizer, context_.options.max_token_bytes},
                             accumulator);
    DocumentReader reader(context_.options.chunk_bytes, context_.options.binary_as_text,
                          context_.options.follow_links);
    WalkEntry entry;
    ThreadJournal& journal = journal_.emplace(context_.journal, spill_index_);
    const auto counts = [&]() -> const ReadCounts& {
      counts_.num_tokens = accumulator.num_tokens();
      counts_.num_overlong_tokens = accumulator.num_overlong_tokens();
      return counts_;
    };
    const auto flush = [&] {
      accumulator.flush();
      note_runs(journal.flushed(accumulator.runs(), counts()));
    };
    std::uint64_t number, next_number = 0;
    while (leases.next(thread, &entry, &number)) {
      context_.monitor.check();
      // A run holds adjacent documents only.
      if (number != next_number) flush();
      next_number = number + 1;
      accumulator.set_ticket(number);
      journal.begin_file(number, counts());
      const auto status = read_document(entry, reader, tokenizer, accumulator);
      note_runs(journal.end_file(FileMark(entry.path, status), accumulator.runs()));
    }
    flush();
    runs_ = accumulator.runs();
  } catch (...) {
    context_.monitor.fail(std::current_exception());
  }
}

void Worker::note_runs(std::size_t num_new) {
  for (; num_new > 0; --num_new) {
    context_.monitor.add_run();
    context_.has_runs = true;
  }
}

// Returns the status of the file that it took, if there is one.
std::optional<struct stat> Worker::read_document(const WalkEntry& entry, DocumentReader& reader,
                                                 ChunkTokenizer& tokenizer,
                                                 Accumulator& accumulator) {
  const auto path_status = [&] { return context_.walk.status(entry); };
  if (entry.path.size() >= kMaxPathBytes) {
    skip(entry.path, SkipReason::kUnreadable, "the path is longer than 32767 bytes");
    return path_status();
  }
  switch (reader.open(entry)) {
    case DocumentReader::Status::kOpen:
      break;
    case DocumentReader::Status::kBinary:
      skip(entry.path, SkipReason::kBinary, {});
      return reader.status();
    case DocumentReader::Status::kSpecialFile:
      skip(entry.path, SkipReason::kSpecialFile, {});
      return reader.status() ? reader.status() : path_status();
    case DocumentReader::Status::kUnreadable:
      skip(entry.path, SkipReason::kUnreadable, reader.cause());
      return reader.status() ? reader.status() : path_status();
  }
  accumulator.begin_document(entry.path);
  const StageScope stage(Stage::kTokenize);
  tokenizer.begin();
  std::uint64_t reported = 0;
  for (;;) {
    std::span<char> chunk;
    try {
      chunk = reader.next_chunk();
    } catch (const Error& error) {
      accumulator.abandon_document();
      // The path is told apart from the cause.
      std::string_view cause = error.what();
      const std::string prefix = escape_bytes(error.path()) + ": ";
      if (cause.starts_with(prefix)) cause.remove_prefix(prefix.size());
      skip(entry.path, SkipReason::kUnreadable, cause);
      return reader.status();
    }
    if (chunk.empty()) break;
    tokenizer.add(chunk);
    if (reader.bytes_read() - reported >= std::uint64_t{4} << 20) {
      context_.monitor.check();
      context_.monitor.add(reader.bytes_read() - reported, 0);
      reported = reader.bytes_read();
    }
  }
  tokenizer.finish();
  accumulator.end_document();
  counts_.corpus_bytes += reader.bytes_read();
  context_.monitor.add(reader.bytes_read() - reported, 1);
  return reader.status();
}

void Worker::skip(std::string_view path, SkipReason reason, std::string_view cause) {
  journal_->skip(reason, cause);
  context_.skips.add(path, reason, cause);
}

}  // namespace spimi
