// Runs: what a writer wrote is read back, sought in, merged in order, and not believed when damaged.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "indexer/corpora.h"
#include "indexer/run_queue.h"
#include "indexer/run_reader.h"
#include "indexer/run_writer.h"
#include "support/temporary_directory.h"

namespace spimi::testing {
namespace {

constexpr std::uint32_t kMaxTokenBytes = 255;

class RunsTest : public ::testing::Test {
 protected:
  RunsTest() { set_.files.push_back(File::create(directory_.path("spill"))); }

  /// A term of a few letters, zero bytes among them: prefixes of one another, equal in 8 bytes.
  std::string random_term() {
    std::string term(1 + random_below(random_, 12), '\0');
    for (char& c : term) c = "\0\0\0ab\xff"[random_below(random_, 6)];
    return term;
  }

  /// Appends a run with one posting in piece 0 for each of the terms, which are in order.
  void add_run(const std::vector<std::string>& terms) {
    RunInfo run;
    run.num_pieces = run.num_docs = 1;
    RunWriter writer(set_.files[0], 0, kMaxTokenBytes, true);
    offset_writer(writer, &run);
    writer.add_document("doc", 1);
    writer.begin_terms();
    RecordBuilder record;
    for (const std::string& term : terms) {
      record.clear();
      record.put_position(0);
      record.put_posting(0, 1);
      writer.add_record(term, record);
    }
    writer.end();
    run.docid_base = static_cast<std::uint32_t>(set_.runs.size());
    set_.runs.push_back(run);
  }

  TemporaryDirectory directory_{TemporaryDirectory::memory_base()};
  Random random_{test_seed()};
  RunSet set_;

 private:
  // Each writer begins at the start of its file, so each run gets a file of its own.
  void offset_writer(RunWriter& writer, RunInfo* run) { writer.begin(run); }
};

}  // namespace
}  // namespace spimi::testing
