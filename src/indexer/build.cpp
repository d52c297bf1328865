#include "spimi/build.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <thread>

#include "base/disk_space.h"
#include "base/system_calls.h"
#include "indexer/build_plan.h"
#include "indexer/earlier_work.h"
#include "indexer/finish.h"
#include "indexer/journal.h"
#include "indexer/leases.h"
#include "indexer/monitor.h"
#include "indexer/output_directory.h"
#include "indexer/sealed_runs.h"
#include "indexer/threads.h"
#include "indexer/worker.h"
#include "input/document_reader.h"
#include "input/walk.h"
#include "spimi/error.h"
#include "text/normalize.h"

namespace spimi {
namespace {

using Clock = std::chrono::steady_clock;

void validate(const BuildOptions& options) {
  if (options.max_token_bytes < 1 || options.max_token_bytes > kMaxTokenLimit) {
    throw Error(ErrorKind::kUsage, {},
                "the token limit must be from 1 to " + std::to_string(kMaxTokenLimit) + " bytes");
  }
  if (options.chunk_bytes < 1 || options.chunk_bytes > std::size_t{1} << 30) {
    throw Error(ErrorKind::kUsage, {}, "the chunk size must be from 1 byte to 1 GiB");
  }
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

// The kernel's table of descriptors grows by doubling, and in a process of several threads each
// time waits until all processors have seen it: two threads stood still for 20 ms each. So it grows
// before they begin, as far as four threads need; what is left are two times. `fd` is any that is
// open.
void reserve_descriptors(int fd, std::size_t max_descriptors) {
  constexpr std::size_t kEnough = 4096;
  const std::size_t size = std::min(max_descriptors, kEnough);
  const int last = os::duplicate(fd, static_cast<int>(size) - 1);
  if (last >= 0) (void)os::close(last);
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
      : options_(options),
        plan_(plan),
        monitor_(monitor),
        out_(out),
        corpus_(corpus.string()),
        skips_(options) {
    const std::size_t files = raise_file_limit();
    max_descriptors_ = files;
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
                skips_.add(path, reason, cause);
              });
    const std::string root = absolute_path(corpus_);
    const std::string settings = settings_text(options_, root);
    Leases::Limits limits;
    limits.text_bytes = std::clamp<std::uint64_t>(plan_.accumulator.log_tokens * std::uint64_t{6},
                                                  std::uint64_t{1} << 20, kMaxLeaseTextBytes);
    limits.split_bytes = kMinSplitTextBytes;
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
    Leases leases(
        walk, limits, plan_.num_threads,
        [&](std::uint64_t number, const WalkEntry& entry) { return is_done(number, entry, walk); });
    if (all_sealed) {
      // Nothing is left to read; the walk only tells whether the corpus is what it was.
      WalkEntry entry;
      std::uint64_t number;
      (void)leases.next(0, &entry, &number);
      earlier_->expect_end();
      skips_.get(all_sealed->summary.skipped);
      all_sealed->summary.num_resumed_docs = all_sealed->info.num_docs;
      return std::move(*all_sealed);
    }

    SealedRuns sealed;
    sealed.info.roots.push_back({root, 0});
    if (earlier_) {
      sealed.set.files = std::move(earlier_->files());
      sealed.set.runs = earlier_->runs();
    }
    std::vector<Worker> workers = make_workers(walk, &sealed.set.files);
    reserve_descriptors(sealed.set.files[0].fd(), max_descriptors_);
    {
      std::jthread measuring;
      try {
        if (options_.measure_total) measuring = std::jthread([this] { measure_total(); });
      } catch (const std::exception&) {
        // Then the progress line does without an end.
      }
      run_in_threads(plan_.num_threads, [&](unsigned t) {
        workers[t].work(leases, t, sealed.set.files[workers[t].spill_index()]);
      });
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
    for (const Worker& worker : workers) {
      counts += worker.counts();
      sealed.set.runs.insert(sealed.set.runs.end(), worker.runs().begin(), worker.runs().end());
    }
    summary.num_tokens = counts.num_tokens;
    summary.num_overlong_tokens = counts.num_overlong_tokens;
    summary.corpus_bytes = counts.corpus_bytes;
    skips_.get(summary.skipped);
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
  static constexpr std::uint64_t kMaxLeaseTextBytes = std::uint64_t{24} << 20;
  // Some ten milliseconds of work.
  static constexpr std::uint64_t kMinSplitTextBytes = std::uint64_t{2} << 20;

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
      const auto status = walk.status(entry);
      if (!status) continue;
      const std::uint64_t size = std::min(static_cast<std::uint64_t>(status->st_size),
                                          static_cast<std::uint64_t>(status->st_blocks) * 512);
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

  // Each with a spill file that holds nothing yet. They are numbered from 0 on, by their place in
  // the set.
  std::vector<Worker> make_workers(const Walk& walk, std::vector<File>* files) {
    const WorkerContext context{options_, walk,   plan_.accumulator, monitor_,
                                journal_, skips_, has_runs_};
    std::vector<Worker> workers;
    std::uint32_t index = 0;
    while (workers.size() < plan_.num_threads) {
      while (index < files->size() && (*files)[index].size() > 0) ++index;
      if (index == files->size()) {
        const std::string path =
            spill_directory(out_.staging_path()) + "/spill-" + std::to_string(index);
        remove_if_there(path);
        files->push_back(File::create(path));
      }
      workers.emplace_back(context, index++);
    }
    return workers;
  }

  bool is_done(std::uint64_t number, const WalkEntry& entry, const Walk& walk) {
    monitor_.check();
    if (!earlier_) return false;
    const auto status = walk.status(entry);
    std::uint64_t num_docs = 1;
    const auto on_skip = [&](SkipReason reason, std::string_view cause) {
      num_docs = 0;
      skips_.add(entry.path, reason, cause);
    };
    if (!earlier_->has(number, entry.path, FileMark(entry.path, status), on_skip)) return false;
    monitor_.add(status ? static_cast<std::uint64_t>(status->st_size) : 0, num_docs);
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
        if (const auto status = walk.status(entry)) {
          bytes += static_cast<std::uint64_t>(status->st_size);
        }
      }
    } catch (const std::exception&) {
    }
  }

  const BuildOptions& options_;
  const BuildPlan& plan_;
  Monitor& monitor_;
  OutputDirectory& out_;
  const std::string corpus_;
  std::optional<EarlierWork> earlier_;
  Journal journal_;
  Skips skips_;
  std::atomic<bool> has_runs_ = false;
  std::size_t max_descriptors_;
  std::size_t max_open_directories_;
  std::size_t lease_directories_;
  std::atomic<bool> done_reading_ = false;
};

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
