#pragma once

#include "linear.h"
#include "scratch.h"

namespace patchlens {

/** [rows, columns] → [columns, rows], in squares whose cache lines are read and written whole. */
inline void transpose(const float* x, float* out, size_t rows, size_t columns) {
  constexpr size_t SQUARE = 16;
  for (size_t r0 = 0; r0 < rows; r0 += SQUARE) {
    const size_t r1 = least(r0 + SQUARE, rows);
    for (size_t c0 = 0; c0 < columns; c0 += SQUARE) {
      const size_t c1 = least(c0 + SQUARE, columns);
      for (size_t c = c0; c < c1; c++) {
        for (size_t r = r0; r < r1; r++) out[c * rows + r] = x[r * columns + c];
      }
    }
  }
}

/** One product of a batch; its operands may be transposed. */
template <class S>
struct Product {
  const MatMulArguments& args;
  size_t index;

  const float* a() const { return args.a + size_t(args.pairs[2 * index]) * args.M * args.K; }
  const float* b() const { return args.b + size_t(args.pairs[2 * index + 1]) * args.K * args.N; }
  float* out() const { return args.out + index * args.M * args.N; }
  size_t bStride() const { return args.transposeB ? args.K : args.N; }

  /** Floats of scratch space: packed B, then A with its rows together, each from a cache line on. */
  static size_t scratchSize(const MatMulArguments& args) {
    return packedSpan(args) + (args.transposeA ? args.M * args.K : 0);
  }
  static size_t packedSpan(const MatMulArguments& args) {
    constexpr size_t LINE = CACHE_LINE / sizeof(float);
    return ceilDivide(packedSize<S>(args.K, args.N), LINE) * LINE;
  }

  /** The whole product on this thread. */
  void onOneThread(float* space) const {
    const size_t panels = ceilDivide(args.N, TILE_COLUMNS<S>);
    packPanels<S>(b(), bStride(), args.transposeB, space, args.K, args.N, 0, panels);
    const float* const rows = rowsOfA(space);
    multiplyPart<S>(Stored{rows, args.K}, space, out(), args.N, args.N, args.K, {0, args.M, 0, panels}, {});
  }

  /** The product on all threads. */
  void onAllThreads(float* space) const {
    pack<S>(b(), bStride(), args.transposeB, space, args.K, args.N);
    multiply<S>(rowsOfA(space), space, out(), args.M, args.N, args.K, {});
  }

 private:
  const float* rowsOfA(float* space) const {
    if (!args.transposeA) return a();
    float* const rows = space + packedSpan(args);
    transpose(a(), rows, args.K, args.M);
    return rows;
  }
};

template <class S>
void matMul(const MatMulArguments& args) {
  if (args.M == 0 || args.N == 0) return;
  const size_t size = Product<S>::scratchSize(args);
  const bool isSmall = args.batch * args.M * args.N * args.K < WORTH_A_THREAD;
  // Enough products to occupy every thread: each takes whole ones, and what it packs stays in its own cache.
  if (args.batch >= 2 * threads() || isSmall) {
    const size_t parts = isSmall ? 1 : least(args.batch, 8 * threads());
    parallel(parts, [&](size_t part) {
      float* const space = scratch(Scratch::own, size);
      for (size_t i = part; i < args.batch; i += parts) Product<S>{args, i}.onOneThread(space);
    });
  } else {
    float* const space = scratch(Scratch::shared, size);
    for (size_t i = 0; i < args.batch; i++) Product<S>{args, i}.onAllThreads(space);
  }
}

}  // namespace patchlens
