#pragma once

#include <cstdint>

namespace spimi::testing {

/// Makes operator new fail in this process: the n-th call from now on, or every one from it on; n
/// counts from 1. 0: counts calls only. Until the end of its scope; not nested.
class FailAllocation {
 public:
  FailAllocation(std::uint64_t nth, bool for_ever);
  ~FailAllocation();
  FailAllocation(const FailAllocation&) = delete;
  FailAllocation& operator=(const FailAllocation&) = delete;

  std::uint64_t num_calls() const;
  std::uint64_t num_failed() const;
};

/// What a thread allocates in this scope succeeds, and is not counted: what the tests need
/// themselves.
class AllocationsSucceed {
 public:
  AllocationsSucceed();
  ~AllocationsSucceed();
  AllocationsSucceed(const AllocationsSucceed&) = delete;
  AllocationsSucceed& operator=(const AllocationsSucceed&) = delete;
};

}  // namespace spimi::testing
