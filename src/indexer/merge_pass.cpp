// Passes that make fewer, longer runs of many, for a merge that may not hold them all open.

#include <algorithm>
#include <atomic>
#include <exception>
#include <vector>

#include "base/stage_clock.h"
#include "indexer/merge_runs.h"
#include "indexer/run_reader.h"
#include "indexer/run_writer.h"
#include "indexer/threads.h"

namespace spimi {
namespace {

struct Group {
  std::size_t first;
  std::size_t size;
};

// One run of several adjacent ones.
class RunMerger {
 public:
  RunMerger(const RunSet& set, File& spill, std::uint32_t spill_index)
      : set_(set),
        writer_(spill, spill_index, set.max_token_bytes, set.positions),
        document_buffer_(kMaxDocumentFrameBytes) {}

  RunInfo merge(Group group, std::size_t buffer_bytes, Monitor* monitor) {
    const RunInfo& first = set_.runs[group.first];
    const RunInfo& last = set_.runs[group.first + group.size - 1];
    RunInfo run = first;
    run.num_pieces = last.docid_base - first.docid_base + last.num_pieces;
    run.num_docs = 0;
    run.drop_last = false;  // decode_record has dropped it
    StageScope stage(Stage::kDocuments);
    writer_.begin(&run);
    for (std::size_t i = 0; i < group.size; ++i) {
      const RunInfo& part = set_.runs[group.first + i];
      run.num_docs += part.num_docs;
      RunDocuments documents(set_.files[part.file], part, document_buffer_.data(),
                             document_buffer_.size());
      while (documents.next()) writer_.add_document(documents.path(), documents.length());
    }
    writer_.begin_terms();
    stage.to(Stage::kQueue);
    RunQueue queue(set_, group.first, group.size, buffer_bytes);
    queue.open(0, std::nullopt);
    RecordSampler sampler;
    std::uint64_t num_records = 0;
    while (RunCursor* const cursor = queue.top()) {
      if (++num_records % 4096 == 0) monitor->check();
      sampler.next_record();
      decode_record(*cursor, set_.positions, &decoded_);
      sampler.to(Stage::kEncodeLists);
      if (decoded_.num_postings > 0) {
        record_.clear();
        for (std::uint32_t i = 0; i < decoded_.num_positions; ++i) {
          record_.put_position(decoded_.position_gaps[i]);
        }
        for (std::uint32_t i = 0; i < decoded_.num_postings; ++i) {
          record_.put_posting(decoded_.docids[i] - run.docid_base, decoded_.tfs[i]);
        }
        writer_.add_record({cursor->record().term, cursor->record().term_bytes}, record_);
      }
      sampler.to(Stage::kQueue);
      queue.pop();
    }
    writer_.end();
    return run;
  }

 private:
  const RunSet& set_;
  RunWriter writer_;
  Region<std::uint8_t> document_buffer_;
  RecordBuilder record_;
  DecodedRecord decoded_;
};

// Which runs to merge so that `fan_in` are left, rewriting as little as one pass can.
std::vector<Group> plan_pass(std::size_t num_runs, std::size_t fan_in) {
  std::vector<Group> groups;
  std::size_t left = num_runs;
  for (std::size_t first = 0; first + 1 < num_runs && left > fan_in;) {
    const std::size_t size = std::min({fan_in, left - fan_in + 1, num_runs - first});
    groups.push_back({first, size});
    first += size;
    left -= size - 1;
  }
  return groups;
}

std::uint64_t run_bytes(const RunInfo& run) { return run.end_offset - run.documents_offset; }

}  // namespace

std::vector<RunInfo> merge_pass(RunSet* set, const MergePlan& plan, const std::string& directory,
                                Monitor* monitor) {
  const std::vector<Group> groups = plan_pass(set->runs.size(), plan.fan_in);
  std::vector<RunInfo> consumed;
  std::uint64_t bytes = 0;
  for (const Group& group : groups) {
    for (std::size_t i = group.first; i < group.first + group.size; ++i) {
      consumed.push_back(set->runs[i]);
      bytes += run_bytes(set->runs[i]);
    }
  }
  monitor->begin_phase(Progress::Phase::kMergePass, bytes);
  const auto num_threads =
      static_cast<unsigned>(std::min<std::size_t>(plan.num_threads, groups.size()));
  // Spill files are numbered by their place in the set. One of that number which is not in the set
  // was left by a pass that was cut short.
  const auto first_file = static_cast<std::uint32_t>(set->files.size());
  std::vector<File> spills;
  for (unsigned t = 0; t < num_threads; ++t) {
    const std::string path = directory + "/spill-" + std::to_string(first_file + t);
    remove_if_there(path);
    spills.push_back(File::create(path));
  }
  std::vector<RunInfo> merged(groups.size());
  std::atomic<std::size_t> next = 0;
  run_in_threads(num_threads, [&](unsigned t) {
    try {
      RunMerger merger(*set, spills[t], first_file + t);
      for (std::size_t g; (g = next++) < groups.size();) {
        monitor->check();
        merged[g] = merger.merge(groups[g], plan.cursor_buffer_bytes, monitor);
        monitor->add(run_bytes(merged[g]), 0);
      }
    } catch (...) {
      monitor->fail(std::current_exception());
    }
  });
  monitor->rethrow();

  std::vector<RunInfo> runs;
  std::size_t next_run = 0;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    for (; next_run < groups[g].first; ++next_run) runs.push_back(set->runs[next_run]);
    runs.push_back(merged[g]);
    next_run += groups[g].size;
  }
  for (; next_run < set->runs.size(); ++next_run) runs.push_back(set->runs[next_run]);
  for (File& spill : spills) set->files.push_back(std::move(spill));
  set->runs = std::move(runs);
  return consumed;
}

}  // namespace spimi
