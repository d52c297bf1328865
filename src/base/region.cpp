#include "base/region.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "base/os_error.h"
#include "base/system_calls.h"

namespace spimi {

namespace {

constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;

void* map(std::size_t bytes) {
  void* const data = os::map_memory(bytes);
  if (data == MAP_FAILED) {
    throw os_error({}, "cannot allocate " + std::to_string(bytes) + " bytes of memory");
  }
  return data;
}

}  // namespace

void* allocate_region(std::size_t bytes) {
  if (bytes == 0) return nullptr;
  if (bytes < kHugePageBytes) return map(bytes);
  // The vocabulary and the scatter target are accessed at random: with 4 KiB pages most accesses
  // would miss the TLB. A huge page begins at a multiple of its size, which not every kernel sees
  // to; a mapping that is larger by one has such a place, and what is around it goes back.
  const auto page_bytes = static_cast<std::size_t>(::getpagesize());
  const std::size_t used = (bytes + page_bytes - 1) / page_bytes * page_bytes;
  auto* const mapping = static_cast<char*>(map(used + kHugePageBytes));
  const std::size_t before = -reinterpret_cast<std::uintptr_t>(mapping) % kHugePageBytes;
  char* const data = mapping + before;
  if (before > 0) (void)os::unmap(mapping, before);
  (void)os::unmap(data + used, kHugePageBytes - before);
  (void)::madvise(data, used, MADV_HUGEPAGE);  // only advice
  return data;
}

void free_region(void* data, std::size_t bytes) noexcept {
  if (data != nullptr) (void)os::unmap(data, bytes);
}

}  // namespace spimi
