// Every allocation of a build fails, and every one from the n-th on: the old index stays, nothing
// leaks (the address sanitizer sees to that), and the build can go on when there is memory again.

#include <cerrno>
#include <functional>

#include "fault/allocations.h"
#include "fault/faulty_build.h"

namespace spimi::testing {
namespace {

class AllocationFailureTest : public FaultyBuildTest {
 protected:
  AllocationFailureTest() { use_small_corpus(); }

  // What the test itself does is out of it.
  BuildOutcome build_with_failures(std::uint64_t nth, bool for_ever, std::uint64_t* num_calls) {
    BuildOutcome outcome;
    BuildOptions options = options_;
    options.on_skip = [&](std::string_view path, SkipReason reason, std::string_view) {
      const AllocationsSucceed exempt;
      if (reason == SkipReason::kUnreadable) outcome.unreadable.emplace(path);
    };
    const FailAllocation failure(nth, for_ever);
    try {
      outcome.summary = build(corpus(), out(), options);
    } catch (const Error& error) {
      const AllocationsSucceed exempt;
      outcome.error = error;
    } catch (const std::bad_alloc&) {
      outcome.out_of_memory = true;
    }
    if (num_calls != nullptr) *num_calls = failure.num_calls();
    return outcome;
  }

  void expect_sound(const BuildOutcome& outcome) {
    EXPECT_EQ(num_open_descriptors(), 0u);
    EXPECT_TRUE(outcome.unreadable.empty());
    if (outcome.summary) {
      expect_new_index();
    } else {
      EXPECT_TRUE(outcome.out_of_memory ||
                  (outcome.error && outcome.error->kind() == ErrorKind::kIo));
      EXPECT_TRUE(has_old_index() || has_new_index());
    }
    const BuildOutcome resumed = build_now(true);
    if (resumed.error) FAIL() << resumed.error->what();
    expect_new_index();
  }
};

TEST_F(AllocationFailureTest, EachAllocationFails) {
  for (const unsigned threads : {1u, 2u}) {
    options_.num_threads = threads;
    options_.memory_budget_bytes = minimum_memory_bytes(options_);
    reset();
    std::uint64_t num_calls = 0;
    ASSERT_TRUE(build_with_failures(0, false, &num_calls).summary.has_value());
    ASSERT_GT(num_calls, 50u);
    for (const bool for_ever : {false, true}) {
      for (const std::uint64_t n : calls_to_fail(num_calls)) {
        SCOPED_TRACE(::testing::Message() << "allocation " << n << " of " << num_calls << ", "
                                          << threads << " threads, for ever: " << for_ever);
        reset();
        expect_sound(build_with_failures(n, for_ever, nullptr));
        if (HasFailure()) return;
      }
    }
  }
}

class FailMemory : public FailNth {
 public:
  using FailNth::FailNth;
  bool counts(const SystemCall& call) const override { return call.kind == CallKind::kMemory; }
};

TEST_F(AllocationFailureTest, EachMappingAndResizingOfMemoryFails) {
  std::uint64_t num_calls = 0;
  {
    FailMemory none(0, 0, false);
    const UseRule use(none);
    reset();
    build_now();
    num_calls = none.num_calls();
  }
  ASSERT_GT(num_calls, 10u);
  for (const bool for_ever : {false, true}) {
    for (const std::uint64_t n : calls_to_fail(num_calls)) {
      SCOPED_TRACE(::testing::Message() << "call " << n << " of " << num_calls);
      reset();
      FailMemory rule(n, ENOMEM, for_ever);
      BuildOutcome outcome;
      {
        const UseRule use(rule);
        outcome = build_now();
      }
      ASSERT_FALSE(outcome.summary.has_value());
      expect_sound(outcome);
      if (HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace spimi::testing
