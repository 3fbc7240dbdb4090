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

/** The rows of A [M, K] as the product P takes them, to `preparedFloats`. */
template <class P>
void prepareInto(float* prepared, const float* a, size_t M, size_t K) {
  parallel(ceilDivide(M, PREPARED_ROWS), [=](size_t i) {
    P::prepareRows(a, K, prepared, M, K, i * PREPARED_ROWS, least((i + 1) * PREPARED_ROWS, M));
  });
}

/** They in scratch space; null where P takes them as they are. */
template <class P>
const float* prepare(const float* a, size_t M, size_t K) {
  const size_t floats = P::preparedFloats(M, K);
  if (floats == 0) return nullptr;
  float* const prepared = scratch(Scratch::shared, floats);
  prepareInto<P>(prepared, a, M, K);
  return prepared;
}

/** out [M, N] = A·B with an epilogue, A prepared and B packed for P, on all threads. */
template <class S, class P>
void multiplyPrepared(const float* a, const float* prepared, const float* packed, float* out, size_t M, size_t N, size_t K, const Epilogue& epilogue) {
  if (M == 0 || N == 0) return;
  const Cut cut = cutFor<S>(M, N, K, P::ROWS);
  parallel(cut.rowParts * cut.panelParts, [&](size_t i) {
    Part part = cut[i];
    part.m1 = least(part.m1, M);
    part.p1 = least(part.p1, ceilDivide(N, TILE_COLUMNS<S>));
    P::multiplyPart(a, K, prepared, packed, out, N, M, N, K, part, epilogue);
  });
}

template <class S, class P>
void linear(const LinearArguments& args) {
  const float* const prepared = prepare<P>(args.x, args.M, args.K);
  const Epilogue epilogue{args.bias, nullptr, args.activation, args.residual};
  multiplyPrepared<S, P>(args.x, prepared, args.packed, args.out, args.M, args.N, args.K, epilogue);
}

}  // namespace patchlens
