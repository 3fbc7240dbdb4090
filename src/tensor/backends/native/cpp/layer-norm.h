#pragma once

#include "softmax.h"

namespace patchlens {

/**
 * The first mean is rounded to the grid of the values, which a large common offset makes coarse. The differences from it
 * are exact there, so their own mean corrects both the mean and the variance.
 */
template <class S>
void normaliseRow(const float* x, const LayerNormArguments& args, float* out) {
  using V = typename S::V;
  const size_t D = args.D;
  const float count = float(D);
  V total{};
  for (size_t i = 0; i < D; i += S::W) total = total + S::loadFirst(x + i, D - i);
  const V centre = S::splat(S::sumOf(total) / count);
  V sum{};
  V squares{};
  for (size_t i = 0; i < D; i += S::W) {
    V d = S::loadFirst(x + i, D - i) - centre;
    if (D - i < S::W) d = S::firstLanes(D - i) ? d : V{};
    sum = sum + d;
    squares = S::fma(d, d, squares);
  }
  const float correction = S::sumOf(sum) / count;
  const float variance = S::sumOf(squares) / count - correction * correction;
  // Written so that a NaN stays one.
  const V factor = S::splat(1 / __builtin_sqrtf((variance < 0 ? 0 : variance) + args.epsilon));
  const V shift = S::splat(correction);
  for (size_t i = 0; i < D; i += S::W) {
    const size_t rest = D - i;
    const V normal = (S::loadFirst(x + i, rest) - centre - shift) * factor;
    S::storeFirst(out + i, S::fma(normal, S::loadFirst(args.scale + i, rest), S::loadFirst(args.bias + i, rest)), rest);
  }
}

template <class S>
void layerNorm(const LayerNormArguments& args) {
  const size_t step = rowsPerTask(args.D);
  parallel(ceilDivide(args.rows, step), [&](size_t task) {
    const size_t end = least((task + 1) * step, args.rows);
    for (size_t r = task * step; r < end; r++) normaliseRow<S>(args.x + r * args.D, args, args.out + r * args.D);
  });
}

}  // namespace patchlens
