#include "cli/parse_size.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <optional>
#include <system_error>

#include "spimi/error.h"

namespace spimi::cli {
namespace {

std::optional<unsigned> unit_shift(std::string_view unit) {
  if (unit.empty()) return 0;
  if (unit == "K" || unit == "KiB") return 10;
  if (unit == "M" || unit == "MiB") return 20;
  if (unit == "G" || unit == "GiB") return 30;
  return std::nullopt;
}

}  // namespace

std::uint64_t parse_size(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [after, problem] = std::from_chars(text.data(), end, number);
  const auto shift = unit_shift(std::string_view(after, static_cast<std::size_t>(end - after)));
  if (problem == std::errc::invalid_argument || !shift) {
    throw Error(ErrorKind::kUsage, {}, fmt::format("'{}' is not a size", escape_bytes(text)),
                fmt::format("give {}", kSizeForms));
  }
  if (problem == std::errc::result_out_of_range ||
      number > std::numeric_limits<std::uint64_t>::max() >> *shift) {
    throw Error(ErrorKind::kUsage, {}, fmt::format("'{}' is too large", escape_bytes(text)),
                "a size must fit in 64 bits");
  }
  return number << *shift;
}

std::string format_size(std::uint64_t bytes) {
  static constexpr std::string_view kUnits = "KMG";
  std::size_t num_shifts = 0;
  while (num_shifts < kUnits.size() && bytes != 0 && bytes % 1024 == 0) {
    bytes /= 1024;
    ++num_shifts;
  }
  return num_shifts == 0 ? std::to_string(bytes)
                         : fmt::format("{}{}", bytes, kUnits[num_shifts - 1]);
}

}  // namespace spimi::cli
