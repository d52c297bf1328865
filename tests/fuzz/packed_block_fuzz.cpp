// Input: a byte that chooses, then the bytes of a packed block, of a varint, of 128 values to
// encode, or of a bitmap behind a byte for its first number. Decoders never read outside of what
// they are given; what they accept survives being encoded again.

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <functional>
#include <memory>
#include <vector>

#include "base/bitmap.h"
#include "base/packed_block.h"
#include "base/varint.h"
#include "fuzz/fuzz.h"
#include "support/segment_builder.h"

namespace spimi::testing {
namespace {

using Values = std::array<std::uint32_t, kBlockValues>;

/// Bytes on the heap with nothing behind them, so that the address sanitizer sees every read
/// beyond.
struct ExactCopy {
  explicit ExactCopy(std::string_view bytes)
      : data(std::make_unique<std::uint8_t[]>(bytes.size())), end(data.get() + bytes.size()) {
    std::copy(bytes.begin(), bytes.end(), data.get());
  }
  std::unique_ptr<std::uint8_t[]> data;
  const std::uint8_t* end;
};

std::string encode(const Values& values) {
  std::array<std::uint8_t, kPackedSlack> buffer;
  const std::uint8_t* const end = encode_packed(values.data(), buffer.data());
  const auto size = static_cast<std::size_t>(end - buffer.data());
  require(size <= kMaxPackedBytes, "a packed block is at most kMaxPackedBytes");
  return {reinterpret_cast<const char*>(buffer.data()), size};
}

void encode_and_decode(const Values& values) {
  const std::string bytes = encode(values);
  require(bytes == encode_packed_simply({values.begin(), values.end()}),
          "a packed block has the bytes that the grammar demands");
  const ExactCopy copy(bytes);
  Values decoded;
  require(decode_packed(copy.data.get(), copy.end, decoded.data()) == copy.end,
          "a block that was encoded is valid");
  require(decoded == values, "a block that was encoded decodes to its values");
}

void fuzz_packed(std::string_view bytes) {
  const ExactCopy copy(bytes);
  const std::uint8_t* const skipped = skip_packed(copy.data.get(), copy.end);
  require(skipped == nullptr || skipped <= copy.end, "skipping ends inside");
  Values values;
  const std::uint8_t* const end = decode_packed(copy.data.get(), copy.end, values.data());
  Values plus_one;
  const auto* const plus_one_end =
      decode_packed_plus_one(copy.data.get(), copy.end, plus_one.data());
  if (end == nullptr) {
    require(plus_one_end == nullptr, "an invalid block is invalid with 1 added to its values");
    return;
  }
  const bool runs_over = std::find(values.begin(), values.end(), ~0u) != values.end();
  require(plus_one_end == (runs_over ? nullptr : end), "1 can be added to all but the largest");
  for (std::size_t i = 0; i < kBlockValues && !runs_over; ++i) {
    require(plus_one[i] == values[i] + 1, "1 is added to each value");
  }
  require(end == skipped, "skipping a valid block leads where decoding it does");
  const auto size = static_cast<std::size_t>(end - copy.data.get());
  require(encode(values).size() <= size, "the encoder's block is the smallest");
  encode_and_decode(values);

  const ExactCopy cut_short(bytes.substr(0, size - 1));
  require(decode_packed(cut_short.data.get(), cut_short.end, values.data()) == nullptr,
          "a block that is cut short is not valid");
  require(skip_packed(cut_short.data.get(), cut_short.end) == nullptr,
          "a block that is cut short is not skipped");
}

void fuzz_varint(std::string_view bytes) {
  const ExactCopy copy(bytes);
  std::uint64_t wide = 0;
  const std::uint8_t* const end = get_varint64(copy.data.get(), copy.end, &wide);
  std::uint32_t narrow = 0;
  const std::uint8_t* const narrow_end = get_varint32(copy.data.get(), copy.end, &narrow);
  const bool fits = end != nullptr && wide <= 0xFFFFFFFFu &&
                    static_cast<std::size_t>(end - copy.data.get()) <= kMaxVarint32Bytes;
  require((narrow_end != nullptr) == fits, "a 32-bit varint is one of 64 bits that is small");
  if (fits) require(narrow_end == end && narrow == wide, "both readers read the same");
  if (end == nullptr) return;

  std::array<std::uint8_t, kMaxVarint64Bytes> buffer;
  const std::uint8_t* const put = put_varint(buffer.data(), wide);
  const auto put_bytes = static_cast<std::size_t>(put - buffer.data());
  require(put_bytes == varint_size(wide), "varint_size is what put_varint writes");
  require(put_bytes <= static_cast<std::size_t>(end - copy.data.get()),
          "the writer's varint is the shortest");
  std::uint64_t again = ~wide;
  require(get_varint64(buffer.data(), put, &again) == put && again == wide,
          "a varint that was written is read back");
}

void fuzz_values(std::string_view bytes) {
  Values values{};
  std::memcpy(values.data(), bytes.data(), std::min(bytes.size(), sizeof(values)));
  encode_and_decode(values);
}

void fuzz_bitmap(FuzzInput input) {
  const std::uint32_t first = input.u8();
  // The last number is that of the last bit which is set.
  std::string_view bytes = input.rest().substr(0, kMaxBitmapBytes);
  while (!bytes.empty() && bytes.back() == 0) bytes.remove_suffix(1);
  if (bytes.size() < kMinBitmapBytes) return;
  const auto top = std::bit_width(static_cast<unsigned char>(bytes.back())) - 1;
  const auto last = static_cast<std::uint32_t>((first / 8 + bytes.size() - 1) * 8) +
                    static_cast<std::uint32_t>(top);
  const ExactCopy copy(bytes);
  const bool is_block = is_block_bitmap(copy.data.get(), first, last);
  const ExactCopy laid(std::string(bytes.size(), '\0'));
  require(lay_block_bitmap(copy.data.get(), first, last, laid.data.get()) == is_block,
          "laying a bitmap checks it");
  require(std::memcmp(copy.data.get(), laid.data.get(), bytes.size()) == 0,
          "what is laid on nothing is it");
  if (!is_block) return;
  std::array<std::uint32_t, kBlockValues + kBitmapSlack> values{};
  decode_bitmap(copy.data.get(), first, last, values.data());
  const auto end = values.begin() + kBlockValues;
  require(std::is_sorted(values.begin(), end, std::less_equal<>()), "numbers ascend");
  require(values[0] >= first && end[-1] == last, "numbers are within their bounds");
  const std::string again = encode_bitmap_simply({values.begin(), end}, first);
  require(again == bytes, "a bitmap that was decoded is encoded as it was");
}

}  // namespace

void fuzz_one(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  switch (input.u8() % 4) {
    case 0:
      fuzz_packed(input.rest());
      break;
    case 1:
      fuzz_varint(input.rest());
      break;
    case 2:
      fuzz_values(input.rest());
      break;
    default:
      fuzz_bitmap(input);
  }
}

}  // namespace spimi::testing
