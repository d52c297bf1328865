#include "cli/query_options.h"

#include <string_view>
#include <vector>

namespace spimi::cli {

void QueryOptionGroup::add_expansion(CommandLine& command_line) {
  command_line.number("--max-terms", max_terms_, 1, 1 << 20,
                      "How many terms a pattern stands for at most.");
}

void QueryOptionGroup::add_ranking(CommandLine& command_line) {
  static const std::vector<std::string_view> kNames = [] {
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < kNumRankings; ++i) {
      names.push_back(ranking_name(static_cast<Ranking>(i)));
    }
    return names;
  }();
  RankOptions& rank = options_.rank;
  command_line.group("Ranking");
  command_line.choice("--rank", kNames, ranking_,
                      "How documents are scored; none: in the\norder of their paths.");
  command_line.real("--k1", rank.k1, 0, 1000, "bm25, bm25+: weight of repetition.");
  command_line.real("--b", rank.b, 0, 1, "bm25, bm25+: weight of length.");
  command_line.real("--delta", rank.delta, 0, 1000, "bm25+.");
  command_line.real("--mu", rank.mu, 1e-6, 1e12, "dirichlet.");
}

QueryOptions QueryOptionGroup::options() const {
  QueryOptions options = options_;
  options.rank.ranking = static_cast<Ranking>(ranking_);
  options.max_expansion = static_cast<std::uint32_t>(max_terms_);
  return options;
}

}  // namespace spimi::cli
