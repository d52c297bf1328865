#pragma once

#include <cstddef>
#include <cstdint>

namespace spimi {

/// XXH3-64 of `size` bytes.
std::uint64_t checksum64(const void* data, std::size_t size);

}  // namespace spimi
