// The kernels at the width of AVX-512, made of whatever this processor has: the same tiles, panels and edges that
// kernels-avx512.cc compiles to, on a machine that cannot run it.
#include "table.h"

namespace patchlens {
namespace {

struct Wide : Vector<16, 12> {
  static V fma(V a, V b, V c) { return a * b + c; }
};

}  // namespace

extern const Kernels wideKernels;
const Kernels wideKernels = tableOf<Wide>("wide");

}  // namespace patchlens
