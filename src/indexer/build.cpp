#include "spimi/build.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "base/disk_space.h"
#include "indexer/accumulator.h"
#include "indexer/earlier_work.h"
#include "indexer/finish.h"
#include "indexer/journal.h"
#include "indexer/leases.h"
#include "indexer/monitor.h"
#include "indexer/output_directory.h"
#include "indexer/sealed_runs.h"
#include "indexer/threads.h"
#include "input/document_reader.h"
#include "input/walk.h"
#include "spimi/error.h"
#include "text/normalize.h"
#include "text/tokenizer.h"

namespace spimi {
namespace {

using Clock = std::chrono::steady_clock;

// How a build's memory is divided.
struct BuildPlan {
  unsigned num_threads = 1;
  std::size_t walk_bytes = 0;
  std::size_t lease_bytes = 0;
  AccumulatorPlan accumulator;  // of each thread

  static BuildPlan fit(const BuildOptions& options, unsigned num_threads) {
    BuildPlan plan;
    plan.num_threads = num_threads;
    const std::uint64_t budget = options.memory_budget_bytes;
    plan.walk_bytes = static_cast<std::size_t>(
        std::clamp<std::uint64_t>(budget / 32, std::uint64_t{256} << 10, std::uint64_t{8} << 20));
    const std::uint64_t walks = plan.walk_bytes * (options.measure_total ? 2 : 1);
    const std::uint64_t share = budget > walks ? (budget - walks) / num_threads : 0;
    plan.lease_bytes = static_cast<std::size_t>(
        std::clamp<std::uint64_t>(share / 32, std::uint64_t{64} << 10, std::uint64_t{4} << 20));
    const std::uint64_t fixed = plan.lease_bytes * 2 + ThreadJournal::kMemoryBytes +
                                DocumentReader::memory_bytes(options.chunk_bytes) +
                                ChunkTokenizer::memory_bytes(options.max_token_bytes);
    plan.accumulator = AccumulatorPlan::fit(
        static_cast<std::size_t>(share > fixed ? share - fixed : 0), options.max_token_bytes);
    return plan;
  }
  bool is_enough() const { return accumulator.log_tokens > 0; }
};

void validate(const BuildOptions& options) {
  if (options.max_token_bytes < 1 || options.max_token_bytes > kMaxTokenLimit) {
    throw Error(ErrorKind::kUsage, {},
                "the token limit must be from 1 to " + std::to_string(kMaxTokenLimit) + " bytes");
  }
  if (options.chunk_bytes < 1 || options.chunk_bytes > std::size_t{1} << 30) {
    throw Error(ErrorKind::kUsage, {}, "the chunk size must be from 1 byte to 1 GiB");
  }
}

std::uint64_t minimum_for_threads(const BuildOptions& options, unsigned num_threads) {
  BuildOptions trial = options;
  std::uint64_t low = 0, high = std::uint64_t{1} << 40;
  constexpr std::uint64_t kStep = std::uint64_t{1} << 18;
  while (high - low > kStep) {
    trial.memory_budget_bytes = (low + (high - low) / 2) / kStep * kStep;
    if (trial.memory_budget_bytes <= low) break;
    if (BuildPlan::fit(trial, num_threads).is_enough()) {
      high = trial.memory_budget_bytes;
    } else {
      low = trial.memory_budget_bytes;
    }
  }
  return std::max<std::uint64_t>(high, MergePlan::minimum_bytes(options.max_token_bytes));
}

// Opens as many files as the system lets us without asking; returns how many that are.
std::size_t raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 256;
  if (limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);
    (void)::getrlimit(RLIMIT_NOFILE, &limit);
  }
  return static_cast<std::size_t>(std::min<rlim_t>(limit.rlim_cur, 65536));
}

std::string absolute_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                         &std::free);
  return real ? std::string(real.get()) : std::filesystem::absolute(path).string();
}

// All that decides the bytes of the index, besides the files of the corpus.
std::string settings_text(const BuildOptions& options, const std::string& root) {
  std::string text = "tokenizer " + std::string(tokenizer_name(options.tokenizer)) + "\n";
  text += "Unicode " + std::string(kUnicodeVersion) + "\n";
  text += "longest token " + std::to_string(options.max_token_bytes) + " bytes\n";
  text += options.positions ? "positions\n" : "no positions\n";
  text += options.binary_as_text ? "binary files as text\n" : "no binary files\n";
  text += options.follow_links ? "links followed\n" : "links not followed\n";
  text += options.hidden ? "hidden files\n" : "no hidden files\n";
  return text + "corpus " + escape_bytes(root) + "\n";
}

// The first half of a build: from the corpus to sealed runs.
class Build {
 public:
  Build(const std::filesystem::path& corpus, OutputDirectory& out, const BuildOptions& options,
        const BuildPlan& plan, Monitor& monitor)
      : options_(options), plan_(plan), monitor_(monitor), out_(out), corpus_(corpus.string()) {
    const std::size_t files = raise_file_limit();
    // Descriptors: the walk's stack, the leases of all threads, and for each thread a spill file
    // and a document; some for everything else.
    const std::size_t others = 32 + 2 * std::size_t{plan.num_threads};
    const std::size_t for_input = files > others + 16 ? files - others : 16;
    max_open_directories_ = std::clamp<std::size_t>(for_input / 4, 2, 64);
    lease_directories_ = std::clamp<std::size_t>(for_input / 2 / plan.num_threads, 1, 1024);
  }

  SealedRuns run() {
    const auto start = Clock::now();
    Walk walk(corpus_, walk_options(),
              [this](std::string_view path, SkipReason reason, std::string_view cause) {
                skip(path, reason, cause);
              });
    const std::string root = absolute_path(corpus_);
    const std::string settings = settings_text(options_, root);
    Leases::Limits limits;
    limits.text_bytes = std::clamp<std::uint64_t>(plan_.accumulator.log_tokens * std::uint64_t{6},
                                                  std::uint64_t{1} << 20, kMaxLeaseTextBytes);
    limits.memory_bytes = plan_.lease_bytes;
    limits.directories = lease_directories_;
    monitor_.begin_phase(Progress::Phase::kRead, 0);
    const std::string staging = out_.staging_path();
    std::optional<SealedRuns> all_sealed;
    if (options_.resume && EarlierWork::is_in(staging)) {
      earlier_.emplace(staging, settings);
      if (earlier_->is_empty()) earlier_.reset();
    }
    if (earlier_) {
      has_runs_ = true;
      all_sealed = use_earlier_work();
    } else {
      check_disk_space();
      out_.begin_staging(options_.temporary_directory);
      journal_.create(staging + "/" + std::string(kJournalName), settings);
    }
    Leases leases(walk, limits, [this](std::uint64_t number, const WalkEntry& entry) {
      return is_done(number, entry);
    });
    if (all_sealed) {
      // Nothing is left to read; the walk only tells whether the corpus is what it was.
      Lease none;
      (void)leases.next(&none);
      earlier_->expect_end();
      std::copy(skipped_, skipped_ + kNumSkipReasons, all_sealed->summary.skipped);
      all_sealed->summary.num_resumed_docs = all_sealed->info.num_docs;
      return std::move(*all_sealed);
    }

    SealedRuns sealed;
    sealed.info.roots.push_back({root, 0});
    if (earlier_) {
      sealed.set.files = std::move(earlier_->files());
      sealed.set.runs = earlier_->runs();
    }
    std::vector<Worker> workers(plan_.num_threads);
    open_spills(workers, &sealed.set.files);
    {
      std::jthread measuring;
      try {
        if (options_.measure_total) measuring = std::jthread([this] { measure_total(); });
      } catch (const std::exception&) {
        // Then the progress line does without an end.
      }
      run_in_threads(plan_.num_threads,
                     [&](unsigned t) { work(workers[t], sealed.set.files, leases); });
      done_reading_ = true;
    }
    monitor_.rethrow();
    if (earlier_) earlier_->expect_end();
    journal_.add(JournalEntry::kAllRead, {});

    BuildSummary& summary = sealed.summary;
    ReadCounts counts;
    if (earlier_) {
      counts += earlier_->counts();
      for (const RunInfo& run : earlier_->runs()) summary.num_resumed_docs += run.num_docs;
    }
    for (Worker& worker : workers) {
      counts += worker.counts;
      sealed.set.runs.insert(sealed.set.runs.end(), worker.runs.begin(), worker.runs.end());
    }
    summary.num_tokens = counts.num_tokens;
    summary.num_overlong_tokens = counts.num_overlong_tokens;
    summary.corpus_bytes = counts.corpus_bytes;
    std::copy(skipped_, skipped_ + kNumSkipReasons, summary.skipped);
    summary.num_threads = plan_.num_threads;
    sealed.info.tokenizer = options_.tokenizer;
    sealed.info.unicode_version = kUnicodeVersion;
    sealed.info.max_token_bytes = options_.max_token_bytes;
    sealed.info.positions = options_.positions;
    sealed.set.positions = options_.positions;
    sealed.set.max_token_bytes = options_.max_token_bytes;
    seal_runs(&sealed);
    summary.read_seconds = std::chrono::duration<double>(Clock::now() - start).count();
    return sealed;
  }

  /// True if what is staged is worth to go on from.
  bool has_runs() const { return has_runs_; }

 private:
  // A lease is read by one thread, so the last ones decide how evenly the threads end.
  static constexpr std::uint64_t kMaxLeaseTextBytes = std::uint64_t{24} << 20;

  struct Worker {
    std::uint32_t spill_index = 0;
    std::vector<RunInfo> runs;
    ReadCounts counts;
    std::optional<ThreadJournal> journal;
  };

  // Too little space is told before the work where it is certain. The runs and the index of text
  // take some 0.4 and 0.3 of its bytes, with positions; text without words takes nothing. A quarter
  // of that is asked for, so that no build is refused that could have been done. A disk that runs
  // full all the same is told then, and the build can go on.
  void check_disk_space() {
    const std::string directory =
        options_.temporary_directory.empty() ? out_.path() : options_.temporary_directory.string();
    const std::optional<DiskSpace> here = disk_space(directory);
    const std::optional<DiskSpace> there = disk_space(corpus_);
    const auto needs = [this](std::uint64_t text) {
      return options_.positions ? text / 6 : text / 12;
    };
    // The corpus is no larger than all that is on its file system; most often that says enough.
    if (!here || !there || needs(there->used_bytes) <= here->free_bytes) return;
    const std::uint64_t text = measure_text();
    if (needs(text) <= here->free_bytes) return;
    throw too_little_space(directory, *here, "this corpus",
                           "its text of " + std::to_string(text) + " bytes", needs(text));
  }

  // What the files of the corpus take on the disk, but for large ones that are binary.
  std::uint64_t measure_text() {
    constexpr std::uint64_t kLargeBytes = std::uint64_t{1} << 20;
    Walk walk(corpus_, walk_options(), {});
    DocumentReader reader(options_.chunk_bytes, options_.binary_as_text, options_.follow_links);
    WalkEntry entry;
    std::uint64_t bytes = 0;
    while (walk.next(&entry)) {
      monitor_.check();
      const std::uint64_t size = std::min(entry.size_bytes, entry.disk_bytes);
      if (size < kLargeBytes || reader.open(entry) == DocumentReader::Status::kOpen) bytes += size;
    }
    return bytes;
  }

  // Takes over what a build that was cut short has done. If that had read everything: its runs.
  std::optional<SealedRuns> use_earlier_work() {
    const std::string staging = out_.staging_path();
    if (earlier_->all_read() && has_sealed_runs(staging)) {
      try {
        SealedRuns sealed = read_sealed_runs(staging);
        for (const RunInfo& run : sealed.set.runs) {
          monitor_.check();
          check_run(sealed.set.files[run.file], run, sealed.set.positions,
                    sealed.set.max_token_bytes);
        }
        earlier_->use_no_runs();
        return sealed;
      } catch (const Error& error) {
        // After a crash of the machine. The journal says where each of them came from.
        if (error.kind() != ErrorKind::kCorrupt) throw;
      }
    }
    remove_if_there(staging + "/" + std::string(kRunsName));
    earlier_->check_runs(
        options_.positions, options_.max_token_bytes, [this] { monitor_.check(); }, &journal_);
    return std::nullopt;
  }

  // Gives each worker a spill file that holds nothing yet. They are numbered from 0 on, by their
  // place in the set.
  void open_spills(std::vector<Worker>& workers, std::vector<File>* files) {
    std::uint32_t index = 0;
    for (Worker& worker : workers) {
      while (index < files->size() && (*files)[index].size() > 0) ++index;
      if (index == files->size()) {
        const std::string path =
            spill_directory(out_.staging_path()) + "/spill-" + std::to_string(index);
        remove_if_there(path);
        files->push_back(File::create(path));
      }
      worker.spill_index = index++;
    }
  }

  bool is_done(std::uint64_t number, const WalkEntry& entry) {
    monitor_.check();
    if (!earlier_) return false;
    std::uint64_t num_docs = 1;
    const auto on_skip = [&](SkipReason reason, std::string_view cause) {
      num_docs = 0;
      skip(entry.path, reason, cause);
    };
    if (!earlier_->has(number, entry, on_skip)) return false;
    monitor_.add(entry.size_bytes, num_docs);
    return true;
  }

  WalkOptions walk_options() const {
    WalkOptions walk;
    walk.hidden = options_.hidden;
    walk.follow_links = options_.follow_links;
    walk.memory_bytes = plan_.walk_bytes;
    walk.max_open_directories = max_open_directories_;
    walk.excluded_device = out_.device();
    walk.excluded_inode = out_.inode();
    return walk;
  }

  void skip(std::string_view path, SkipReason reason, std::string_view cause) {
    const std::lock_guard lock(skip_mutex_);
    ++skipped_[static_cast<std::size_t>(reason)];
    if (options_.on_skip) options_.on_skip(path, reason, cause);
    if (options_.strict && reason == SkipReason::kUnreadable) {
      throw Error(ErrorKind::kIo, path, "cannot be read", cause);
    }
  }

  void skip(Worker& worker, std::string_view path, SkipReason reason, std::string_view cause) {
    worker.journal->skip(reason, cause);
    skip(path, reason, cause);
  }

  // Sums up the sizes of the corpus for the sake of the progress line. What goes wrong here goes
  // wrong again in the real walk.
  void measure_total() {
    try {
      Walk walk(corpus_, walk_options(), {});
      WalkEntry entry;
      std::uint64_t bytes = 0;
      while (!done_reading_ && !monitor_.should_stop()) {
        if (!walk.next(&entry)) {
          monitor_.set_bytes_total(bytes);
          return;
        }
        bytes += entry.size_bytes;
      }
    } catch (const std::exception&) {
    }
  }

  void work(Worker& worker, std::vector<File>& spills, Leases& leases) {
    try {
      Accumulator::Limits limits;
      limits.max_token_bytes = options_.max_token_bytes;
      limits.positions = options_.positions;
      limits.normalize = options_.tokenizer == Tokenizer::kUnicode;
      Accumulator accumulator(plan_.accumulator, limits, spills[worker.spill_index],
                              worker.spill_index);
      ChunkTokenizer tokenizer({options_.tokenizer, options_.max_token_bytes}, accumulator);
      DocumentReader reader(options_.chunk_bytes, options_.binary_as_text, options_.follow_links);
      Lease lease;
      WalkEntry entry;
      ThreadJournal& journal = worker.journal.emplace(journal_, worker.spill_index);
      const auto counts = [&]() -> const ReadCounts& {
        worker.counts.num_tokens = accumulator.num_tokens();
        worker.counts.num_overlong_tokens = accumulator.num_overlong_tokens();
        return worker.counts;
      };
      const auto flush = [&] {
        accumulator.flush();
        note_runs(journal.flushed(accumulator.runs(), counts()));
      };
      std::uint64_t next_number = 0;
      while (leases.next(&lease)) {
        // A run holds adjacent documents only. Leases that follow on may share one.
        if (lease.ticket() != next_number) flush();
        next_number = lease.ticket();
        for (std::size_t i = 0; i < lease.size(); ++i, ++next_number) {
          monitor_.check();
          lease.get(i, &entry);
          accumulator.set_ticket(next_number);
          journal.begin_file(next_number, entry, counts());
          read_document(entry, reader, tokenizer, accumulator, worker);
          note_runs(journal.end_file(accumulator.runs()));
        }
      }
      flush();
      worker.runs = accumulator.runs();
    } catch (...) {
      monitor_.fail(std::current_exception());
    }
  }

  void note_runs(std::size_t num_new) {
    for (; num_new > 0; --num_new) {
      monitor_.add_run();
      has_runs_ = true;
    }
  }

  void read_document(const WalkEntry& entry, DocumentReader& reader, ChunkTokenizer& tokenizer,
                     Accumulator& accumulator, Worker& worker) {
    if (entry.path.size() >= kMaxPathBytes) {
      skip(worker, entry.path, SkipReason::kUnreadable, "the path is longer than 32767 bytes");
      return;
    }
    switch (reader.open(entry)) {
      case DocumentReader::Status::kOpen:
        break;
      case DocumentReader::Status::kBinary:
        skip(worker, entry.path, SkipReason::kBinary, {});
        return;
      case DocumentReader::Status::kSpecialFile:
        skip(worker, entry.path, SkipReason::kSpecialFile, {});
        return;
      case DocumentReader::Status::kUnreadable:
        skip(worker, entry.path, SkipReason::kUnreadable, reader.cause());
        return;
    }
    accumulator.begin_document(entry.path);
    const StageScope stage(Stage::kTokenize);
    tokenizer.begin();
    std::uint64_t reported = 0;
    for (;;) {
      std::string_view chunk;
      try {
        chunk = reader.next_chunk();
      } catch (const Error& error) {
        accumulator.abandon_document();
        // The path is told apart from the cause.
        std::string_view cause = error.what();
        const std::string prefix = escape_bytes(error.path()) + ": ";
        if (cause.starts_with(prefix)) cause.remove_prefix(prefix.size());
        skip(worker, entry.path, SkipReason::kUnreadable, cause);
        return;
      }
      if (chunk.empty()) break;
      tokenizer.add(chunk);
      if (reader.bytes_read() - reported >= std::uint64_t{4} << 20) {
        monitor_.check();
        monitor_.add(reader.bytes_read() - reported, 0);
        reported = reader.bytes_read();
      }
    }
    tokenizer.finish();
    accumulator.end_document();
    worker.counts.corpus_bytes += reader.bytes_read();
    monitor_.add(reader.bytes_read() - reported, 1);
  }

  const BuildOptions& options_;
  const BuildPlan& plan_;
  Monitor& monitor_;
  OutputDirectory& out_;
  const std::string corpus_;
  std::optional<EarlierWork> earlier_;
  Journal journal_;
  std::atomic<bool> has_runs_ = false;
  std::size_t max_open_directories_;
  std::size_t lease_directories_;
  std::atomic<bool> done_reading_ = false;
  std::mutex skip_mutex_;
  std::uint64_t skipped_[kNumSkipReasons] = {};
};

// The threads a build uses, and a plan for them. Left to choose, it takes fewer threads rather than
// refuse a small budget.
BuildPlan make_plan(const BuildOptions& options) {
  const unsigned wanted = options.num_threads != 0 ? options.num_threads : usable_processors();
  for (unsigned threads = wanted; threads > 0; --threads) {
    const BuildPlan plan = BuildPlan::fit(options, threads);
    if (plan.is_enough() &&
        options.memory_budget_bytes >= MergePlan::minimum_bytes(options.max_token_bytes)) {
      return plan;
    }
    if (options.num_threads != 0) break;
  }
  const std::uint64_t minimum = minimum_memory_bytes(options);
  throw Error(ErrorKind::kUsage, {},
              "a memory budget of " + std::to_string(options.memory_budget_bytes) +
                  " bytes is too small for these options; give at least " +
                  std::to_string((minimum + 0xFFFFF) >> 20) + " MiB (--memory " +
                  std::to_string((minimum + 0xFFFFF) >> 20) + "M)");
}

SealedRuns read_corpus(const std::filesystem::path& corpus, OutputDirectory& directory,
                       const BuildOptions& options, const BuildPlan& plan, Monitor& monitor) {
  Build build(corpus, directory, options, plan, monitor);
  try {
    return build.run();
  } catch (...) {
    if (build.has_runs()) directory.keep_staging(false);
    throw;
  }
}

}  // namespace

unsigned usable_processors() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0) {
    return static_cast<unsigned>(CPU_COUNT(&set));
  }
  return std::max(1u, std::thread::hardware_concurrency());
}

std::uint64_t minimum_memory_bytes(const BuildOptions& options) {
  return minimum_for_threads(options, std::max(1u, options.num_threads));
}

BuildSummary build(const std::filesystem::path& corpus, const std::filesystem::path& out,
                   const BuildOptions& options) {
  validate(options);
  const Timings timings(options.timings);
  const BuildPlan plan = make_plan(options);
  {
    // A corpus that is not there is told before an output directory is made for it.
    Walk probe(corpus.string(), WalkOptions{}, {});
  }
  std::error_code error;
  if (std::filesystem::equivalent(corpus, out, error)) {
    throw Error(ErrorKind::kUsage, out.string(), "the output directory is the corpus itself",
                "choose another one");
  }
  OutputDirectory directory(out, true, options.replace, options.resume);
  Monitor monitor(options.on_progress, options.stop);
  SealedRuns sealed = read_corpus(corpus, directory, options, plan, monitor);
  sealed.durable = !options.merge;
  {
    const StageScope stage(Stage::kCommit);
    write_sealed_runs(directory.staging_path(), sealed);
  }
  directory.keep_staging(sealed.durable);
  if (!options.merge) {
    sealed.summary.merged = false;
    return timings.added_to(sealed.summary);
  }
  MergeOptions merge;
  merge.memory_budget_bytes = options.memory_budget_bytes;
  merge.num_threads = plan.num_threads;
  return timings.added_to(finish_index(std::move(sealed), directory, merge, monitor));
}

}  // namespace spimi
