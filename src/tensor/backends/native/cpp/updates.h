// Arrays that are changed in place once a backward pass is over.
#pragma once

#include "elementwise.h"

namespace patchlens {

template <class S>
inline typename S::V squareRoot(typename S::V x) {
  // Lane by lane, which compilers make one instruction of: the language has no operator for it.
  for (size_t lane = 0; lane < S::W; lane++) x[lane] = __builtin_sqrtf(x[lane]);
  return x;
}

template <class S>
void adamW(const AdamWArguments& args) {
  parallel(ceilDivide(args.size, TASK_FLOATS), [&](size_t task) {
    using V = typename S::V;
    const V scale = S::splat(args.gradientScale), epsilon = S::splat(args.epsilon);
    const V beta1 = S::splat(args.beta1), rest1 = S::splat(args.rest1);
    const V beta2 = S::splat(args.beta2), rest2 = S::splat(args.rest2);
    const V kept = S::splat(args.kept), stepSize = S::splat(args.stepSize), deviation = S::splat(args.deviationScale);
    const size_t end = least((task + 1) * TASK_FLOATS, args.size);
    for (size_t i = task * TASK_FLOATS; i < end; i += S::W) {
      const size_t count = end - i;
      const V gradient = S::loadFirst(args.gradient + i, count) * scale;
      const V first = S::fma(beta1, S::loadFirst(args.first + i, count), rest1 * gradient);
      const V second = S::fma(beta2, S::loadFirst(args.second + i, count), rest2 * gradient * gradient);
      const V change = stepSize * first / S::fma(squareRoot<S>(second), deviation, epsilon);
      S::storeFirst(args.first + i, first, count);
      S::storeFirst(args.second + i, second, count);
      S::storeFirst(args.values + i, S::loadFirst(args.values + i, count) * kept - change, count);
    }
  });
}

template <class S>
void moveAverage(float* average, const float* values, size_t size, float share) {
  parallel(ceilDivide(size, TASK_FLOATS), [=](size_t task) {
    const size_t end = least((task + 1) * TASK_FLOATS, size);
    for (size_t i = task * TASK_FLOATS; i < end; i += S::W) {
      const auto old = S::loadFirst(average + i, end - i);
      const auto away = S::loadFirst(values + i, end - i) - old;
      S::storeFirst(average + i, S::fma(away, S::splat(share), old), end - i);
    }
  });
}

}  // namespace patchlens
