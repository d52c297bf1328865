#include "base/region.h"

#include <sys/mman.h>

#include <string>

#include "base/os_error.h"
#include "base/system_calls.h"

namespace spimi {

void* allocate_region(std::size_t bytes) {
  if (bytes == 0) return nullptr;
  void* const data = os::map_memory(bytes);
  if (data == MAP_FAILED) {
    throw os_error({}, "cannot allocate " + std::to_string(bytes) + " bytes of memory");
  }
  // Only advice. The vocabulary and the scatter target are accessed at random: with 4 KiB pages
  // most accesses would miss the TLB.
  if (bytes >= std::size_t{2} << 20) (void)::madvise(data, bytes, MADV_HUGEPAGE);
  return data;
}

void free_region(void* data, std::size_t bytes) noexcept {
  if (data != nullptr) (void)os::unmap(data, bytes);
}

}  // namespace spimi
