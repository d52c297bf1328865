#include "cli/summary.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "cli/human.h"
#include "spimi/error.h"

namespace spimi::cli {
namespace {

/// What to do about entries left out for this reason; empty if nothing.
std::string_view remedy(SkipReason reason) {
  switch (reason) {
    case SkipReason::kHidden:
      return "--hidden includes them";
    case SkipReason::kSymlink:
      return "--follow includes them";
    case SkipReason::kBinary:
      return "--binary text includes them";
    case SkipReason::kUnreadable:
      return "not in the index";
    case SkipReason::kLinkLoop:
    case SkipReason::kSpecialFile:
    case SkipReason::kOutputDir:
      break;
  }
  return {};
}

std::string line(std::string_view label, std::string_view value) {
  return fmt::format("  {:<16}{}\n", label, value);
}

std::string time_text(const BuildSummary& summary, double seconds) {
  std::string text = duration(seconds);
  std::string phases;
  const auto add_phase = [&](std::string_view name, double phase_seconds, std::uint64_t bytes) {
    if (!(phase_seconds > 0)) return;
    phases += fmt::format("{}{} {}", phases.empty() ? "" : ", ", name, duration(phase_seconds));
    // Of a small corpus it would only be noise.
    if (bytes >= 1'000'000) phases += fmt::format(" at {}", data_rate(bytes, phase_seconds));
  };
  add_phase("read", summary.read_seconds, summary.corpus_bytes);
  add_phase("merge", summary.merge_seconds, 0);
  add_phase("commit", summary.commit_seconds, 0);
  if (!phases.empty()) text += fmt::format(" ({})", phases);
  return text;
}

/// Nanoseconds for each token of the text, those too long to index included.
double ns_per_token(const BuildSummary& summary, double seconds) {
  const std::uint64_t num_tokens = summary.num_tokens + summary.num_overlong_tokens;
  return num_tokens == 0 ? 0 : seconds * 1e9 / static_cast<double>(num_tokens);
}

std::string skipped_text(const Outcome& outcome) {
  const BuildSummary& summary = outcome.summary;
  std::string text;
  for (std::size_t i = 0; i < kNumSkipReasons; ++i) {
    if (summary.skipped[i] == 0) continue;
    const auto reason = static_cast<SkipReason>(i);
    std::string value = fmt::format("{} {}", grouped(summary.skipped[i]), skip_reason_name(reason));
    if (!remedy(reason).empty()) value += fmt::format(" ({})", remedy(reason));
    text += line(text.empty() ? "skipped" : "", value);
  }
  if (!text.empty() && !outcome.report_written) text += line("", "--report FILE lists them");
  return text;
}

}  // namespace

std::uint64_t peak_memory_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;  // Linux counts in KiB.
}

std::string summary_text(const Outcome& outcome) {
  const BuildSummary& summary = outcome.summary;
  const std::string directory = escape_bytes(outcome.directory);
  std::string text =
      summary.merged
          ? fmt::format("index of {} in {}\n", counted(summary.num_docs, "document"), directory)
          : fmt::format("{} read from {} in {}\n", counted(summary.num_runs, "run"),
                        counted(summary.num_docs, "document"), directory);
  std::string tokens = grouped(summary.num_tokens);
  if (summary.num_overlong_tokens > 0) {
    tokens += fmt::format(", and {} too long to index", grouped(summary.num_overlong_tokens));
  }
  text += line("tokens", tokens);
  if (summary.merged) {
    text += line("distinct terms", grouped(summary.num_terms));
    text += line("postings", grouped(summary.num_postings));
  }
  if (summary.num_resumed_docs > 0) {
    text += line("resumed", counted(summary.num_resumed_docs, "document") + " read before");
  }
  if (summary.num_runs > 0) {
    std::string runs = grouped(summary.num_runs);
    if (summary.num_merge_passes > 1) {
      runs += fmt::format(", merged in {} passes", summary.num_merge_passes);
    }
    text += line("runs", runs);
  }
  if (summary.corpus_bytes > 0) text += line("text", data_size(summary.corpus_bytes));
  if (summary.merged) {
    std::string size = data_size(summary.index_bytes);
    if (summary.corpus_bytes > 0) {
      size += fmt::format(" ({:.1f}% of the text)", 100 * static_cast<double>(summary.index_bytes) /
                                                        static_cast<double>(summary.corpus_bytes));
    }
    text += line("index", size);
  }
  text += line("time", time_text(summary, outcome.seconds));
  text += line("peak memory", memory_size(outcome.peak_memory_bytes));
  text += skipped_text(outcome);
  const std::string argument = escape_bytes(shell_quoted(outcome.directory));
  if (!summary.merged) {
    text += fmt::format("next: spimi merge {}\n", argument);
  } else if (summary.num_docs > 0) {
    text += fmt::format("next: spimi query -i {} WORD\n", argument);
  }
  return text;
}

std::string timings_text(const Outcome& outcome) {
  if (!outcome.timings) return {};
  const BuildSummary& summary = outcome.summary;
  double total = 0;
  for (const double seconds : summary.stage_seconds) total += seconds;
  const auto row = [&](std::string_view name, double seconds) {
    return fmt::format("  {:<16}{:>9.3f}{:>8.1f}%{:>14.2f}\n", name, seconds,
                       total > 0 ? 100 * seconds / total : 0, ns_per_token(summary, seconds));
  };
  std::string text =
      fmt::format("{:<18}{:>9}{:>9}{:>14}\n", "time in " + counted(summary.num_threads, "thread"),
                  "seconds", "share", "ns/token");
  for (std::size_t i = 0; i < kNumStages; ++i) {
    // A merge has none of the stages of reading.
    if (summary.stage_seconds[i] == 0) continue;
    text += row(stage_name(static_cast<Stage>(i)), summary.stage_seconds[i]);
  }
  return text + row("all", total);
}

std::string summary_json(const Outcome& outcome) {
  const BuildSummary& summary = outcome.summary;
  nlohmann::ordered_json object;
  object["directory"] = escape_bytes(outcome.directory);
  object["merged"] = summary.merged;
  object["build_id"] = summary.build_id;
  object["num_docs"] = summary.num_docs;
  object["num_resumed_docs"] = summary.num_resumed_docs;
  object["num_tokens"] = summary.num_tokens;
  object["num_overlong_tokens"] = summary.num_overlong_tokens;
  object["num_terms"] = summary.num_terms;
  object["num_postings"] = summary.num_postings;
  object["num_runs"] = summary.num_runs;
  object["num_merge_passes"] = summary.num_merge_passes;
  object["corpus_bytes"] = summary.corpus_bytes;
  object["index_bytes"] = summary.index_bytes;
  auto& skipped = object["skipped"] = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < kNumSkipReasons; ++i) {
    skipped[std::string(skip_reason_name(static_cast<SkipReason>(i)))] = summary.skipped[i];
  }
  object["num_threads"] = summary.num_threads;
  object["seconds"] = outcome.seconds;
  object["read_seconds"] = summary.read_seconds;
  object["merge_seconds"] = summary.merge_seconds;
  object["commit_seconds"] = summary.commit_seconds;
  object["peak_memory_bytes"] = outcome.peak_memory_bytes;
  if (outcome.timings) {
    auto& stages = object["stages"] = nlohmann::ordered_json::object();
    for (std::size_t i = 0; i < kNumStages; ++i) {
      const double seconds = summary.stage_seconds[i];
      stages[std::string(stage_name(static_cast<Stage>(i)))] = {
          {"seconds", seconds}, {"ns_per_token", ns_per_token(summary, seconds)}};
    }
  }
  return object.dump() + "\n";
}

}  // namespace spimi::cli
