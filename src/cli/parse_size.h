#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace spimi::cli {

/// What error messages and the help say of sizes.
inline constexpr std::string_view kSizeForms = "bytes, or a number with K, M, G, KiB, MiB or GiB";

/// A size in bytes: digits, then nothing, or K, M, G or KiB, MiB, GiB, powers of 1024 both.
/// Throws Error(kUsage) that names `text` and the accepted forms.
std::uint64_t parse_size(std::string_view text);

/// The inverse, with the largest unit that divides it: "256M".
std::string format_size(std::uint64_t bytes);

}  // namespace spimi::cli
