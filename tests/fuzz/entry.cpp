// Where libFuzzer and replay.cpp come in. An input may take a second of processor time, and 64 MiB
// of memory where Clang's address sanitizer is there to count it: what is allocated at once, above
// what was before the input.

#include <atomic>
#include <ctime>

#include "fuzz/fuzz.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SPIMI_ADDRESS_SANITIZER 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SPIMI_ADDRESS_SANITIZER 1
#endif

// GCC 12 has the sanitizer, but not this header of it.
#if defined(SPIMI_ADDRESS_SANITIZER) && __has_include(<sanitizer/allocator_interface.h>)
#define SPIMI_COUNT_MEMORY 1
#include <sanitizer/allocator_interface.h>
#endif

namespace spimi::testing {
namespace {

constexpr double kMaxSeconds = 1;
constexpr std::int64_t kMaxBytes = std::int64_t{64} << 20;

std::atomic<std::int64_t> allocated = 0, most_allocated = 0;

#if defined(SPIMI_COUNT_MEMORY)
void on_malloc(const volatile void* /*data*/, std::size_t size) {
  const std::int64_t now = allocated += static_cast<std::int64_t>(size);
  std::int64_t most = most_allocated;
  while (now > most && !most_allocated.compare_exchange_weak(most, now)) {
  }
}

void on_free(const volatile void* data) {
  if (data == nullptr) return;
  allocated -=
      static_cast<std::int64_t>(__sanitizer_get_allocated_size(const_cast<const void*>(data)));
}

void count_memory() {
  require(__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free) != 0,
          "memory can be counted");
}
#else
void count_memory() {}
#endif

double processor_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

}  // namespace
}  // namespace spimi::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace spimi::testing;
  // What a target makes once and keeps is no input's.
  [[maybe_unused]] static const bool is_warm = [] {
    fuzz_one(nullptr, 0);
    count_memory();
    return true;
  }();
  const std::int64_t before = allocated;
  most_allocated = before;
  const double start = processor_seconds();
  fuzz_one(data, size);
  const double seconds = processor_seconds() - start;
  const std::int64_t bytes = most_allocated - before;
  if (seconds > kMaxSeconds || bytes > kMaxBytes) {
    std::fprintf(stderr, "%.1f seconds, %lld bytes\n", seconds, static_cast<long long>(bytes));
  }
  require(seconds <= kMaxSeconds, "an input takes at most a second");
  require(bytes <= kMaxBytes, "an input takes at most 64 MiB of memory");
  return 0;
}
