#include "text/unicode_data.h"

namespace spimi {
namespace {
#include "unicode_tables.inc"
}  // namespace

const std::uint16_t* const kUnicodeBlockOf = kPropertyBlockOf;
const std::uint8_t (*const kUnicodeProperties)[kPropertyBlockSize] = kProperties;

}  // namespace spimi
