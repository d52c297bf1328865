#pragma once

#include <exception>
#include <thread>
#include <vector>

#include "base/stage_clock.h"

namespace spimi {

/// Processors that this process may run on.
unsigned usable_processors();

/// Runs work(0) … work(num_threads - 1), each in a thread, work(0) in this one; returns when all
/// have. Where the system gives no more threads, the calls left over are not made: work takes its
/// tasks from a common source, so those that run do them all. `work` does not throw. If this thread
/// has a StageClock, it counts for all of them.
template <class Work>
void run_in_threads(unsigned num_threads, const Work& work) {
  StageClock* const clock = StageClock::of_this_thread();
  std::vector<StageClock> clocks(clock != nullptr ? num_threads : 0, StageClock(Stage::kWait));
  std::vector<std::jthread> threads;
  try {
    for (unsigned t = 1; t < num_threads; ++t) {
      threads.emplace_back([&work, &clocks, t] {
        const StageClock::Use use(clocks.empty() ? nullptr : &clocks[t]);
        work(t);
      });
    }
  } catch (const std::exception&) {
  }
  work(0u);
  if (clock == nullptr) return;
  const std::size_t num_more = threads.size();
  {
    const StageScope stage(Stage::kWait);
    threads.clear();
  }
  for (std::size_t t = 1; t <= num_more; ++t) clock->add(clocks[t]);
}

}  // namespace spimi
