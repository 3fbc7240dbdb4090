// Kernels that change arrays in place, as functions of JavaScript.
#include "addon.h"

namespace patchlens {
namespace {

/** adamW(values, gradient, first, second, factors), the factors in the order of AdamWArguments. */
napi_value adamW(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Span<float> values = args.floats(0);
  const Span<float> gradient = args.floats(1);
  const Span<float> first = args.floats(2);
  const Span<float> second = args.floats(3);
  const Span<float> factors = args.floats(4);
  const Size size = values.length;
  args.require(gradient.length == size && first.length == size && second.length == size && factors.length == 9,
               "adamW: expected arrays of one size and nine factors");
  if (!args.areValid()) return nullptr;
  const float* const f = factors.data;
  kernelsOf(env).adamW({values.data, gradient.data, first.data, second.data, size, f[0], f[1], f[2], f[3], f[4], f[5],
                        f[6], f[7], f[8]});
  return nullptr;
}

/** moveAverage(average, values, share). */
napi_value moveAverage(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Span<float> average = args.floats(0);
  const Span<float> values = args.floats(1);
  const float share = float(args.number(2));
  args.require(average.length == values.length, "moveAverage: expected arrays of one size");
  if (args.areValid()) kernelsOf(env).moveAverage(average.data, values.data, values.length, share);
  return nullptr;
}

}  // namespace

void defineUpdates(napi_env env, napi_value module) {
  define(env, module, {{"adamW", adamW}, {"moveAverage", moveAverage}});
}

}  // namespace patchlens
