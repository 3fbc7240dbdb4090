#pragma once

#include "bfloat16.h"
#include "gemm.h"

namespace patchlens {

/**
 * The product of operands rounded to PARTS bfloat16 each, by the float32 kernels: for processors without instructions for
 * it the same numbers, not sooner. A product of two bfloat16 is exact in float32.
 */
template <class S, size_t PARTS>
struct RoundedProduct {
  static constexpr size_t ROWS = S::TILE_ROWS;

  static size_t packedFloats(size_t K, size_t N) { return PARTS * packedSize<S>(K, N); }

  static void packPanels(const float* b, size_t stride, bool transposed, float* packed, size_t K, size_t N, size_t first, size_t last) {
    patchlens::packPanels<S>(b, stride, transposed, packed, K, N, first, last);
    // From the last part to the first, because that is made in place.
    const size_t panel = K * TILE_COLUMNS<S>;
    for (size_t part = PARTS; part-- > 0;) {
      const float* const source = packed + first * panel;
      float* const target = packed + part * packedSize<S>(K, N) + first * panel;
      roundRow(source, target, (last - first) * panel, part);
    }
  }

  static size_t preparedFloats(size_t M, size_t K) { return PARTS * M * K; }

  /** `prepared` is [PARTS, M, K]. */
  static void prepareRows(const float* a, size_t stride, float* prepared, size_t M, size_t K, size_t first, size_t last) {
    for (size_t r = first; r < last; r++) {
      for (size_t part = 0; part < PARTS; part++) roundRow(a + r * stride, prepared + (part * M + r) * K, K, part);
    }
  }

  static void multiplyPart(const float*, size_t, const float* prepared, const float* packed, float* c, size_t cStride, size_t M, size_t N, size_t K, Part part, const Epilogue& epilogue) {
    constexpr size_t FIRST = firstTerm(PARTS);
    for (size_t i = FIRST; i < NUM_TERMS; i++) {
      const Term term = TERMS[i];
      Epilogue own = i + 1 == NUM_TERMS ? epilogue : Epilogue{};
      own.accumulate = i > FIRST || epilogue.accumulate;
      const float* const a = prepared + term.a * M * K;
      patchlens::multiplyPart<S>(Stored{a, K}, packed + term.b * packedSize<S>(K, N), c, cStride, N, K, part, own);
    }
  }

 private:
  static void roundRow(const float* x, float* out, size_t size, size_t part) {
    for (size_t i = 0; i < size; i += S::W) {
      S::storeFirst(out + i, roundToBf16<S>(partOf<S>(S::loadFirst(x + i, size - i), part)), size - i);
    }
  }
};

}  // namespace patchlens
