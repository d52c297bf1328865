#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace spimi::cli {

/// "1,234,567".
std::string grouped(std::uint64_t value);

/// An amount of data, decimal as disks and networks count: "999 B", "1.23 MB", "45.6 GB".
std::string data_size(std::uint64_t bytes);

/// An amount of memory, in the binary units of `--memory`: "271 MiB".
std::string memory_size(std::uint64_t bytes);

/// A rate of data: "512 MB/s". Empty when no time has passed.
std::string data_rate(std::uint64_t bytes, double seconds);

/// "0.42 s", "12.3 s", "3 min 05 s", "2 h 03 min".
std::string duration(double seconds);

/// "1 document", "2 documents": adds an s unless `count` is 1.
std::string counted(std::uint64_t count, std::string_view noun);

/// `word` as a shell reads it: unchanged where it can be, else in single quotes.
std::string shell_quoted(std::string_view word);

}  // namespace spimi::cli
