// Convolutions and pooling as functions of JavaScript.
#include "addon.h"

namespace patchlens {
namespace {

/** [B, H, W, C, Kh, Kw, Oh, Ow, strideY, strideX, dilationY, dilationX, top, left], then one size more. */
struct Geometry {
  Windows windows{};
  Size N = 0;

  Geometry(Arguments& args, Size index) {
    const Span<int32_t> sizes = args.sizes(index, 15);
    for (Size i = 8; i < 12 && args.areValid(); i++) args.require(sizes.data[i] > 0, "convolution: expected strides from one up");
    if (!args.areValid()) return;
    const auto size = [&](Size i) { return Size(sizes.data[i]); };
    windows = {size(0), size(1), size(2), size(3), size(4), size(5), size(6), size(7), sizes.data[8], sizes.data[9],
               sizes.data[10], sizes.data[11], sizes.data[12], sizes.data[13]};
    N = size(14);
  }

  Size inputSize() const { return windows.pixels() * windows.C; }
  Size depth() const { return windows.taps() * windows.C; }
  Size outputSize() const { return windows.count() * N; }
  /** Output channels for each of the input's; 0 where they do not divide. */
  Size multiplier() const { return windows.C == 0 || N % windows.C != 0 ? 0 : N / windows.C; }
};

/** filterForm(geometry, precision) → 1 where the filter is transformed before it is packed, else 0. */
napi_value filterForm(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Geometry geometry(args, 0);
  const Precision precision = precisionAt(args, 1);
  if (!args.areValid()) return nullptr;
  napi_value form;
  napi_create_int32(env, kernelsOf(env).transformsFilter(geometry.windows, geometry.N, precision), &form);
  return form;
}

/** packedFilterLength(geometry, precision) → floats of the array that `packFilter` fills. */
napi_value packedFilterLength(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Geometry geometry(args, 0);
  const Precision precision = precisionAt(args, 1);
  if (!args.areValid()) return nullptr;
  napi_value length;
  napi_create_double(env, double(kernelsOf(env).packedFilterSize(geometry.windows, geometry.N, precision) + PADDING), &length);
  return length;
}

/** packFilter(filter, packed, geometry, precision). */
napi_value packFilter(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Span<float> filter = args.floats(0);
  const Span<float> packed = args.floats(1);
  const Geometry geometry(args, 2);
  const Precision precision = precisionAt(args, 3);
  args.require(filter.length == geometry.depth() * geometry.N &&
                   packed.length == kernelsOf(env).packedFilterSize(geometry.windows, geometry.N, precision) + PADDING,
               "packFilter: expected arrays of the sizes of the filter and of its packed form");
  if (args.areValid()) kernelsOf(env).packFilter(filter.data, aligned(packed), geometry.windows, geometry.N, precision);
  return nullptr;
}

/** convolution(x, filter, packed, bias | null, skip | null, out, geometry, activation, precision). */
napi_value convolution(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Span<float> x = args.floats(0);
  const Span<float> filter = args.floats(1);
  const Span<float> packed = args.floats(2);
  const Span<float> bias = args.floats(3);
  const Span<float> skip = args.floats(4);
  const Span<float> out = args.floats(5);
  const Geometry geometry(args, 6);
  const Size activation = args.size(7);
  const Precision precision = precisionAt(args, 8);
  args.require(x.length == geometry.inputSize() && filter.length == geometry.depth() * geometry.N &&
                   packed.length == kernelsOf(env).packedFilterSize(geometry.windows, geometry.N, precision) + PADDING &&
                   isAbsentOr(geometry.N, bias) && isAbsentOr(out.length, skip) && out.length == geometry.outputSize() &&
                   activation < ACTIVATIONS,
               "convolution: expected operands of the sizes given");
  if (!args.areValid()) return nullptr;
  kernelsOf(env).convolution({x.data, filter.data, aligned(packed), bias.data, skip.data, out.data, geometry.windows,
                              geometry.N, Activation(activation), precision});
  return nullptr;
}

/** convolutionInputGradient(dy, filter, dx, geometry). */
napi_value convolutionInputGradient(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Span<float> dy = args.floats(0);
  const Span<float> filter = args.floats(1);
  const Span<float> dx = args.floats(2);
  const Geometry geometry(args, 3);
  args.require(dy.length == geometry.outputSize() && dx.length == geometry.inputSize() &&
                   filter.length == geometry.depth() * geometry.N,
               "convolutionInputGradient: expected operands of the sizes given");
  if (args.areValid()) kernelsOf(env).convolutionInputGradient({dy.data, filter.data, dx.data, geometry.windows, geometry.N});
  return nullptr;
}

/** convolutionFilterGradient(x, dy, dFilter, geometry). */
napi_value convolutionFilterGradient(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Span<float> x = args.floats(0);
  const Span<float> dy = args.floats(1);
  const Span<float> dFilter = args.floats(2);
  const Geometry geometry(args, 3);
  args.require(dy.length == geometry.outputSize() && x.length == geometry.inputSize() &&
                   dFilter.length == geometry.depth() * geometry.N,
               "convolutionFilterGradient: expected operands of the sizes given");
  if (args.areValid()) kernelsOf(env).convolutionFilterGradient({x.data, dy.data, dFilter.data, geometry.windows, geometry.N});
  return nullptr;
}

/** depthwise(x, filter, bias | null, out, geometry, activation). */
napi_value depthwise(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Span<float> x = args.floats(0);
  const Span<float> filter = args.floats(1);
  const Span<float> bias = args.floats(2);
  const Span<float> out = args.floats(3);
  const Geometry geometry(args, 4);
  const Size activation = args.size(5);
  args.require(geometry.multiplier() > 0 && x.length == geometry.inputSize() &&
                   filter.length == geometry.windows.taps() * geometry.N && isAbsentOr(geometry.N, bias) &&
                   out.length == geometry.outputSize() && activation < ACTIVATIONS,
               "depthwise: expected operands of the sizes given");
  if (!args.areValid()) return nullptr;
  kernelsOf(env).depthwise({x.data, filter.data, bias.data, out.data, geometry.windows, geometry.multiplier(), Activation(activation)});
  return nullptr;
}

/**
 * invertedResidual(x, packed expansion | null, its bias | null, filter, its bias, packed projection, its bias, out, geometry of
 * the depthwise convolution, activation, 1 where x is added | 0, precision). Nothing may be empty.
 */
napi_value invertedResidual(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  Span<float> arrays[8];
  for (Size i = 0; i < 8; i++) arrays[i] = args.floats(i);
  const auto& [x, expand, expandBias, filter, filterBias, project, projectBias, out] = arrays;
  const Geometry geometry(args, 8);
  const Size activation = args.size(9);
  const bool isResidual = args.size(10) != 0;
  const Precision precision = precisionAt(args, 11);
  const Windows& w = geometry.windows;
  const Size N = projectBias.length, pixels = w.pixels(), C = pixels == 0 ? 0 : x.length / pixels;
  const auto packedSize = [&](Size from, Size to) { return kernelsOf(env).packedSize(from, to, precision) + PADDING; };
  args.require(C > 0 && x.length == pixels * C && geometry.N == w.C && filter.length == w.taps() * w.C &&
                   filterBias.length == w.C && project.length == packedSize(w.C, N) && out.length == w.count() * N &&
                   (expand.data == nullptr ? C == w.C : expand.length == packedSize(C, w.C) && expandBias.length == w.C) &&
                   (!isResidual || (C == N && w.H == w.Oh && w.W == w.Ow)) && activation < ACTIVATIONS,
               "invertedResidual: expected operands of the sizes given");
  if (!args.areValid()) return nullptr;
  const auto convolution = [](Span<float> packed, Span<float> bias) {
    return PointwiseConvolution{packed.data == nullptr ? nullptr : aligned(packed), bias.data};
  };
  kernelsOf(env).invertedResidual({x.data, convolution(expand, expandBias), filter.data, filterBias.data,
                                   convolution(project, projectBias), out.data, w, C, N, Activation(activation), isResidual,
                                   precision});
  return nullptr;
}

/** depthwiseInputGradient(dy, filter, dx, geometry). */
napi_value depthwiseInputGradient(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Span<float> dy = args.floats(0);
  const Span<float> filter = args.floats(1);
  const Span<float> dx = args.floats(2);
  const Geometry geometry(args, 3);
  args.require(geometry.multiplier() > 0 && dy.length == geometry.outputSize() &&
                   filter.length == geometry.windows.taps() * geometry.N && dx.length == geometry.inputSize(),
               "depthwiseInputGradient: expected operands of the sizes given");
  if (args.areValid()) kernelsOf(env).depthwiseInputGradient({dy.data, filter.data, dx.data, geometry.windows, geometry.multiplier()});
  return nullptr;
}

/** depthwiseFilterGradient(x, dy, dFilter, geometry). */
napi_value depthwiseFilterGradient(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Span<float> x = args.floats(0);
  const Span<float> dy = args.floats(1);
  const Span<float> dFilter = args.floats(2);
  const Geometry geometry(args, 3);
  args.require(geometry.multiplier() > 0 && x.length == geometry.inputSize() &&
                   dy.length == geometry.outputSize() && dFilter.length == geometry.windows.taps() * geometry.N,
               "depthwiseFilterGradient: expected operands of the sizes given");
  if (args.areValid()) kernelsOf(env).depthwiseFilterGradient({x.data, dy.data, dFilter.data, geometry.windows, geometry.multiplier()});
  return nullptr;
}

/** maxPool or averagePool(x, out, geometry). */
template <void (*Kernels::*POOL)(const float*, float*, const Windows&)>
napi_value pool(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Span<float> x = args.floats(0);
  const Span<float> out = args.floats(1);
  const Geometry geometry(args, 2);
  args.require(geometry.N == geometry.windows.C && x.length == geometry.inputSize() && out.length == geometry.outputSize(),
               "pooling: expected operands of the sizes given");
  if (args.areValid()) (kernelsOf(env).*POOL)(x.data, out.data, geometry.windows);
  return nullptr;
}

/** maxPoolGradient(dy, x, dx, geometry). */
napi_value maxPoolGradient(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Span<float> dy = args.floats(0);
  const Span<float> x = args.floats(1);
  const Span<float> dx = args.floats(2);
  const Geometry geometry(args, 3);
  args.require(geometry.N == geometry.windows.C && dy.length == geometry.outputSize() &&
                   x.length == geometry.inputSize() && dx.length == x.length,
               "maxPoolGradient: expected operands of the sizes given");
  if (args.areValid()) kernelsOf(env).maxPoolGradient(dy.data, x.data, dx.data, geometry.windows);
  return nullptr;
}

/** averagePoolGradient(dy, dx, geometry). */
napi_value averagePoolGradient(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Span<float> dy = args.floats(0);
  const Span<float> dx = args.floats(1);
  const Geometry geometry(args, 2);
  args.require(geometry.N == geometry.windows.C && dy.length == geometry.outputSize() &&
                   dx.length == geometry.inputSize(),
               "averagePoolGradient: expected operands of the sizes given");
  if (args.areValid()) kernelsOf(env).averagePoolGradient(dy.data, dx.data, geometry.windows);
  return nullptr;
}

}  // namespace

void defineConvolutions(napi_env env, napi_value module) {
  define(env, module, {
      {"filterForm", filterForm},
      {"packedFilterLength", packedFilterLength},
      {"packFilter", packFilter},
      {"convolution", convolution},
      {"convolutionInputGradient", convolutionInputGradient},
      {"convolutionFilterGradient", convolutionFilterGradient},
      {"depthwise", depthwise},
      {"invertedResidual", invertedResidual},
      {"depthwiseInputGradient", depthwiseInputGradient},
      {"depthwiseFilterGradient", depthwiseFilterGradient},
      {"maxPool", pool<&Kernels::maxPool>},
      {"maxPoolGradient", maxPoolGradient},
      {"averagePool", pool<&Kernels::averagePool>},
      {"averagePoolGradient", averagePoolGradient},
  });
}

}  // namespace patchlens
