#pragma once

#include "elementwise.h"

namespace patchlens {

/** Factor of e^(−x²/2) in the density of the normal distribution. */
constexpr float NORMAL_DENSITY = 0.3989422804014327f;

/** d(x·σ(u))/dx for an even slope u′ of u. */
template <class S>
inline typename S::V gatedSlope(typename S::V x, typename S::V u, typename S::V uSlope) {
  const typename S::V gate = sigmoid<S>(u);
  return S::fma(x * gate * (1.0f - gate), uSlope, gate);
}

/** For x that is not above zero. */
template <class S>
inline typename S::V zeroOrNan(typename S::V x) {
  return x <= 0 ? typename S::V{} : x;
}

/** The derivative of an activation at x. */
template <class S, Activation activation>
inline typename S::V slopeOf(Constant<activation>, typename S::V x) {
  using V = typename S::V;
  switch (activation) {
    case Activation::none:
      return S::splat(1);
    case Activation::relu:
      return x > 0 ? S::splat(1) : zeroOrNan<S>(x);
    case Activation::gelu:
      return S::fma(x * NORMAL_DENSITY, exponential<S>(x * x * -0.5f), normalCdf<S>(x));
    case Activation::geluTanh: {
      const V cubic = S::splat(1.5957691216057308f * 0.044715f);
      const V linear = S::splat(1.5957691216057308f);
      return gatedSlope<S>(x, x * S::fma(x * x, cubic, linear), S::fma(x * x, 3.0f * cubic, linear));
    }
    case Activation::geluQuick:
      return gatedSlope<S>(x, x * 1.702f, S::splat(1.702f));
    case Activation::relu6:
      return x > 0 ? (x < 6 ? S::splat(1) : V{}) : zeroOrNan<S>(x);
  }
  return x;
}

/** dx = dy·f′(x), element by element. */
template <class S>
void activationGradient(const float* dy, const float* x, float* dx, size_t size, Activation activation) {
  withActivation(activation, [=](auto constant) {
    parallel(ceilDivide(size, TASK_FLOATS), [=](size_t task) {
      const size_t end = least((task + 1) * TASK_FLOATS, size);
      for (size_t i = task * TASK_FLOATS; i < end; i += S::W) {
        const auto slope = slopeOf<S>(constant, S::loadFirst(x + i, end - i));
        S::storeFirst(dx + i, S::loadFirst(dy + i, end - i) * slope, end - i);
      }
    });
  });
}

}  // namespace patchlens
