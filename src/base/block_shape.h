#pragma once

#include <cstddef>
#include <cstdint>

namespace spimi {

/// How a block of 128 values is packed smallest: the width, and the indices of the values that have
/// more bits than that.
struct BlockShape {
  std::uint32_t width = 0;
  std::uint32_t num_exceptions = 0;
  std::uint8_t exceptions[128];
};

/// The shape of 128 values. Of widths that make blocks of the same size it takes the largest, which
/// has the fewest exceptions to patch. Vector code, picked for the processor at run time; all
/// targets give the same result.
void find_block_shape(const std::uint32_t* values, BlockShape* shape);

/// A way for tests to hold the targets against each other.
namespace block_shape_testing {
std::size_t num_targets();
void use_target(std::size_t index);
}  // namespace block_shape_testing

}  // namespace spimi
