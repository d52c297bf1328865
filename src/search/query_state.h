#pragma once

#include "search/doc_iterator.h"
#include "search/index_state.h"
#include "search/plan.h"
#include "spimi/query.h"

namespace spimi {

struct Query::State {
  State(const Index::State& index_, Plan plan_, const RankOptions& rank);

  const Index::State& index;
  Plan plan;
  SearchContext context;
};

}  // namespace spimi
