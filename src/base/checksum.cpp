#include "base/checksum.h"

#include <xxhash.h>
#if defined(SPIMI_HAS_XXH_DISPATCH)
#include <xxh_x86dispatch.h>  // makes XXH3_64bits the one of the best instruction set here
#endif

namespace spimi {

std::uint64_t checksum64(const void* data, std::size_t size) { return XXH3_64bits(data, size); }

}  // namespace spimi
