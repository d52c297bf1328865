#include <atomic>
#include <chrono>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/disk_space.h"
#include "base/padded_bytes.h"
#include "format/manifest.h"
#include "format/segment_reader.h"
#include "indexer/finish.h"
#include "indexer/run_reader.h"
#include "indexer/run_writer.h"
#include "indexer/threads.h"
#include "spimi/build.h"
#include "spimi/error.h"

namespace spimi {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void write_documents(const RunSet& set, SegmentWriter* segment) {
  const StageScope stage(Stage::kDocuments);
  const Region<std::uint8_t> buffer(kMaxDocumentFrameBytes);
  for (const RunInfo& run : set.runs) {
    RunDocuments documents(set.files[run.file], run, buffer.data(), buffer.size());
    std::uint64_t num_docs = 0;
    for (; documents.next(); ++num_docs) {
      segment->documents().add(documents.path(), documents.length());
    }
    if (num_docs != run.num_docs) {
      throw Error(ErrorKind::kCorrupt, set.files[run.file].path(), run.documents_offset,
                  "a run has another number of documents than it should", "build the index again");
    }
  }
  segment->finish_documents();
}

unsigned threads_for(const MergeOptions& options) {
  return options.num_threads != 0 ? options.num_threads : usable_processors();
}

// The spill files have no name any more, so closing them gives their space back. For gigabytes in
// the page cache that takes longer than the commit, so all threads do it.
void close_spills(std::vector<File>& files, unsigned num_threads) {
  std::atomic<std::size_t> next = 0;
  run_in_threads(num_threads, [&](unsigned) {
    for (std::size_t i; (i = next++) < files.size();) files[i] = File();
  });
}

// Writes an index as one run, so that joining indexes is merging runs.
class IndexToRun {
 public:
  IndexToRun(const std::string& path, const IndexInfo& info, File& spill, std::uint32_t spill_index,
             Monitor& monitor)
      : info_(info),
        segment_(path, info_),
        writer_(spill, spill_index, info_.max_token_bytes, info_.positions),
        monitor_(monitor) {}

  RunInfo convert(std::uint64_t ticket) {
    const StageScope stage(Stage::kEncodeRun);
    RunInfo run;
    run.ticket = ticket;
    run.num_pieces = run.num_docs = info_.num_docs;
    writer_.begin(&run);
    PathIterator paths(segment_.paths());
    for (std::uint32_t docid = 0; paths.next(); ++docid) {
      writer_.add_document(paths.path(), segment_.length(docid));
    }
    writer_.begin_terms();
    DictionaryIterator terms = segment_.terms();
    for (std::uint64_t n = 0; terms.next(); ++n) {
      if (n % 1024 == 0) {
        monitor_.check();
        segment_.release();
      }
      convert_list(PaddedString(terms.term()).view(), terms.info());
    }
    writer_.end();
    return run;
  }

 private:
  // `term` is padded.
  void convert_list(std::string_view term, const TermInfo& info) {
    PostingsCursor postings = segment_.postings(info);
    PositionsReader positions;
    if (info_.positions) positions = segment_.positions(info);
    record_.clear();
    std::uint32_t room = kRecordOccurrences;
    while (postings.next() != PostingsCursor::kEnd) {
      // A posting goes on in further records when it is too large for one; each begins with a
      // position itself instead of a gap.
      std::uint64_t next_position = 0;
      for (std::uint32_t left = postings.tf(); left > 0;) {
        if (room == 0) {
          writer_.add_record(term, record_);
          record_.clear();
          room = kRecordOccurrences;
        }
        const std::uint32_t n = std::min(room, left);
        if (info_.positions) copy_positions(positions, n, &next_position);
        record_.put_posting(postings.docid(), n);
        left -= n;
        room -= n;
      }
    }
    if (room < kRecordOccurrences) writer_.add_record(term, record_);
  }

  // `next_position` is what a gap counts from: one more than the position before, 0 at first.
  void copy_positions(PositionsReader& positions, std::uint32_t size,
                      std::uint64_t* next_position) {
    bool first = true;
    while (size > 0) {
      const std::span<const std::uint32_t> gaps = positions.take(size);
      for (const std::uint32_t gap : gaps) {
        *next_position += gap;
        if (*next_position > 0xFFFFFFFFu) {
          throw Error(ErrorKind::kCorrupt, segment_.file(SegmentFile::kPositions).path(),
                      "a position does not fit in 32 bits", "build the index again");
        }
        record_.put_position(first ? static_cast<std::uint32_t>(*next_position) : gap);
        ++*next_position;
        first = false;
      }
      size -= static_cast<std::uint32_t>(gaps.size());
    }
  }

  const IndexInfo& info_;
  const SegmentReader segment_;
  RunWriter writer_;
  RecordBuilder record_;
  Monitor& monitor_;
};

IndexInfo read_manifest(const std::string& index) {
  const std::string path = index + "/" + std::string(kManifestName);
  return parse_manifest(path, read_small_file(path, kMaxManifestBytes));
}

// Too little space is told before the work where it is certain: a posting is two bytes of a run at
// the least, and so is a position.
void check_disk_space(const std::string& directory, const std::vector<IndexInfo>& inputs) {
  std::uint64_t num_postings = 0, num_positions = 0;
  for (const IndexInfo& info : inputs) {
    num_postings += info.num_postings;
    if (info.positions) num_positions += info.num_tokens;
  }
  const std::uint64_t needed = 2 * (num_postings + num_positions);
  const std::optional<DiskSpace> space = disk_space(directory);
  if (!space || needed <= space->free_bytes) return;
  throw too_little_space(directory, *space, "these indexes",
                         "what they hold, " + std::to_string(num_postings) + " postings,", needed);
}

void refuse_mismatch(const IndexInfo& first, const std::string& first_path, const IndexInfo& other,
                     const std::string& other_path) {
  const auto refuse = [&](std::string_view what) {
    throw Error(ErrorKind::kUsage, other_path, "cannot be merged with " + escape_bytes(first_path),
                "they differ in " + std::string(what));
  };
  if (first.tokenizer != other.tokenizer) refuse("their tokenizer");
  if (first.max_token_bytes != other.max_token_bytes) refuse("their token limit");
  if (first.positions != other.positions) refuse("whether they have positions");
  if (first.unicode_version != other.unicode_version) refuse("their Unicode version");
}

void append_roots(const std::vector<CorpusRoot>& from, std::vector<CorpusRoot>* to) {
  for (const CorpusRoot& root : from) {
    // One root for adjacent documents of one corpus: as if they had been built together.
    if (!to->empty() && to->back().path == root.path) {
      to->back().num_docs += root.num_docs;
    } else {
      to->push_back(root);
    }
  }
}

}  // namespace

BuildSummary finish_index(SealedRuns sealed, OutputDirectory& directory,
                          const MergeOptions& options, Monitor& monitor) {
  const auto start = Clock::now();
  RunSet& set = sealed.set;
  BuildSummary& summary = sealed.summary;
  const MergePlan plan =
      MergePlan::fit(options.memory_budget_bytes, threads_for(options), set.runs.size(),
                     sealed.info.num_docs, sealed.info.max_token_bytes, options.max_fan_in);
  directory.discard_staged_segment();
  while (set.runs.size() > plan.fan_in) {
    const std::vector<RunInfo> consumed =
        merge_pass(&set, plan, spill_directory(directory.staging_path()), &monitor);
    // First it is written down where the new runs are, then the old ones give their space back.
    write_sealed_runs(directory.staging_path(), sealed);
    for (const RunInfo& run : consumed) {
      set.files[run.file].punch_hole(run.documents_offset, run.end_offset - run.documents_offset);
    }
    ++summary.num_merge_passes;
  }
  SegmentWriter segment(directory.staged_segment_path(), set.positions);
  write_documents(set, &segment);
  const std::uint64_t num_docs = segment.documents().num_docs();
  const double average_length =
      num_docs == 0
          ? 0
          : static_cast<double>(segment.documents().num_tokens()) / static_cast<double>(num_docs);
  sealed.info.num_postings = merge_terms(set, plan, average_length, &segment, &monitor);
  summary.merge_seconds = seconds_since(start);

  const auto commit_start = Clock::now();
  const StageScope stage(Stage::kCommit);
  monitor.begin_phase(Progress::Phase::kCommit, 0);
  monitor.check();
  summary.index_bytes = segment.finish(&sealed.info);
  summary.index_bytes += directory.commit(sealed.info);
  close_spills(set.files, plan.num_threads);
  summary.commit_seconds = seconds_since(commit_start);
  summary.num_docs = sealed.info.num_docs;
  summary.num_tokens = sealed.info.num_tokens;
  summary.num_terms = sealed.info.num_terms;
  summary.num_postings = sealed.info.num_postings;
  summary.build_id = sealed.info.build_id;
  summary.merged = true;
  return summary;
}

BuildSummary merge_runs(const std::filesystem::path& out, const MergeOptions& options) {
  const Timings timings(options.timings);
  OutputDirectory directory(out, false, true);
  SealedRuns sealed = read_sealed_runs(directory.staging_path());
  directory.keep_staging(false);
  Monitor monitor(options.on_progress, options.stop);
  return timings.added_to(finish_index(std::move(sealed), directory, options, monitor));
}

BuildSummary merge_indexes(const std::vector<std::filesystem::path>& inputs,
                           const std::filesystem::path& out, const MergeOptions& options) {
  if (inputs.empty()) throw Error(ErrorKind::kUsage, {}, "there is no index to merge");
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    std::error_code error;
    if (std::filesystem::equivalent(inputs[i], out, error)) {
      throw Error(ErrorKind::kUsage, inputs[i].string(), "an index cannot be merged into itself",
                  "choose another output directory");
    }
  }
  const auto start = Clock::now();
  const Timings timings(options.timings);
  SealedRuns sealed;
  Monitor monitor(options.on_progress, options.stop);
  OutputDirectory directory(out, true, options.replace);
  // What would be refused is refused before the work, not in its middle.
  std::vector<IndexInfo> infos;
  for (const std::filesystem::path& input : inputs) {
    infos.push_back(read_manifest(input.string()));
    refuse_mismatch(infos[0], inputs[0].string(), infos.back(), input.string());
  }
  (void)MergePlan::fit(options.memory_budget_bytes, 1, 2, 0, infos[0].max_token_bytes, 2);
  check_disk_space(
      options.temporary_directory.empty() ? directory.path() : options.temporary_directory.string(),
      infos);
  directory.begin_staging(options.temporary_directory);
  const std::string spills = spill_directory(directory.staging_path());
  sealed.info = infos[0];
  sealed.info.roots.clear();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    File spill = File::create(spills + "/spill-" + std::to_string(i));
    IndexToRun index(inputs[i].string(), infos[i], spill, static_cast<std::uint32_t>(i), monitor);
    append_roots(infos[i].roots, &sealed.info.roots);
    sealed.set.runs.push_back(index.convert(i));
    sealed.set.files.push_back(std::move(spill));
    sealed.summary.num_tokens += infos[i].num_tokens;
  }
  sealed.set.positions = sealed.info.positions;
  sealed.set.max_token_bytes = sealed.info.max_token_bytes;
  sealed.summary.num_threads = threads_for(options);
  seal_runs(&sealed);
  sealed.summary.read_seconds = seconds_since(start);
  return timings.added_to(finish_index(std::move(sealed), directory, options, monitor));
}

}  // namespace spimi
