#pragma once

namespace spimi::testing {

/// Whether this is built with a sanitizer, under which everything takes some ten times as long:
/// what the release tries for every byte or call is then tried for some of them.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace spimi::testing
