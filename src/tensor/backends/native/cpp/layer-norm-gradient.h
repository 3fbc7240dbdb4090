#pragma once

#include "layer-norm.h"
#include "reduce.h"

namespace patchlens {

/** One row's dx, and its terms of dscale and dbias added to theirs. With x̂ the normed row, g = dy·scale and mean E: */
template <class S>
void normaliseRowGradient(const LayerNormGradientArguments& args, size_t row, float* dScale, float* dBias) {
  using V = typename S::V;
  const size_t D = args.D;
  const float* const x = args.x + row * D;
  const float* const dy = args.dy + row * D;
  float* const dx = args.dx + row * D;
  const RowMoments moments = momentsOf<S>(x, D, args.epsilon);
  V sum{};
  V projection{};
  for (size_t i = 0; i < D; i += S::W) {
    const size_t rest = D - i;
    // Lanes after the end have dy = 0, so that they add nothing, but their x̂ may be anything finite.
    const V normal = moments.normed<S>(S::loadFirst(x + i, rest));
    const V upstream = S::loadFirst(dy + i, rest);
    const V g = upstream * S::loadFirst(args.scale + i, rest);
    sum = sum + g;
    projection = S::fma(g, normal, projection);
    S::storeFirst(dScale + i, S::fma(upstream, normal, S::loadFirst(dScale + i, rest)), rest);
    S::storeFirst(dBias + i, S::loadFirst(dBias + i, rest) + upstream, rest);
  }
  const V mean = S::splat(S::sumOf(sum) / float(D));
  const V slope = S::splat(S::sumOf(projection) / float(D));
  for (size_t i = 0; i < D; i += S::W) {
    const size_t rest = D - i;
    const V normal = moments.normed<S>(S::loadFirst(x + i, rest));
    const V g = S::loadFirst(dy + i, rest) * S::loadFirst(args.scale + i, rest);
    // dx = (g − E[g] − x̂·E[g·x̂])/√(σ² + ε)
    S::storeFirst(dx + i, (g - mean - normal * slope) * moments.factor, rest);
  }
}

/** dx of every row; dscale and dbias are summed in groups of rows, the same whatever the number of threads. */
template <class S>
void layerNormGradient(const LayerNormGradientArguments& args) {
  const size_t D = args.D;
  const size_t step = rowsPerTask(D);
  const size_t groups = ceilDivide(args.rows, step);
  float* const scales = scratch(Scratch::shared, 2 * groups * D);
  float* const biases = scales + groups * D;
  parallel(groups, [&](size_t group) {
    float* const dScale = scales + group * D;
    float* const dBias = biases + group * D;
    std::memset(dScale, 0, D * sizeof(float));
    std::memset(dBias, 0, D * sizeof(float));
    const size_t end = least((group + 1) * step, args.rows);
    for (size_t r = group * step; r < end; r++) normaliseRowGradient<S>(args, r, dScale, dBias);
  });
  sumOfRows<S>(scales, args.dScale, groups, D, 1);
  sumOfRows<S>(biases, args.dBias, groups, D, 1);
}

}  // namespace patchlens
