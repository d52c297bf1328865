// Input: the text of a query. It is read or refused, with a place inside it; what is read says
// where each part stands; and a small index answers it: all ways to ask agree.

#include <cmath>

#include "fuzz/fuzz.h"
#include "search/query_parser.h"
#include "spimi/index.h"
#include "support/segment_builder.h"
#include "support/temporary_directory.h"

namespace spimi::testing {
namespace {

void require_places(const QueryNode& node, std::size_t size) {
  require(node.begin <= node.end && node.end <= size, "a part stands inside the query");
  require(node.boost >= 0 && !std::isnan(node.boost), "a boost is a factor");
  for (const Clause& clause : node.clauses) require_places(clause.node, size);
}

/// Few words, so that random queries meet them.
const Index& small_index() {
  static const TemporaryDirectory directory;
  static const Index index = [] {
    TestIndex contents;
    for (std::uint32_t docid = 0; docid < 300; ++docid) {
      contents.documents.push_back(
          {"d" + std::to_string(docid % 7) + "/" + std::to_string(docid), 4});
    }
    for (std::uint32_t docid = 0; docid < 300; ++docid) {
      contents.lists["a"].push_back({docid, 2, {0, 2}});
      if (docid % 3 == 0) contents.lists["b"].push_back({docid, 1, {1}});
      contents.lists[docid % 3 == 0 ? "ab" : "ba"].push_back({docid, 1, {3}});
      if (docid % 3 != 0) contents.lists["c"].push_back({docid, 1, {1}});
    }
    write_files(index_files(contents), directory.path());
    return Index::open(directory.path());
  }();
  return index;
}

void run(std::string_view text) {
  // A pattern may take long to run, but no longer than its length allows; long ones show no more.
  text = text.substr(0, 256);
  try {
    require_places(parse_query(text), text.size());
    const Query query = small_index().query(text);
    const std::uint64_t count = query.count();
    const std::vector<Hit> hits = query.search(300);
    require(hits.size() == count, "as many hits as are counted");
    std::uint64_t num_visited = 0;
    query.for_each([&](std::uint32_t) { return ++num_visited > 0; });
    require(num_visited == count, "as many visited as are counted");
    const std::vector<Hit> best = query.search(3);
    for (std::size_t i = 0; i < best.size(); ++i) {
      require(best[i].docid == hits[i].docid && best[i].score == hits[i].score,
              "the best are the first of all");
    }
  } catch (const QueryError& error) {
    require(error.begin() <= error.end() && error.end() <= text.size(),
            "a mistake stands inside the query");
  }
}

}  // namespace

void fuzz_one(const std::uint8_t* data, std::size_t size) {
  run({reinterpret_cast<const char*>(data), size});
}

}  // namespace spimi::testing
