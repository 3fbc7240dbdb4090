#pragma once

#include "gemm.h"

namespace patchlens {

/** Packs a whole matrix on all threads. */
template <class S>
void pack(const float* matrix, size_t stride, bool transposed, float* packed, size_t K, size_t N) {
  const size_t panels = ceilDivide(N, TILE_COLUMNS<S>);
  const size_t parts = K * N < WORTH_A_THREAD ? 1 : least(panels, 4 * threads());
  const size_t step = parts == 0 ? 0 : ceilDivide(panels, parts);
  parallel(parts, [=](size_t i) {
    const size_t first = least(i * step, panels);
    packPanels<S>(matrix, stride, transposed, packed, K, N, first, least(first + step, panels));
  });
}

template <class S>
void packMatrix(const float* matrix, float* packed, size_t K, size_t N) {
  pack<S>(matrix, N, false, packed, K, N);
}

template <class S>
void linear(const LinearArguments& args) {
  const Epilogue epilogue{args.bias, args.residual, args.activation};
  multiply<S>(args.x, args.packed, args.out, args.M, args.N, args.K, epilogue);
}

}  // namespace patchlens
