#pragma once

#include "softmax.h"

namespace patchlens {

/** What normalises a row: x̂ = (x − centre − shift)·factor. */
struct RowMoments {
  float centre, shift, factor;

  template <class S>
  typename S::V normed(typename S::V x) const {
    return (x - centre - shift) * factor;
  }
};

/**
 * The first mean is rounded to the grid of the values, which a large common offset makes coarse. The differences from it
 * are exact there, so their own mean corrects both the mean and the variance.
 */
template <class S>
RowMoments momentsOf(const float* x, size_t D, float epsilon) {
  using V = typename S::V;
  const float count = float(D);
  V total{};
  for (size_t i = 0; i < D; i += S::W) total = total + S::loadFirst(x + i, D - i);
  const float centre = S::sumOf(total) / count;
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
  return {centre, correction, 1 / __builtin_sqrtf((variance < 0 ? 0 : variance) + epsilon)};
}

template <class S>
void normaliseRow(const float* x, const LayerNormArguments& args, float* out) {
  using V = typename S::V;
  const RowMoments moments = momentsOf<S>(x, args.D, args.epsilon);
  for (size_t i = 0; i < args.D; i += S::W) {
    const size_t rest = args.D - i;
    const V normal = moments.normed<S>(S::loadFirst(x + i, rest));
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
