// For any processor: vectors of four, which every compiler can do without being told what the processor is.
#include "table.h"

namespace patchlens {
namespace {

struct Portable : Vector<4, 6> {
  static V fma(V a, V b, V c) { return a * b + c; }
};

}  // namespace

const Kernels portableKernels = tableOf<Portable>("portable");

}  // namespace patchlens
