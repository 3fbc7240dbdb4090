#include "isa.h"

namespace patchlens {
namespace {

bool isRunnable(const Kernels& kernels) {
#if defined(__x86_64__)
  // These ask the operating system too (XGETBV), which has to save the wide registers.
  if (&kernels == &avx512Kernels) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma");
  }
  if (&kernels == &avx2Kernels) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
  return &kernels == &portableKernels;
}

const Kernels* const ALL[] = {
#if defined(__x86_64__)
    &avx512Kernels,
    &avx2Kernels,
#endif
    &portableKernels,
};

}  // namespace

const Kernels* runnableKernels(size_t index) {
  for (const Kernels* kernels : ALL) {
    if (isRunnable(*kernels) && index-- == 0) return kernels;
  }
  return nullptr;
}

}  // namespace patchlens
