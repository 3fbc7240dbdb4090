#pragma once

#include <cmath>

#include "elementwise.h"
#include "scratch.h"

namespace patchlens {

template <class S>
void batchNorm(const BatchNormArguments& args) {
  const size_t C = args.C;
  float* const factors = scratch(Scratch::shared, C);
  for (size_t c = 0; c < C; c++) {
    factors[c] = float((args.scale == nullptr ? 1.0 : double(args.scale[c])) / std::sqrt(double(args.variance[c]) + args.epsilon));
  }
  const size_t step = ceilDivide(TASK_FLOATS, C + 1);
  parallel(ceilDivide(args.rows, step), [&](size_t task) {
    for (size_t row = task * step; row < least((task + 1) * step, args.rows); row++) {
      for (size_t c = 0; c < C; c += S::W) {
        const size_t rest = C - c;
        const auto centred = S::loadFirst(args.x + row * C + c, rest) - S::loadFirst(args.mean + c, rest);
        const auto offset = args.offset == nullptr ? typename S::V{} : S::loadFirst(args.offset + c, rest);
        S::storeFirst(args.out + row * C + c, S::fma(centred, S::loadFirst(factors + c, rest), offset), rest);
      }
    }
  });
}

}  // namespace patchlens
