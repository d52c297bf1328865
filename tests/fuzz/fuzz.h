#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "spimi/error.h"

// What the fuzz targets share. A target aborts where a promise is broken: that is what libFuzzer
// and replay.cpp both take for a finding.

/// Runs fuzz_one, and aborts if that takes more time or memory than an input may: entry.cpp.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace spimi::testing {

/// What a target defines: does with an input what its first lines say.
void fuzz_one(const std::uint8_t* data, std::size_t size);

inline void require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", promise);
  std::abort();
}

/// Runs `action`; false if it ended in Error(kCorrupt), the one failure that damaged bytes may
/// have.
template <class Action>
bool attempt(Action action) {
  try {
    action();
    return true;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kCorrupt) std::fprintf(stderr, "%s\n", error.what());
    require(error.kind() == ErrorKind::kCorrupt, "damage is reported as damage");
    return false;
  }
}

/// Takes an input apart from its front; behind its end it reads zeros.
class FuzzInput {
 public:
  FuzzInput(const std::uint8_t* data, std::size_t size)
      : left_(reinterpret_cast<const char*>(data), size) {}

  bool empty() const { return left_.empty(); }
  std::string_view rest() const { return left_; }
  std::string_view take(std::size_t size) {
    const std::string_view taken = left_.substr(0, size);
    left_.remove_prefix(taken.size());
    return taken;
  }
  std::uint8_t u8() {
    const std::string_view byte = take(1);
    return byte.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(byte[0]);
  }
  std::uint16_t u16() {
    const unsigned low = u8(), high = u8();
    return static_cast<std::uint16_t>(low | high << 8);
  }

 private:
  std::string_view left_;
};

}  // namespace spimi::testing
