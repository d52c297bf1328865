#include "cli/human.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace spimi::cli {
namespace {

/// Three significant digits, the unit that makes the number at least 1 and less than `base`.
template <std::size_t N>
std::string scaled(std::uint64_t bytes, double base, const std::array<std::string_view, N>& units) {
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  // 999.5 and more would be rounded up to four digits.
  while (value >= (unit == 0 ? base : base - 0.5) && unit + 1 < N) {
    value /= base;
    ++unit;
  }
  const int num_decimals = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f} {}", value, num_decimals, units[unit]);
}

}  // namespace

std::string grouped(std::uint64_t value) {
  std::string digits = std::to_string(value);
  for (std::size_t i = digits.size(); i > 3;) digits.insert(i -= 3, 1, ',');
  return digits;
}

std::string data_size(std::uint64_t bytes) {
  static constexpr std::array<std::string_view, 6> kUnits{"B", "kB", "MB", "GB", "TB", "PB"};
  return scaled(bytes, 1000, kUnits);
}

std::string memory_size(std::uint64_t bytes) {
  static constexpr std::array<std::string_view, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  return scaled(bytes, 1024, kUnits);
}

std::string data_rate(std::uint64_t bytes, double seconds) {
  if (!(seconds > 0)) return {};
  const double rate = static_cast<double>(bytes) / seconds / 1e6;
  return fmt::format("{:.{}f} MB/s", rate, rate < 10 ? 1 : 0);
}

std::string duration(double seconds) {
  if (seconds < 9.995) return fmt::format("{:.2f} s", seconds);
  if (seconds < 59.95) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<std::uint64_t>(std::llround(seconds));
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", grouped(count), noun, count == 1 ? "" : "s");
}

std::string shell_quoted(std::string_view word) {
  static constexpr std::string_view kSafe =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+,:=@%";
  if (!word.empty() && word.find_first_not_of(kSafe) == std::string_view::npos) {
    return std::string(word);
  }
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

}  // namespace spimi::cli
