#pragma once

#include <exception>
#include <thread>
#include <vector>

namespace spimi {

/// Runs work(0) … work(num_threads - 1), each in a thread, work(0) in this one; returns when all
/// have. Where the system gives no more threads, the calls left over are not made: work takes its
/// tasks from a common source, so those that run do them all. `work` does not throw.
template <class Work>
void run_in_threads(unsigned num_threads, const Work& work) {
  std::vector<std::jthread> threads;
  try {
    for (unsigned t = 1; t < num_threads; ++t) threads.emplace_back([&work, t] { work(t); });
  } catch (const std::exception&) {
  }
  work(0u);
}

}  // namespace spimi
