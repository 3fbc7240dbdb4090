// For AArch64, every processor of which has NEON with fused multiply–add.
#include <arm_neon.h>

#include "table.h"

namespace patchlens {
namespace {

/** Twelve rows of two vectors leave eight of the thirty-two registers for operands. */
struct Neon : Vector<4, 12> {
  static V fma(V a, V b, V c) { return V(vfmaq_f32(float32x4_t(c), float32x4_t(a), float32x4_t(b))); }
};

}  // namespace

const Kernels neonKernels = tableOf<Neon>("neon");

}  // namespace patchlens
