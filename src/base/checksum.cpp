#include "base/checksum.h"

#include <xxhash.h>

namespace spimi {

std::uint64_t checksum64(const void* data, std::size_t size) { return XXH3_64bits(data, size); }

}  // namespace spimi
