#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <functional>
#include <limits>
#include <optional>
#include <system_error>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/human.h"
#include "cli/index_choice.h"
#include "cli/last_index.h"
#include "cli/output.h"
#include "cli/parse_size.h"
#include "cli/progress_line.h"
#include "cli/signals.h"
#include "cli/skip_report.h"
#include "cli/summary.h"
#include "format/layout.h"
#include "indexer/journal.h"
#include "indexer/sealed_runs.h"
#include "spimi/build.h"
#include "spimi/index.h"

namespace spimi::cli {
namespace {

namespace fs = std::filesystem;

constexpr HelpText kBuildHelp{
    .name = "build",
    .description =
        "Builds an inverted index of every text file below a directory, in bounded\n"
        "memory.\n",
    .examples =
        "  spimi build ~/notes notes.index\n"
        "  spimi build -m 1G -j 4 --report skipped.jsonl corpus corpus.index\n"
        "  spimi build --force --tokenizer alpha --no-positions corpus corpus.index\n",
    .usage = "  spimi build [OPTIONS] CORPUS_DIR OUT_DIR\n",
    .notes =
        "OUT_DIR is made if it is not there; what index it holds stays as it is until the\n"
        "new one is complete. Memory, threads and chunk size do not change the index.\n"
        "A build that was stopped, killed or out of disk goes on when the same command is\n"
        "given again with --resume; these three may be others then.\n"
        "Defaults are in brackets. A SIZE is in bytes, or has K, M, G or KiB, MiB, GiB\n"
        "behind it.\n",
};

constexpr HelpText kMergeHelp{
    .name = "merge",
    .description = "Finishes a build made with --no-merge, or joins indexes into a new one.\n",
    .examples =
        "  spimi merge notes.index\n"
        "  spimi merge -o all.index notes.index mail.index\n",
    .usage =
        "  spimi merge [OPTIONS] [OUT_DIR]             finish a build\n"
        "  spimi merge [OPTIONS] -o OUT_DIR INDEX...   join indexes\n",
    .notes =
        "Without OUT_DIR: the working directory if it holds runs to merge, else the last\n"
        "one built. Joined indexes must have the same tokenizer, token limit and\n"
        "positions; their documents are numbered in the order given.\n",
};

/// The options that build and merge share, and what becomes of them.
struct WorkOptions {
  std::uint64_t memory_bytes = BuildOptions().memory_budget_bytes;
  std::uint64_t num_threads = 0;
  bool timings = false;
  When progress = When::kAuto;

  void add_to(CommandLine& command_line) {
    command_line.size("-m,--memory", memory_bytes, "Bound on all memory that the process holds.");
    command_line.number("-j,--threads", num_threads, 0, 1024,
                        "Threads. 0: one for each processor.");
    command_line.flag("--timings", timings, "Also say how long each stage of the work took.");
  }
  void add_progress_to(CommandLine& command_line) {
    command_line.when("--progress", progress, "auto: on a terminal.");
  }
};

/// How to go on with what a run that ended early leaves behind; empty if that is nothing. Looks at
/// the disk, for it depends on how far it came.
std::string way_to_go_on(const fs::path& out) {
  std::error_code ignored;
  const fs::path staging = out / kStagingName;
  if (fs::exists(staging / kRunsName, ignored)) {
    return fmt::format("the runs are kept: 'spimi merge {}' finishes the build",
                       escape_bytes(shell_quoted(out.string())));
  }
  if (fs::exists(staging / kJournalName, ignored)) {
    return "what was read so far is kept: the same command with --resume goes on from there";
  }
  return {};
}

/// What an interrupted run leaves behind.
std::string state_after_interrupt(const fs::path& out) {
  const std::string directory = escape_bytes(out.string());
  if (std::string way = way_to_go_on(out); !way.empty()) return way;
  if (Index::is_index(out)) return fmt::format("the index in {} is as it was", directory);
  return fmt::format("no index was made in {}", directory);
}

/// A call of the library. `shows_line` says that progress is seen as it happens.
using Work = std::function<BuildSummary(const ProgressFunction&, const std::atomic<bool>& stop,
                                        bool shows_line)>;

/// Does the work under progress line and signals, prints the summary, remembers the index. Returns
/// the exit code. `report` may be null.
int do_work(const Console& console, const WorkOptions& options, const fs::path& out,
            SkipReport* report, const Work& work) {
  const ProgressLine::Mode mode = ProgressLine::choose_mode(options.progress, console.quiet);
  ProgressLine progress_line(mode);
  StopSignals signals;
  Outcome outcome;
  outcome.directory = out.string();
  outcome.report_written = report != nullptr && report->has_file();
  outcome.timings = options.timings;
  const auto start = std::chrono::steady_clock::now();
  try {
    outcome.summary = work([&](const Progress& progress) { progress_line.update(progress); },
                           StopSignals::requested(), mode == ProgressLine::Mode::kLine);
  } catch (const Error& e) {
    progress_line.clear();
    if (report != nullptr) report->print_unreadable(console);
    if (e.kind() == ErrorKind::kIo) {
      if (const std::string way = way_to_go_on(out); !way.empty()) console.note(way);
    }
    if (e.kind() != ErrorKind::kInterrupted) throw;
    console.error(
        fmt::format("stopped by {}; {}", StopSignals::name(), state_after_interrupt(out)));
    // The destructors that die skips would have written nothing but this.
    if (report != nullptr) report->flush();
    StopSignals::die();
  } catch (...) {
    progress_line.clear();
    throw;
  }
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  outcome.peak_memory_bytes = peak_memory_bytes();
  progress_line.clear();

  try {
    write_last_index(fs::canonical(out).string());
  } catch (const std::exception& e) {
    console.detail(fmt::format("the last index is not remembered: {}", e.what()));
  }

  if (report != nullptr) report->print_unreadable(console);
  if (console.json) {
    print(summary_json(outcome));
  } else if (!console.quiet) {
    write_stderr(summary_text(outcome) + timings_text(outcome));
  }
  if (report != nullptr) report->finish();
  const auto unreadable = static_cast<std::size_t>(SkipReason::kUnreadable);
  return outcome.summary.skipped[unreadable] > 0 ? kExitUnreadable : kExitDone;
}

}  // namespace

int run_build(std::vector<std::string> arguments, Console& console) {
  static constexpr std::array<std::string_view, 2> kOperands{"CORPUS_DIR", "OUT_DIR"};
  static constexpr std::string_view kBinaryWords[] = {"skip", "text"};
  const std::array<std::string_view, 2> tokenizers{tokenizer_name(Tokenizer::kUnicode),
                                                   tokenizer_name(Tokenizer::kAlpha)};
  BuildOptions options;
  WorkOptions work_options;
  std::size_t tokenizer = static_cast<std::size_t>(options.tokenizer);
  std::size_t binary = 0;
  std::uint64_t max_token_bytes = options.max_token_bytes;
  std::uint64_t chunk_bytes = options.chunk_bytes;
  bool no_positions = false;
  bool no_merge = false;
  std::string report_path;
  std::string temporary_directory;

  CommandLine command_line(kBuildHelp);
  command_line.group("What is indexed");
  command_line.choice("--tokenizer", tokenizers, tokenizer,
                      "unicode: words by UAX #29, case folded;\nalpha: runs of A-Z and a-z.");
  command_line.flag("--no-positions", no_positions, "About half the size, and no phrases.");
  command_line.number("--max-token-bytes", max_token_bytes, 1, kMaxTokenLimit,
                      "Longer tokens are counted, not indexed.");
  command_line.choice("--binary", kBinaryWords, binary, "Files with NUL bytes.");
  command_line.flag("--follow", options.follow_links, "Follow symbolic links.");
  command_line.flag("--hidden", options.hidden, "Names that begin with a dot, too.");
  command_line.group("How");
  work_options.add_to(command_line);
  command_line.size("--chunk-size", chunk_bytes, "Read buffer of a thread.");
  command_line.text("--tmp-dir", "DIR", temporary_directory,
                    "Where the runs go until they are merged; without it:\ninto OUT_DIR.");
  command_line.flag("--no-merge", no_merge, "Stop at sorted runs; 'spimi merge' finishes.");
  command_line.flag("--force", options.replace, "Replace an index that is in OUT_DIR.");
  command_line.flag("--resume", options.resume, "Go on with a build that was cut short.");
  command_line.flag("--strict", options.strict, "Fail if any input cannot be read.");
  command_line.text("--report", "FILE", report_path,
                    "List what is not indexed and why, as JSON lines.");
  command_line.console_options(console);
  work_options.add_progress_to(command_line);

  std::vector<std::string> operands;
  if (!command_line.parse(std::move(arguments), operands)) return kExitDone;
  expect_operands(operands, kOperands);
  const fs::path corpus = operands[0];
  const fs::path out = operands[1];

  options.tokenizer = static_cast<Tokenizer>(tokenizer);
  options.binary_as_text = binary == 1;
  options.max_token_bytes = static_cast<std::uint32_t>(max_token_bytes);
  options.positions = !no_positions;
  options.merge = !no_merge;
  options.memory_budget_bytes = work_options.memory_bytes;
  options.num_threads = static_cast<unsigned>(work_options.num_threads);
  options.chunk_bytes = chunk_bytes;
  options.timings = work_options.timings;
  options.temporary_directory = temporary_directory;
  if (console.verbose) {
    console.detail(fmt::format("memory {}, of which these options need at least {}",
                               memory_size(options.memory_budget_bytes),
                               memory_size(minimum_memory_bytes(options))));
  }

  SkipReport report(report_path);
  options.on_skip = [&](std::string_view path, SkipReason reason, std::string_view cause) {
    report.add(path, reason, cause);
  };
  return do_work(
      console, work_options, out, &report,
      [&](const ProgressFunction& on_progress, const std::atomic<bool>& stop, bool shows_line) {
        options.on_progress = on_progress;
        options.stop = &stop;
        // Only a line that shows time left is worth a second walk of the corpus.
        options.measure_total = shows_line;
        return build(corpus, out, options);
      });
}

int run_merge(std::vector<std::string> arguments, Console& console) {
  MergeOptions options;
  WorkOptions work_options;
  std::string out_directory, temporary_directory;
  std::uint64_t max_fan_in = 0;

  CommandLine command_line(kMergeHelp);
  command_line.group("Options");
  command_line.text("-o,--output", "OUT_DIR", out_directory,
                    "Join the indexes named into a new one here.");
  command_line.flag("--force", options.replace, "Replace an index that is in OUT_DIR.");
  command_line.text("--tmp-dir", "DIR", temporary_directory,
                    "With -o: where the runs go until they are merged.");
  work_options.add_to(command_line);
  // Runs merged at once. Not in the help: only a test of the merge passes wants it.
  command_line.number("--fan-in", max_fan_in, 0, std::numeric_limits<unsigned>::max(), {});
  command_line.console_options(console);
  work_options.add_progress_to(command_line);

  std::vector<std::string> operands;
  if (!command_line.parse(std::move(arguments), operands)) return kExitDone;
  if (max_fan_in == 1) throw UsageError("--fan-in: '1' merges nothing; give 2 or more, or 0");
  options.max_fan_in = static_cast<unsigned>(max_fan_in);
  options.memory_budget_bytes = work_options.memory_bytes;
  options.num_threads = static_cast<unsigned>(work_options.num_threads);
  options.temporary_directory = temporary_directory;
  options.timings = work_options.timings;

  if (out_directory.empty()) {
    if (!temporary_directory.empty()) {
      throw UsageError("--tmp-dir: the runs of a build stay where they are; give it with -o");
    }
    if (operands.size() > 1) {
      throw UsageError("several directories: to join indexes give -o OUT_DIR");
    }
    const fs::path out = choose_staged(operands.empty() ? "" : operands[0], console);
    return do_work(console, work_options, out, nullptr,
                   [&](const ProgressFunction& on_progress, const std::atomic<bool>& stop, bool) {
                     options.on_progress = on_progress;
                     options.stop = &stop;
                     BuildSummary summary = merge_runs(out, options);
                     summary.read_seconds = 0;  // That was the time of another process.
                     return summary;
                   });
  }
  if (operands.empty()) throw UsageError("INDEX is missing: name the indexes to join");
  const std::vector<fs::path> inputs(operands.begin(), operands.end());
  const fs::path out = out_directory;
  return do_work(console, work_options, out, nullptr,
                 [&](const ProgressFunction& on_progress, const std::atomic<bool>& stop, bool) {
                   options.on_progress = on_progress;
                   options.stop = &stop;
                   return merge_indexes(inputs, out, options);
                 });
}

}  // namespace spimi::cli
