#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace spimi {

/// Which characters make a token; part of an index's identity.
enum class Tokenizer {
  kUnicode,  ///< UAX #29 word boundaries, terms by NFKC_Casefold (Unicode 15.0).
  kAlpha,    ///< Runs of A–Z and a–z, lower-cased.
};

std::string_view tokenizer_name(Tokenizer tokenizer);

/// What the build and merge functions report while they work. Counts grow monotonically within a
/// phase.
struct Progress {
  enum class Phase { kRead, kMergePass, kMerge, kCommit };
  Phase phase = Phase::kRead;
  std::uint64_t bytes_done = 0;   ///< Bytes of input: text in kRead, runs in the merges.
  std::uint64_t bytes_total = 0;  ///< 0 while it is not known.
  std::uint64_t num_docs = 0;     ///< Documents indexed so far (kRead).
  std::uint64_t num_runs = 0;     ///< Runs written so far.
};

/// Called from worker threads, one at a time, at most some twenty times a second.
using ProgressFunction = std::function<void(const Progress&)>;

/// Why an entry of the corpus was not indexed.
enum class SkipReason {
  kHidden,       ///< Its name starts with a dot (`hidden` not set).
  kSymlink,      ///< A symbolic link (`follow` not set).
  kLinkLoop,     ///< A followed link leads to a directory that contains it, or to nothing.
  kSpecialFile,  ///< A FIFO, socket or device.
  kBinary,       ///< A NUL byte in the first 8 KiB (`binary_as_text` not set).
  kUnreadable,   ///< open, read or readdir failed: an error of the input, exit code 3.
  kOutputDir,    ///< The output directory, inside the corpus.
};
inline constexpr std::size_t kNumSkipReasons = 7;

/// The reason in the form that reports use: "hidden", "symlink", "link-loop", "special-file",
/// "binary", "unreadable", "output-directory".
std::string_view skip_reason_name(SkipReason reason);

/// Called for each entry that is not indexed, one at a time: the path relative to the corpus, the
/// reason, and for kUnreadable the cause. The order of calls is not specified.
using SkipFunction =
    std::function<void(std::string_view path, SkipReason reason, std::string_view cause)>;

/// What a thread is at, for BuildSummary::stage_seconds. A moment belongs to one stage only: that
/// of reading a run does not count as merging, for instance.
enum class Stage {
  kWalk,         ///< Lists and sorts directories, and shares out their files.
  kFiles,        ///< Opens files, asks for their status, closes them.
  kRead,         ///< Reads them, and converts those in UTF-16 and UTF-32.
  kTokenize,     ///< Cuts text into tokens.
  kAccumulate,   ///< Looks up their terms, and appends to the log.
  kSort,         ///< Of a run: collects its terms and sorts them.
  kScatter,      ///< Distributes its log over the terms.
  kEncodeRun,    ///< Makes its lists.
  kWriteRun,     ///< Writes it.
  kDocuments,    ///< Of the merge: brings together paths and lengths of the documents.
  kReadRuns,     ///< Reads runs.
  kQueue,        ///< Seeks in runs, and finds the next term by the loser tree.
  kDecode,       ///< Decodes lists of runs.
  kEncodeLists,  ///< Makes the lists of the index, or of the runs that a merge pass makes.
  kDictionary,   ///< Makes the dictionary.
  kWriteIndex,   ///< Checksums the files of the index and writes them.
  kCommit,       ///< Syncs to disk, renames, removes what is left over.
  kWait,         ///< Waits for another thread.
  kOther,        ///< Everything else.
};
inline constexpr std::size_t kNumStages = 19;

/// The stage in the form that reports use: "walk", "files", "read", "tokenize", "accumulate",
/// "sort", "scatter", "encode-run", "write-run", "documents", "read-runs", "queue", "decode",
/// "encode-lists", "dictionary", "write-index", "commit", "wait", "other".
std::string_view stage_name(Stage stage);

/// What a build does. The first group decides what the index holds; the second how the work is done
/// and never changes a byte of the index.
struct BuildOptions {
  Tokenizer tokenizer = Tokenizer::kUnicode;
  /// Tokens longer than this many UTF-8 bytes take a position and are counted, but are not indexed.
  /// 1 to kMaxTokenLimit.
  std::uint32_t max_token_bytes = 255;
  bool positions = true;  ///< Without them the index is about half as large and has no phrases.
  bool binary_as_text = false;  ///< Index files with NUL bytes instead of skipping them.
  bool follow_links = false;
  bool hidden = false;
  bool strict = false;  ///< Fail on the first input that cannot be read, instead of going on.

  /// Bound on all memory the process holds, in bytes. Refused when too small for the threads.
  std::uint64_t memory_budget_bytes = std::uint64_t{256} << 20;
  unsigned num_threads = 0;  ///< 0: one for each processor this process may use.
  std::size_t chunk_bytes = std::size_t{256} << 10;  ///< Read buffer of a thread. 1 byte to 1 GiB.
  bool merge = true;     ///< false: stop when the runs are sealed; merge_runs finishes.
  bool replace = false;  ///< Replace an index that is in the output directory.
  /// Go on with a build of the same corpus and options (the first group) that was cut short, if
  /// there is one in the output directory. The index has the bytes of one that was not.
  /// Error(kUsage) if the corpus or the options are others.
  bool resume = false;
  /// Where the runs go until they are merged; empty: into the output directory.
  std::filesystem::path temporary_directory;
  bool measure_total =
      false;             ///< Count the corpus beside the work, so that progress knows its end.
  bool timings = false;  ///< Measure BuildSummary::stage_seconds, which takes some 1 % more time.

  ProgressFunction on_progress;
  SkipFunction on_skip;
  /// Set it to true, from a signal handler for instance, and the work stops soon with
  /// Error(kInterrupted).
  const std::atomic<bool>* stop = nullptr;
};

struct MergeOptions {
  std::uint64_t memory_budget_bytes = std::uint64_t{256} << 20;
  unsigned num_threads = 0;
  bool replace = false;  ///< Replace an index that is in the output directory (merge_indexes).
  /// At most this many runs are merged at once; 0: as many as memory and open files allow. At
  /// least 2.
  unsigned max_fan_in = 0;
  /// Where the runs that merge_indexes makes go; empty: below the output directory.
  std::filesystem::path temporary_directory;
  bool timings = false;  ///< Measure BuildSummary::stage_seconds.
  ProgressFunction on_progress;
  const std::atomic<bool>* stop = nullptr;
};

/// What was done; the figures of the summary that `spimi build` prints.
struct BuildSummary {
  std::uint64_t num_docs = 0;
  std::uint64_t num_resumed_docs = 0;     ///< Those of them that a build cut short had read before.
  std::uint64_t num_tokens = 0;           ///< Indexed tokens.
  std::uint64_t num_overlong_tokens = 0;  ///< Tokens beyond max_token_bytes: counted, not indexed.
  std::uint64_t num_terms = 0;            ///< Distinct terms.
  std::uint64_t num_postings = 0;         ///< (term, document) pairs.
  std::uint64_t num_runs = 0;
  std::uint64_t num_merge_passes = 0;
  std::uint64_t corpus_bytes = 0;  ///< Bytes of the indexed files.
  std::uint64_t index_bytes = 0;   ///< Bytes of the segment and manifest.
  std::uint64_t skipped[kNumSkipReasons] = {};
  bool merged = true;    ///< false after a build with `merge` off.
  std::string build_id;  ///< 32 hex digits; empty if not merged.
  double read_seconds = 0;
  double merge_seconds = 0;
  double commit_seconds = 0;
  unsigned num_threads = 0;
  /// With `timings`: the time that the threads were at each stage, summed over them. It is wall
  /// time, so a thread that another process keeps from running goes on counting. kQueue, kDecode
  /// and kEncodeLists are measured together, and told apart by every 64th record. Zeros without
  /// `timings`.
  double stage_seconds[kNumStages] = {};
};

/// Indexes every text file below `corpus` into the directory `out` (made if it is not there).
/// On return the new index is durable; on an exception the index that was in `out` is untouched.
/// The runs that were written by then stay in `out` for BuildOptions::resume; a later build without
/// it removes them.
BuildSummary build(const std::filesystem::path& corpus, const std::filesystem::path& out,
                   const BuildOptions& options = {});

/// Finishes a build made with `merge = false`, or one that ended after its runs were sealed.
BuildSummary merge_runs(const std::filesystem::path& out, const MergeOptions& options = {});

/// Joins indexes into a new one in `out`, their documents in the order given. The result equals a
/// build of those documents in that order. They must have the same tokenizer, token limit and
/// positions.
BuildSummary merge_indexes(const std::vector<std::filesystem::path>& inputs,
                           const std::filesystem::path& out, const MergeOptions& options = {});

/// The smallest memory budget that build accepts for these options on this machine, in bytes.
std::uint64_t minimum_memory_bytes(const BuildOptions& options);

}  // namespace spimi
