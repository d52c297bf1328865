#include "indexer/sealed_runs.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <sstream>

#include "base/checksum.h"
#include "base/os_error.h"
#include "base/system_calls.h"
#include "indexer/journal.h"
#include "indexer/limits.h"
#include "indexer/output_directory.h"

namespace spimi {
namespace {

// Lines of numbers: this file never leaves the machine, and is read by the program that wrote it.
constexpr std::size_t kMaxBytes = std::size_t{1} << 30;

std::string checksum_line(std::string_view text) {
  char line[32];
  std::snprintf(line, sizeof(line), "checksum %016llx\n",
                static_cast<unsigned long long>(checksum64(text.data(), text.size())));
  return line;
}

std::string file_name(const std::string& directory) {
  return directory + "/" + std::string(kRunsName);
}

}  // namespace

void seal_runs(SealedRuns* sealed) {
  std::vector<RunInfo>& runs = sealed->set.runs;
  std::sort(runs.begin(), runs.end(), [](const RunInfo& a, const RunInfo& b) {
    return a.ticket != b.ticket ? a.ticket < b.ticket : a.sequence < b.sequence;
  });
  std::uint64_t num_docs = 0;
  for (RunInfo& run : runs) {
    run.docid_base = static_cast<std::uint32_t>(num_docs);
    num_docs += run.num_docs;
    if (num_docs > kMaxDocs) {
      throw Error(ErrorKind::kIo, {},
                  "there are more than " + std::to_string(kMaxDocs) + " documents",
                  "build several indexes");
    }
  }
  sealed->info.num_docs = num_docs;
  sealed->summary.num_docs = num_docs;
  sealed->summary.num_runs = runs.size();
  if (sealed->info.roots.size() == 1) sealed->info.roots[0].num_docs = num_docs;
}

void write_sealed_runs(const std::string& directory, SealedRuns& sealed) {
  std::ostringstream out;
  const IndexInfo& info = sealed.info;
  const BuildSummary& summary = sealed.summary;
  out << kRunsMagic << '\n';
  out << tokenizer_name(info.tokenizer) << ' ' << info.unicode_version << ' '
      << info.max_token_bytes << ' ' << info.positions << ' ' << info.num_docs << ' '
      << info.roots.size() << ' ' << sealed.set.files.size() << ' ' << sealed.set.runs.size() << ' '
      << sealed.durable << '\n';
  for (const CorpusRoot& root : info.roots) {
    out << root.num_docs << ' ' << escape_bytes(root.path) << '\n';
  }
  out << summary.num_tokens << ' ' << summary.num_overlong_tokens << ' ' << summary.corpus_bytes
      << ' ' << summary.num_threads << ' ' << summary.read_seconds;
  for (const std::uint64_t count : summary.skipped) out << ' ' << count;
  out << '\n';
  for (const File& file : sealed.set.files) {
    out << std::filesystem::path(file.path()).filename().string() << '\n';
  }
  for (const RunInfo& run : sealed.set.runs) {
    out << run.file << ' ' << run.documents_offset << ' ' << run.terms_offset << ' '
        << run.samples_offset << ' ' << run.end_offset << ' ' << run.num_pieces << ' '
        << run.num_docs << ' ' << run.first_continues << ' ' << run.drop_last << ' '
        << run.docid_base << '\n';
  }
  std::string text = std::move(out).str();
  text += checksum_line(text);
  if (sealed.durable) {
    for (File& file : sealed.set.files) file.sync();
    write_file_atomically(file_name(directory), text);
    return;
  }
  const std::string temporary = file_name(directory) + ".tmp";
  remove_if_there(temporary);
  File file = File::create(temporary);
  file.pwrite_all(0, text.data(), text.size());
  file.close();
  rename_path(temporary, file_name(directory));
}

bool has_sealed_runs(const std::string& directory) {
  struct stat status;
  const std::string path = file_name(directory);
  if (os::lstat(path.c_str(), &status) == 0) return true;
  if (errno != ENOENT && errno != ENOTDIR) throw os_error(path, "cannot read its status");
  return false;
}

SealedRuns read_sealed_runs(const std::string& directory) {
  const std::string path = file_name(directory);
  if (!has_sealed_runs(directory)) {
    const bool cut_short = begins_with(directory + "/" + std::string(kJournalName), kJournalMagic);
    throw Error(ErrorKind::kUsage, directory, "holds no runs that could be merged",
                cut_short ? "its build has not read everything; 'spimi build --resume' goes on"
                          : "build the index first");
  }
  const std::string text = read_small_file(path, kMaxBytes);
  const std::size_t end = text.rfind("checksum ");
  if (end == std::string::npos ||
      std::string_view(text).substr(end) != checksum_line(std::string_view(text).substr(0, end))) {
    throw Error(ErrorKind::kCorrupt, path, "the list of runs is damaged", "build the index again");
  }
  const std::string spills = spill_directory(directory);
  std::istringstream in(text.substr(0, end));
  SealedRuns sealed;
  IndexInfo& info = sealed.info;
  BuildSummary& summary = sealed.summary;
  std::string magic, tokenizer;
  std::size_t num_roots = 0, num_files = 0, num_runs = 0;
  std::getline(in, magic);
  in >> tokenizer >> info.unicode_version >> info.max_token_bytes >> info.positions >>
      info.num_docs >> num_roots >> num_files >> num_runs >> sealed.durable;
  info.tokenizer =
      tokenizer == tokenizer_name(Tokenizer::kAlpha) ? Tokenizer::kAlpha : Tokenizer::kUnicode;
  for (std::size_t i = 0; in && i < num_roots; ++i) {
    CorpusRoot& root = info.roots.emplace_back();
    std::string escaped;
    in >> root.num_docs;
    in.get();
    std::getline(in, escaped);
    try {
      root.path = unescape_bytes(escaped);
    } catch (const Error&) {
      in.setstate(std::ios::failbit);
    }
  }
  in >> summary.num_tokens >> summary.num_overlong_tokens >> summary.corpus_bytes >>
      summary.num_threads >> summary.read_seconds;
  for (std::uint64_t& count : summary.skipped) in >> count;
  for (std::size_t i = 0; in && i < num_files; ++i) {
    std::string name;
    in >> name;
    constexpr std::string_view kBegin = "spill-";
    constexpr std::size_t kMaxDigits = 10;
    if (!name.starts_with(kBegin) || name.size() > kBegin.size() + kMaxDigits ||
        name.find_first_not_of("0123456789", kBegin.size()) != std::string::npos) {
      in.setstate(std::ios::failbit);
    }
    if (!in) break;
    const std::string spill = spills + "/" + name;
    struct stat status;
    if (os::lstat(spill.c_str(), &status) != 0 && errno == ENOENT) {
      throw Error(ErrorKind::kCorrupt, spill, "a file of runs is missing", "build the index again");
    }
    sealed.set.files.push_back(File::open_spill(spill));
  }
  for (std::size_t i = 0; in && i < num_runs; ++i) {
    RunInfo& run = sealed.set.runs.emplace_back();
    in >> run.file >> run.documents_offset >> run.terms_offset >> run.samples_offset >>
        run.end_offset >> run.num_pieces >> run.num_docs >> run.first_continues >> run.drop_last >>
        run.docid_base;
    if (in && (run.file >= num_files || run.documents_offset > run.terms_offset ||
               run.terms_offset > run.samples_offset || run.samples_offset > run.end_offset ||
               run.end_offset > sealed.set.files[run.file].size())) {
      throw Error(ErrorKind::kCorrupt,
                  sealed.set.files.empty()
                      ? path
                      : sealed.set.files[std::min<std::size_t>(run.file, num_files - 1)].path(),
                  "a run is not where the list of runs says", "build the index again");
    }
  }
  if (!in || magic != kRunsMagic || info.max_token_bytes < 1 ||
      info.max_token_bytes > kMaxTokenLimit) {
    throw Error(ErrorKind::kCorrupt, path, "the list of runs is damaged", "build the index again");
  }
  sealed.set.positions = info.positions;
  sealed.set.max_token_bytes = info.max_token_bytes;
  summary.num_docs = info.num_docs;
  summary.num_runs = num_runs;
  return sealed;
}

}  // namespace spimi
