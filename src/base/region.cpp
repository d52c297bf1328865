#include "base/region.h"

#include <sys/mman.h>

#include <string>

#include "base/os_error.h"

namespace spimi {

void* allocate_region(std::size_t bytes) {
  if (bytes == 0) return nullptr;
  void* const data =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) {
    throw os_error({}, "cannot allocate " + std::to_string(bytes) + " bytes of memory");
  }
  // Only advice. The vocabulary and the scatter target are accessed at random: with 4 KiB pages
  // most accesses would miss the TLB.
  if (bytes >= std::size_t{2} << 20) (void)::madvise(data, bytes, MADV_HUGEPAGE);
  return data;
}

void free_region(void* data, std::size_t bytes) noexcept {
  if (data != nullptr) ::munmap(data, bytes);
}

}  // namespace spimi
