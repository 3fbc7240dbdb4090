// The transcendental functions of a Vision Transformer, lane by lane.
#pragma once

#include "kernels.h"
#include "vector.h"

namespace patchlens {

/**
 * eˣ for x ≤ 88, within 2 ulp: 2ⁿ·eʳ with |r| ≤ ½ ln 2 and the polynomial of Cephes' expf. Below −87.3 it gives 0, not
 * a subnormal; −∞ gives 0 and NaN gives NaN.
 */
template <class S>
inline typename S::V exponential(typename S::V x) {
  using V = typename S::V;
  // −127 ln 2: from here down 2ⁿ has a zero exponent field, so the result is exactly 0.
  const V clamped = S::atLeast(x, S::splat(-88.029691931f));
  // Adding 1.5·2²³ rounds to an integer and leaves that integer in the low bits.
  const V rounder = S::splat(12582912.0f);
  const V shifted = S::fma(clamped, S::splat(1.44269504f), rounder);
  const V n = shifted - rounder;
  // ln 2 in two parts, the first short enough for its product with n to be exact.
  V r = S::fma(n, S::splat(-0.693359375f), clamped);
  r = S::fma(n, S::splat(2.12194440e-4f), r);
  V p = S::fma(r, S::splat(1.9875691500e-4f), S::splat(1.3981999507e-3f));
  p = S::fma(p, r, S::splat(8.3334519073e-3f));
  p = S::fma(p, r, S::splat(4.1665795894e-2f));
  p = S::fma(p, r, S::splat(1.6666665459e-1f));
  p = S::fma(p, r, S::splat(5.0000001201e-1f));
  const V power = S::fma(r * r, p, r) + 1.0f;
  // (n + 127) << 23 are the bits of 2ⁿ; the constant bits of the rounder are shifted out, without a sign to overflow.
  const typename S::U bits = (reinterpret_cast<typename S::U>(shifted) << 23) + (127u << 23);
  return power * reinterpret_cast<V>(bits);
}

/** From where on Φ is taken for 1, and on the other side for 0: in float32 the difference is none. */
constexpr float NORMAL_LIMIT = 5.5f;

/**
 * Φ(x), absolute error below 2e-7: ½ + x·P(x²)/Q(x²), our own minimax fit on |x| ≤ 5.5, its error below 1e-8 before rounding.
 * Without e^(−x²/2) it takes half the time of the forms that keep the digits of a small Φ.
 */
template <class S>
inline typename S::V normalCdf(typename S::V x) {
  using V = typename S::V;
  const V s = x * x;
  V p = S::fma(s, S::splat(2.274932420220921e-8f), S::splat(6.352073796733748e-6f));
  p = S::fma(p, s, S::splat(1.6882385534700006e-4f));
  p = S::fma(p, s, S::splat(4.677249118685722e-3f));
  p = S::fma(p, s, S::splat(3.385250270366669e-2f));
  p = S::fma(p, s, S::splat(3.98942232131958e-1f));
  V q = S::fma(s, S::splat(1.1974995004493394e-6f), S::splat(7.364675548160449e-5f));
  q = S::fma(q, s, S::splat(1.8844347214326262e-3f));
  q = S::fma(q, s, S::splat(2.864578180015087e-2f));
  q = S::fma(q, s, S::splat(2.515215575695038e-1f));
  q = S::fma(q, s, S::splat(1));
  const V inside = x * p / q + 0.5f;
  const V cdf = x > NORMAL_LIMIT ? S::splat(1) : inside;
  return x < -NORMAL_LIMIT ? V{} : cdf;
}

/** 1/(1 + e⁻ˣ), by e^−|x| so that nothing overflows and small values keep their digits. */
template <class S>
inline typename S::V sigmoid(typename S::V x) {
  using V = typename S::V;
  const V e = exponential<S>(-S::abs(x));
  return (x < 0 ? e : S::splat(1)) / (1.0f + e);
}

template <class S, Activation activation>
inline typename S::V activated(typename S::V x) {
  using V = typename S::V;
  switch (activation) {
    case Activation::none:
      return x;
    case Activation::relu:
      return S::atLeast(x, V{});
    case Activation::gelu:
      return x * normalCdf<S>(x);
    case Activation::geluTanh: {
      // 2·√(2/π)·(x + 0.044715x³): ½(1 + tanh u) is the sigmoid of 2u.
      const V cubic = S::splat(1.5957691216057308f * 0.044715f);
      return x * sigmoid<S>(x * S::fma(x * x, cubic, S::splat(1.5957691216057308f)));
    }
    case Activation::geluQuick:
      return x * sigmoid<S>(x * 1.702f);
    case Activation::relu6: {
      const V positive = S::atLeast(x, V{});
      return positive > 6 ? S::splat(6) : positive;
    }
  }
  return x;
}

/** An activation as a type, for a generic lambda to take. */
template <Activation activation>
struct Constant {
  static constexpr Activation value = activation;
};

/** Calls `body` with the activation as a constant of its type, so that a loop inside holds one branch only. */
template <class Body>
inline void withActivation(Activation activation, const Body& body) {
  switch (activation) {
    case Activation::none:
      return body(Constant<Activation::none>{});
    case Activation::relu:
      return body(Constant<Activation::relu>{});
    case Activation::gelu:
      return body(Constant<Activation::gelu>{});
    case Activation::geluTanh:
      return body(Constant<Activation::geluTanh>{});
    case Activation::geluQuick:
      return body(Constant<Activation::geluQuick>{});
    case Activation::relu6:
      return body(Constant<Activation::relu6>{});
  }
}

template <class S, Activation activation>
inline typename S::V activated(Constant<activation>, typename S::V x) {
  return activated<S, activation>(x);
}

}  // namespace patchlens
