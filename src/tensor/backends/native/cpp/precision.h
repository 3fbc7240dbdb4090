#pragma once

#include "attention.h"
#include "convolution.h"
#include "float32-product.h"
#include "inverted-residual.h"
#include "linear.h"
#include "mat-mul.h"
#include "rounded-product.h"

namespace patchlens {

/** How an instruction set multiplies bfloat16: `Product<PARTS>` is the way, `AUTOMATIC` what it is worth. */
template <class S>
struct ByRounding {
  template <size_t PARTS>
  using Product = RoundedProduct<S, PARTS>;
  static constexpr Precision AUTOMATIC = Precision::f32;
};

/** Calls `body` with an object of the type that multiplies in a precision. */
template <class S, class B, class Body>
auto withProduct(Precision precision, Body body) {
  switch (precision) {
    case Precision::bf16:
      return body(typename B::template Product<1>{});
    case Precision::bf16x3:
      return body(typename B::template Product<2>{});
    case Precision::f32:
      break;
  }
  return body(Float32Product<S>{});
}

template <class S, class B>
size_t packedSizeIn(size_t K, size_t N, Precision precision) {
  return withProduct<S, B>(precision, [=](auto product) { return product.packedFloats(K, N); });
}

template <class S, class B>
void packIn(const float* matrix, float* packed, size_t K, size_t N, Precision precision) {
  withProduct<S, B>(precision, [=](auto product) { pack<S, decltype(product)>(matrix, N, false, packed, K, N); });
}

template <class S, class B>
void linearIn(const LinearArguments& args) {
  withProduct<S, B>(args.precision, [&](auto product) { linear<S, decltype(product)>(args); });
}

template <class S, class B>
void matMulIn(const MatMulArguments& args) {
  if (args.precision == Precision::f32) return matMul<S>(args);
  withProduct<S, B>(args.precision, [&](auto product) { matMulPrepared<S, decltype(product)>(args); });
}

template <class S, class B>
void attentionIn(const AttentionArguments& args) {
  withProduct<S, B>(args.precision, [&](auto product) { attention<S, decltype(product)>(args); });
}

/** Floats of a filter as `convolution` takes it for these windows. */
template <class S, class B>
size_t packedFilterSizeIn(const Windows& w, size_t N, Precision precision) {
  return transformsFilter(w, N, precision) ? winogradSize<S>(w.C, N) : packedSizeIn<S, B>(w.taps() * w.C, N, precision);
}

template <class S, class B>
void packFilterIn(const float* filter, float* packed, const Windows& w, size_t N, Precision precision) {
  if (transformsFilter(w, N, precision)) packWinograd<S>(filter, packed, w.C, N);
  else packIn<S, B>(filter, packed, w.taps() * w.C, N, precision);
}

template <class S, class B>
void convolutionIn(const ConvolutionArguments& args) {
  withProduct<S, B>(args.precision, [&](auto product) { convolution<S, decltype(product)>(args); });
}

template <class S, class B>
void invertedResidualIn(const InvertedResidualArguments& args) {
  withProduct<S, B>(args.precision, [&](auto product) { invertedResidual<S, decltype(product)>(args); });
}

}  // namespace patchlens
