#pragma once

// What the processor can run, for code that Highway compiles for several instruction sets. Highway
// can dispatch by itself, but its library measures the processor's timer whenever it is loaded,
// which takes longer than a query.
// To be included behind <hwy/highway.h>.

#include <cstddef>
#include <utility>
#include <vector>

namespace spimi {

/// The functions of one instruction set, of those that can run here: the best, unless a test
/// chooses another. For a variable of a file, which is made when the program starts: calls are many
/// and short, and should not ask whether it is there.
template <typename Target>
class TargetChoice {
 public:
  /// Best first; the last can run everywhere.
  explicit TargetChoice(std::vector<Target> targets) : targets_(std::move(targets)) {
    std::erase_if(targets_, [](const Target& target) { return !target.can_run; });
    chosen_ = targets_.front();
  }

  const Target* operator->() const { return &chosen_; }

  const std::vector<Target>& all() const { return targets_; }
  /// all().size() means the best again.
  void choose(std::size_t index) { chosen_ = targets_[index % targets_.size()]; }

 private:
  std::vector<Target> targets_;
  Target chosen_;
};

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
/// Highway's AVX3_DL target: AVX-512 as of Ice Lake, which has VAES, too: not every compiler can
/// ask for that. Only for files with HWY_WANT_AVX3_DL.
inline bool cpu_has_avx3_dl() {
  return cpu_has_avx3() && __builtin_cpu_supports("avx512vnni") &&
         __builtin_cpu_supports("vpclmulqdq") && __builtin_cpu_supports("avx512vbmi") &&
         __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512vpopcntdq") &&
         __builtin_cpu_supports("avx512bitalg");
}
#endif

}  // namespace spimi

#if HWY_ARCH_X86 && HWY_TARGETS & HWY_AVX3_DL
#define SPIMI_AVX3_DL_TARGET(make) make(N_AVX3_DL, cpu_has_avx3_dl()),
#else
#define SPIMI_AVX3_DL_TARGET(make)
#endif

#if HWY_ARCH_X86 && HWY_TARGETS & HWY_AVX3
#define SPIMI_AVX3_TARGET(make) make(N_AVX3, cpu_has_avx3()),
#else
#define SPIMI_AVX3_TARGET(make)
#endif
#if HWY_ARCH_X86 && HWY_TARGETS & HWY_AVX2
#define SPIMI_AVX2_TARGET(make) make(N_AVX2, cpu_has_avx2()),
#else
#define SPIMI_AVX2_TARGET(make)
#endif
#if HWY_ARCH_X86 && HWY_TARGETS & HWY_SSSE3
#define SPIMI_SSSE3_TARGET(make) make(N_SSSE3, cpu_has_ssse3()),
#else
#define SPIMI_SSSE3_TARGET(make)
#endif

/// A list of what was compiled, best first: make(namespace, whether it can run) for each. The last
/// is what the whole program is compiled for.
#define SPIMI_CPU_TARGETS(make) \
  SPIMI_AVX3_DL_TARGET(make)    \
  SPIMI_AVX3_TARGET(make) SPIMI_AVX2_TARGET(make) SPIMI_SSSE3_TARGET(make) make(HWY_NAMESPACE, true)
