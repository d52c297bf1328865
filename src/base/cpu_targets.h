#pragma once

// What the processor can run, for code that Highway compiles for several instruction sets. Highway
// can dispatch by itself, but its library measures the processor's timer whenever it is loaded,
// which takes longer than a query.

namespace spimi {

#if defined(__x86_64__) || defined(__i386__)
inline bool cpu_has_ssse3() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("ssse3") != 0;
}
/// Highway's AVX2 target.
inline bool cpu_has_avx2() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
         __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma");
}
/// Highway's AVX3 target: AVX-512 as of Skylake.
inline bool cpu_has_avx3() {
  return cpu_has_avx2() && __builtin_cpu_supports("avx512f") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512cd");
}
#endif

}  // namespace spimi
