#pragma once

#include "gemm.h"

namespace patchlens {

/**
 * A way to multiply matrices, which `linear`, `attention` and `convolution` take as their template argument: how B is packed, how rows of
 * A are made ready, and the product of the two. This one multiplies float32 as it is.
 */
template <class S>
struct Float32Product {
  /** Rows that a part of C has a multiple of, but for the last. */
  static constexpr size_t ROWS = S::TILE_ROWS;

  /** Floats of a packed [K, N] matrix. */
  static size_t packedFloats(size_t K, size_t N) { return packedSize<S>(K, N); }

  /** Panels [first, last) of B [K, N], or of its transpose, into their places in `packed`. */
  static void packPanels(const float* b, size_t stride, bool transposed, float* packed, size_t K, size_t N, size_t first, size_t last) {
    patchlens::packPanels<S>(b, stride, transposed, packed, K, N, first, last);
  }

  /** Floats that `prepared` takes for M rows of A. */
  static size_t preparedFloats(size_t, size_t) { return 0; }

  /** Rows [first, last) of A [M, K] into their places in `prepared`. */
  static void prepareRows(const float*, size_t, float*, size_t, size_t, size_t, size_t) {}

  /** C = A·B with an epilogue on one part of C [M, N], from A and from what was prepared of it. */
  static void multiplyPart(const float* a, size_t aStride, const float*, const float* packed, float* c, size_t cStride, size_t, size_t N, size_t K, Part part, const Epilogue& epilogue) {
    patchlens::multiplyPart<S>(Stored{a, aStride}, packed, c, cStride, N, K, part, epilogue);
  }
};

}  // namespace patchlens
