// The resampler as a function of JavaScript.
#include "addon.h"

namespace patchlens {
namespace {

/** Four arguments from `index` on: first, count, weights and stride. Checks that all taps lie inside an axis. */
ResampleTaps tapsOf(Arguments& args, Size index, Size axis) {
  const Span<int32_t> first = args.integers(index);
  const Span<int32_t> count = args.integers(index + 1);
  const Span<int32_t> weights = args.integers(index + 2);
  const Size stride = args.size(index + 3);
  args.require(count.length == first.length && weights.length == first.length * stride, "resample: expected taps of one length");
  for (Size i = 0; i < first.length && args.areValid(); i++) {
    const int64_t start = first.data[i], taps = count.data[i];
    args.require(start >= 0 && taps >= 1 && taps <= int64_t(stride) && start + taps <= int64_t(axis),
                 "resample: expected taps inside the image");
  }
  return {first.data, count.data, weights.data, first.length, stride};
}

/** resample(x, width, out, and for each axis, horizontal first: first, count, weights, stride). */
napi_value resample(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Span<uint8_t> x = args.bytes(0);
  const Size width = args.size(1);
  const Span<uint8_t> out = args.bytes(2);
  const Size height = width == 0 ? 0 : x.length / width / 3;
  args.require(x.length == width * height * 3, "resample: expected whole rows of pixels");
  const ResampleTaps horizontal = tapsOf(args, 3, width);
  const ResampleTaps vertical = tapsOf(args, 7, height);
  args.require(out.length == horizontal.length * vertical.length * 3 && out.length > 0, "resample: expected room for the pixels");
  if (!args.areValid()) return nullptr;
  Size first = height, end = 0;
  for (Size i = 0; i < vertical.length; i++) {
    const Size start = Size(vertical.first[i]), after = start + Size(vertical.count[i]);
    first = start < first ? start : first;
    end = after > end ? after : end;
  }
  kernelsOf(env).resample({x.data, out.data, width, height, first, end - first, horizontal, vertical});
  return nullptr;
}

}  // namespace

void defineImages(napi_env env, napi_value module) {
  define(env, module, {
      {"resample", resample},
  });
}

}  // namespace patchlens
