#include "isa.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace patchlens {
namespace {

#if defined(__x86_64__)

struct Registers {
  uint32_t eax, ebx, ecx, edx;
};

/** All zero for a leaf that the processor does not have. */
Registers cpuid(uint32_t leaf, uint32_t subleaf) {
  Registers r{};
  __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);
  return r;
}

constexpr bool hasAll(uint64_t flags, uint64_t wanted) { return (flags & wanted) == wanted; }
constexpr uint64_t bit(int n) { return uint64_t{1} << n; }

/** The registers whose contents the system saves when it changes threads (XCR0). */
uint64_t savedState() {
  constexpr uint64_t OSXSAVE = bit(27);
  if (!hasAll(cpuid(1, 0).ecx, OSXSAVE)) return 0;
  uint32_t low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t{high} << 32 | low;
}

bool hasAvx2() {
  constexpr uint64_t XMM_YMM = bit(1) | bit(2);
  constexpr uint64_t FMA = bit(12);
  constexpr uint64_t AVX2 = bit(5);
  return hasAll(savedState(), XMM_YMM) && hasAll(cpuid(1, 0).ecx, FMA) && hasAll(cpuid(7, 0).ebx, AVX2);
}

bool hasAvx512() {
  constexpr uint64_t MASKS_ZMM = bit(5) | bit(6) | bit(7);
  constexpr uint64_t F_DQ_BW_VL = bit(16) | bit(17) | bit(30) | bit(31);
  return hasAvx2() && hasAll(savedState(), MASKS_ZMM) && hasAll(cpuid(7, 0).ebx, F_DQ_BW_VL);
}

bool hasAvx512Bf16() {
  constexpr uint64_t BF16 = bit(5);
  return hasAvx512() && hasAll(cpuid(7, 1).eax, BF16);
}

/** Processors with the tiles, and a system that saves their state and lets this process use it. */
bool hasAmx() {
  constexpr uint64_t TILES = bit(17) | bit(18);
  constexpr uint64_t BF16_TILE = bit(22) | bit(24);
  if (!hasAvx512() || !hasAll(savedState(), TILES) || !hasAll(cpuid(7, 0).edx, BF16_TILE)) return false;
#if defined(__linux__)
  // Linux gives the 8 KiB of tile data to a process that asks, and to the threads that it has then or later.
  constexpr long ARCH_REQ_XCOMP_PERM = 0x1023;
  constexpr long XFEATURE_XTILEDATA = 18;
  return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
#else
  return false;
#endif
}

#endif

struct Candidate {
  const Kernels& kernels;
  bool (*isRunnable)();
};

bool always() { return true; }

/** Fastest first. */
const Candidate ALL[] = {
#if defined(__x86_64__)
    {amxKernels, hasAmx}, {avx512Bf16Kernels, hasAvx512Bf16}, {avx512Kernels, hasAvx512}, {avx2Kernels, hasAvx2},
#elif defined(__aarch64__)
    {neonKernels, always},
#endif
    {portableKernels, always},
};

}  // namespace

const Kernels* runnableKernels(size_t index) {
  for (const Candidate& each : ALL) {
    if (each.isRunnable() && index-- == 0) return &each.kernels;
  }
  return nullptr;
}

}  // namespace patchlens
