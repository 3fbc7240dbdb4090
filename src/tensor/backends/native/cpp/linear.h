#pragma once

#include "float32-product.h"
#include "gemm.h"
#include "scratch.h"

namespace patchlens {

/** Packs a whole matrix on all threads. */
template <class S, class P = Float32Product<S>>
void pack(const float* matrix, size_t stride, bool transposed, float* packed, size_t K, size_t N) {
  const size_t panels = ceilDivide(N, TILE_COLUMNS<S>);
  const size_t parts = K * N < WORTH_A_THREAD ? 1 : least(panels, 4 * threads());
  const size_t step = parts == 0 ? 0 : ceilDivide(panels, parts);
  parallel(parts, [=](size_t i) {
    const size_t first = least(i * step, panels);
    P::packPanels(matrix, stride, transposed, packed, K, N, first, least(first + step, panels));
  });
}

/** Rows of A that a task prepares. */
constexpr size_t PREPARED_ROWS = 16;

/** The rows of A [M, K] as the product P takes them, in scratch space; null where it takes them as they are. */
template <class P>
const float* prepare(const float* a, size_t M, size_t K) {
  const size_t floats = P::preparedFloats(M, K);
  if (floats == 0) return nullptr;
  float* const prepared = scratch(Scratch::shared, floats);
  parallel(ceilDivide(M, PREPARED_ROWS), [=](size_t i) {
    P::prepareRows(a, K, prepared, M, K, i * PREPARED_ROWS, least((i + 1) * PREPARED_ROWS, M));
  });
  return prepared;
}

template <class S, class P>
void linear(const LinearArguments& args) {
  const size_t M = args.M, N = args.N, K = args.K;
  if (M == 0 || N == 0) return;
  const Epilogue epilogue{args.bias, nullptr, args.activation, args.residual};
  const float* const prepared = prepare<P>(args.x, M, K);
  const Cut cut = cutFor<S>(M, N, K, P::ROWS);
  parallel(cut.rowParts * cut.panelParts, [&](size_t i) {
    Part part = cut[i];
    part.m1 = least(part.m1, M);
    part.p1 = least(part.p1, ceilDivide(N, TILE_COLUMNS<S>));
    P::multiplyPart(args.x, K, prepared, args.packed, args.out, N, M, N, K, part, epilogue);
  });
}

}  // namespace patchlens
