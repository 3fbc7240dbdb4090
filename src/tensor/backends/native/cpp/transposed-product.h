// Aᵀ·B without a copy of A: what is summed over is longer than either side.
#pragma once

#include "gemm.h"
#include "scratch.h"

namespace patchlens {

/** Panel p of rows [k, k + size) of B, or of its transpose, for a block of depth. */
template <class S>
void packBlock(const float* b, size_t stride, bool transposed, float* panel, size_t k, size_t size, size_t N, size_t p) {
  constexpr size_t C = TILE_COLUMNS<S>;
  const size_t columns = least(C, N - p * C);
  if (transposed) packTransposedPanel<S>(b + p * C * stride + k, stride, panel, size, columns);
  else packPanel<S>(b + k * stride + p * C, stride, panel, size, columns);
}

/**
 * C = Aᵀ·B on one part of C [M, N], on this thread: A [K, M] is read where it lies, and of B [K, N] one panel of one
 * block of depth is packed at a time, into the first-level cache.
 */
template <class S>
void multiplyTransposedPart(const float* a, const float* b, size_t bStride, bool transposeB, float* c, size_t M, size_t N, size_t K, Part part, float* panel) {
  constexpr size_t C = TILE_COLUMNS<S>;
  // At least one block, because K = 0 still has to write its zeros.
  for (size_t k = 0; k < K || k == 0; k += BLOCK_DEPTH<S>) {
    const size_t depth = least(BLOCK_DEPTH<S>, K - k);
    for (size_t p = part.p0; p < part.p1; p++) {
      packBlock<S>(b, bStride, transposeB, panel, k, depth, N, p);
      for (size_t m = part.m0; m < part.m1; m += S::TILE_ROWS) {
        const Columns tile{a + k * M + m, M};
        const size_t rows = least(S::TILE_ROWS, part.m1 - m);
        multiplyRows<S>(tile, panel, depth, c + m * N + p * C, N, rows, least(C, N - p * C), k > 0);
      }
    }
  }
}

template <class S>
float* ownPanel() {
  return scratch(Scratch::own, BLOCK_DEPTH<S> * TILE_COLUMNS<S>);
}

/** C = Aᵀ·B on all threads. */
template <class S>
void multiplyTransposed(const float* a, const float* b, size_t bStride, bool transposeB, float* c, size_t M, size_t N, size_t K) {
  const Cut cut = cutFor<S>(M, N, K);
  parallel(cut.rowParts * cut.panelParts, [&](size_t i) {
    Part part = cut[i];
    part.m1 = least(part.m1, M);
    part.p1 = least(part.p1, ceilDivide(N, TILE_COLUMNS<S>));
    multiplyTransposedPart<S>(a, b, bStride, transposeB, c, M, N, K, part, ownPanel<S>());
  });
}

}  // namespace patchlens
