// Attention as functions of JavaScript.
#include "addon.h"

namespace patchlens {
namespace {

/** Whether `rows` rows of `width` values that begin `stride` apart are all of an array. */
bool areRows(Span<float> array, Size rows, Size width, Size stride) {
  return stride >= width && array.length == (rows == 0 ? 0 : (rows - 1) * stride + width);
}

/** The sizes of a call, in their order among its arguments. */
struct Sizes {
  static constexpr Size COUNT = 10;
  Size B, H, Nq, Nk, Dh, Dvh, maskB, maskH, stride, vStride;

  explicit Sizes(Span<int32_t> from) {
    Size* const sizes[COUNT] = {&B, &H, &Nq, &Nk, &Dh, &Dvh, &maskB, &maskH, &stride, &vStride};
    for (Size i = 0; i < COUNT; i++) *sizes[i] = Size(from.data[i]);
  }

  bool areOperands(Span<float> q, Span<float> k, Span<float> v) const {
    return areRows(q, B * Nq, H * Dh, stride) && areRows(k, B * Nk, H * Dh, stride) && areRows(v, B * Nk, H * Dvh, vStride);
  }
  bool isMask(Span<float> mask) const {
    return isAbsentOr(maskB * maskH * Nq * Nk, mask) && (maskB == 1 || maskB == B) && (maskH == 1 || maskH == H);
  }
  Size outputs() const { return B * H * Nq * Dvh; }
  Size weights() const { return B * H * Nq * Nk; }
};

/** attention(q, k, v, mask | null, out, weights | null, sizes, scale, precision). */
napi_value attention(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Span<float> q = args.floats(0);
  const Span<float> k = args.floats(1);
  const Span<float> v = args.floats(2);
  const Span<float> mask = args.floats(3);
  const Span<float> out = args.floats(4);
  const Span<float> weights = args.floats(5);
  const Span<int32_t> sizes = args.sizes(6, Sizes::COUNT);
  const float scale = float(args.number(7));
  const Precision precision = precisionAt(args, 8);
  if (!args.areValid()) return nullptr;
  const Sizes n(sizes);
  args.require(n.areOperands(q, k, v) && n.isMask(mask) && out.length == n.outputs() && isAbsentOr(n.weights(), weights),
               "attention: expected operands of the sizes given");
  if (!args.areValid()) return nullptr;
  kernelsOf(env).attention({q.data, k.data, v.data, mask.data, out.data, weights.data, n.B, n.H, n.Nq, n.Nk, n.Dh, n.Dvh,
                            n.maskB, n.maskH, n.stride, n.vStride, scale, precision});
  return nullptr;
}

/**
 * attentionGradient(q, k, v, mask | null, dOut, dWeights | null, dq | null, dk | null, dv | null, dMask | null,
 * sizes, scale): of the mask where there is a place for it, else of q, k and v.
 */
napi_value attentionGradient(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  Span<float> arrays[10];
  for (Size i = 0; i < 10; i++) arrays[i] = args.floats(i);
  const auto& [q, k, v, mask, dOut, dWeights, dq, dk, dv, dMask] = arrays;
  const Span<int32_t> sizes = args.sizes(10, Sizes::COUNT);
  const float scale = float(args.number(11));
  if (!args.areValid()) return nullptr;
  const Sizes n(sizes);
  const bool ofMask = dMask.data != nullptr;
  args.require(n.areOperands(q, k, v) && n.isMask(mask) && dOut.length == n.outputs() && isAbsentOr(n.weights(), dWeights) &&
                   (ofMask ? mask.data != nullptr && n.isMask(dMask) : n.areOperands(dq, dk, dv)),
               "attentionGradient: expected operands of the sizes given");
  if (!args.areValid()) return nullptr;
  const AttentionGradientArguments arguments{q.data, k.data, v.data, mask.data, dOut.data, dWeights.data,
                                             dq.data, dk.data, dv.data, dMask.data, n.B, n.H, n.Nq, n.Nk,
                                             n.Dh, n.Dvh, n.maskB, n.maskH, n.stride, n.vStride, scale};
  (ofMask ? kernelsOf(env).attentionMaskGradient : kernelsOf(env).attentionGradient)(arguments);
  return nullptr;
}

}  // namespace

void defineAttention(napi_env env, napi_value module) {
  define(env, module, {
      {"attention", attention},
      {"attentionGradient", attentionGradient},
  });
}

}  // namespace patchlens
