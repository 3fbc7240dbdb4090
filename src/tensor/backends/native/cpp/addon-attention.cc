// Attention as functions of JavaScript.
#include "addon.h"

namespace patchlens {
namespace {

/** attention(q, k, v, mask | null, out, weights | null, [B, H, Nq, Nk, Dh, Dvh, maskB, maskH], scale, precision). */
napi_value attention(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Span<float> q = args.floats(0);
  const Span<float> k = args.floats(1);
  const Span<float> v = args.floats(2);
  const Span<float> mask = args.floats(3);
  const Span<float> out = args.floats(4);
  const Span<float> weights = args.floats(5);
  const Span<int32_t> sizes = args.sizes(6, 8);
  const float scale = float(args.number(7));
  const Precision precision = precisionAt(args, 8);
  if (!args.areValid()) return nullptr;
  const auto size = [&](Size i) { return Size(sizes.data[i]); };
  const Size B = size(0), H = size(1), Nq = size(2), Nk = size(3), Dh = size(4), Dvh = size(5);
  args.require(q.length == B * H * Nq * Dh && k.length == B * H * Nk * Dh &&
                   v.length == B * H * Nk * Dvh && out.length == B * H * Nq * Dvh &&
                   isAbsentOr(B * H * Nq * Nk, weights) && isAbsentOr(size(6) * size(7) * Nq * Nk, mask) &&
                   (size(6) == 1 || size(6) == B) && (size(7) == 1 || size(7) == H),
               "attention: expected operands of the sizes given");
  if (!args.areValid()) return nullptr;
  kernelsOf(env).attention({q.data, k.data, v.data, mask.data, out.data, weights.data, B, H, Nq, Nk, Dh, Dvh, size(6), size(7), scale, precision});
  return nullptr;
}

/**
 * attentionGradient(q, k, v, mask | null, dOut, dWeights | null, dq | null, dk | null, dv | null, dMask | null,
 * [B, H, Nq, Nk, Dh, Dvh, maskB, maskH], scale): of the mask where there is a place for it, else of q, k and v.
 */
napi_value attentionGradient(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  Span<float> arrays[10];
  for (Size i = 0; i < 10; i++) arrays[i] = args.floats(i);
  const auto& [q, k, v, mask, dOut, dWeights, dq, dk, dv, dMask] = arrays;
  const Span<int32_t> sizes = args.sizes(10, 8);
  const float scale = float(args.number(11));
  if (!args.areValid()) return nullptr;
  const auto size = [&](Size i) { return Size(sizes.data[i]); };
  const Size B = size(0), H = size(1), Nq = size(2), Nk = size(3), Dh = size(4), Dvh = size(5);
  const Size queries = B * H * Nq * Dh, keys = B * H * Nk * Dh, values = B * H * Nk * Dvh, planes = size(6) * size(7) * Nq * Nk;
  const bool ofMask = dMask.data != nullptr;
  args.require(q.length == queries && k.length == keys && v.length == values &&
                   isAbsentOr(planes, mask) && dOut.length == B * H * Nq * Dvh && isAbsentOr(B * H * Nq * Nk, dWeights) &&
                   (size(6) == 1 || size(6) == B) && (size(7) == 1 || size(7) == H) &&
                   (ofMask ? mask.data != nullptr && dMask.length == planes
                           : dq.length == queries && dk.length == keys && dv.length == values),
               "attentionGradient: expected operands of the sizes given");
  if (!args.areValid()) return nullptr;
  const AttentionGradientArguments arguments{q.data, k.data, v.data, mask.data, dOut.data, dWeights.data, dq.data, dk.data,
                                             dv.data, dMask.data, B, H, Nq, Nk, Dh, Dvh, size(6), size(7), scale};
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
