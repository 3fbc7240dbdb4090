// Convolutions, pooling and batch normalisation as functions of JavaScript.
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

/** convolution(x, packed, bias | null, out, geometry, activation). */
napi_value convolution(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Kernels* const kernels = instanceOf(env).kernels;
  const Span<float> x = args.floats(0);
  const Span<float> packed = args.floats(1);
  const Span<float> bias = args.floats(2);
  const Span<float> out = args.floats(3);
  const Geometry geometry(args, 4);
  const Size activation = args.size(5);
  args.require(kernels != nullptr && x.length == geometry.inputSize() && isAbsentOr(geometry.N, bias) &&
                   packed.length == kernels->packedSize(geometry.depth(), geometry.N, Precision::f32) + PADDING &&
                   out.length == geometry.outputSize() && activation < ACTIVATIONS,
               "convolution: expected operands of the sizes given");
  if (!args.areValid()) return nullptr;
  kernels->convolution({x.data, aligned(packed), bias.data, out.data, geometry.windows, geometry.N, Activation(activation)});
  return nullptr;
}

/** convolutionInputGradient(dy, filter, dx, geometry). */
napi_value convolutionInputGradient(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Kernels* const kernels = instanceOf(env).kernels;
  const Span<float> dy = args.floats(0);
  const Span<float> filter = args.floats(1);
  const Span<float> dx = args.floats(2);
  const Geometry geometry(args, 3);
  args.require(kernels != nullptr && dy.length == geometry.outputSize() && dx.length == geometry.inputSize() &&
                   filter.length == geometry.depth() * geometry.N,
               "convolutionInputGradient: expected operands of the sizes given");
  if (args.areValid()) kernels->convolutionInputGradient({dy.data, filter.data, dx.data, geometry.windows, geometry.N});
  return nullptr;
}

/** convolutionFilterGradient(x, dy, dFilter, geometry). */
napi_value convolutionFilterGradient(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Kernels* const kernels = instanceOf(env).kernels;
  const Span<float> x = args.floats(0);
  const Span<float> dy = args.floats(1);
  const Span<float> dFilter = args.floats(2);
  const Geometry geometry(args, 3);
  args.require(kernels != nullptr && dy.length == geometry.outputSize() && x.length == geometry.inputSize() &&
                   dFilter.length == geometry.depth() * geometry.N,
               "convolutionFilterGradient: expected operands of the sizes given");
  if (args.areValid()) kernels->convolutionFilterGradient({x.data, dy.data, dFilter.data, geometry.windows, geometry.N});
  return nullptr;
}

/** depthwise(x, filter, bias | null, out, geometry, activation). */
napi_value depthwise(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Kernels* const kernels = instanceOf(env).kernels;
  const Span<float> x = args.floats(0);
  const Span<float> filter = args.floats(1);
  const Span<float> bias = args.floats(2);
  const Span<float> out = args.floats(3);
  const Geometry geometry(args, 4);
  const Size activation = args.size(5);
  args.require(kernels != nullptr && geometry.multiplier() > 0 && x.length == geometry.inputSize() &&
                   filter.length == geometry.windows.taps() * geometry.N && isAbsentOr(geometry.N, bias) &&
                   out.length == geometry.outputSize() && activation < ACTIVATIONS,
               "depthwise: expected operands of the sizes given");
  if (!args.areValid()) return nullptr;
  kernels->depthwise({x.data, filter.data, bias.data, out.data, geometry.windows, geometry.multiplier(), Activation(activation)});
  return nullptr;
}

/** depthwiseInputGradient(dy, filter, dx, geometry). */
napi_value depthwiseInputGradient(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Kernels* const kernels = instanceOf(env).kernels;
  const Span<float> dy = args.floats(0);
  const Span<float> filter = args.floats(1);
  const Span<float> dx = args.floats(2);
  const Geometry geometry(args, 3);
  args.require(kernels != nullptr && geometry.multiplier() > 0 && dy.length == geometry.outputSize() &&
                   filter.length == geometry.windows.taps() * geometry.N && dx.length == geometry.inputSize(),
               "depthwiseInputGradient: expected operands of the sizes given");
  if (args.areValid()) kernels->depthwiseInputGradient({dy.data, filter.data, dx.data, geometry.windows, geometry.multiplier()});
  return nullptr;
}

/** depthwiseFilterGradient(x, dy, dFilter, geometry). */
napi_value depthwiseFilterGradient(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Kernels* const kernels = instanceOf(env).kernels;
  const Span<float> x = args.floats(0);
  const Span<float> dy = args.floats(1);
  const Span<float> dFilter = args.floats(2);
  const Geometry geometry(args, 3);
  args.require(kernels != nullptr && geometry.multiplier() > 0 && x.length == geometry.inputSize() &&
                   dy.length == geometry.outputSize() && dFilter.length == geometry.windows.taps() * geometry.N,
               "depthwiseFilterGradient: expected operands of the sizes given");
  if (args.areValid()) kernels->depthwiseFilterGradient({x.data, dy.data, dFilter.data, geometry.windows, geometry.multiplier()});
  return nullptr;
}

/** maxPool(x, out, geometry). */
napi_value maxPool(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Kernels* const kernels = instanceOf(env).kernels;
  const Span<float> x = args.floats(0);
  const Span<float> out = args.floats(1);
  const Geometry geometry(args, 2);
  args.require(kernels != nullptr && geometry.N == geometry.windows.C && x.length == geometry.inputSize() &&
                   out.length == geometry.outputSize(),
               "maxPool: expected operands of the sizes given");
  if (args.areValid()) kernels->maxPool(x.data, out.data, geometry.windows);
  return nullptr;
}

/** maxPoolGradient(dy, x, dx, geometry). */
napi_value maxPoolGradient(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Kernels* const kernels = instanceOf(env).kernels;
  const Span<float> dy = args.floats(0);
  const Span<float> x = args.floats(1);
  const Span<float> dx = args.floats(2);
  const Geometry geometry(args, 3);
  args.require(kernels != nullptr && geometry.N == geometry.windows.C && dy.length == geometry.outputSize() &&
                   x.length == geometry.inputSize() && dx.length == x.length,
               "maxPoolGradient: expected operands of the sizes given");
  if (args.areValid()) kernels->maxPoolGradient(dy.data, x.data, dx.data, geometry.windows);
  return nullptr;
}

/** averagePool(x, out, geometry). */
napi_value averagePool(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Kernels* const kernels = instanceOf(env).kernels;
  const Span<float> x = args.floats(0);
  const Span<float> out = args.floats(1);
  const Geometry geometry(args, 2);
  args.require(kernels != nullptr && geometry.N == geometry.windows.C && x.length == geometry.inputSize() &&
                   out.length == geometry.outputSize(),
               "averagePool: expected operands of the sizes given");
  if (args.areValid()) kernels->averagePool(x.data, out.data, geometry.windows);
  return nullptr;
}

/** averagePoolGradient(dy, dx, geometry). */
napi_value averagePoolGradient(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Kernels* const kernels = instanceOf(env).kernels;
  const Span<float> dy = args.floats(0);
  const Span<float> dx = args.floats(1);
  const Geometry geometry(args, 2);
  args.require(kernels != nullptr && geometry.N == geometry.windows.C && dy.length == geometry.outputSize() &&
                   dx.length == geometry.inputSize(),
               "averagePoolGradient: expected operands of the sizes given");
  if (args.areValid()) kernels->averagePoolGradient(dy.data, dx.data, geometry.windows);
  return nullptr;
}

/** batchNorm(x, mean, variance, offset | null, scale | null, out, epsilon). */
napi_value batchNorm(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Kernels* const kernels = instanceOf(env).kernels;
  const Span<float> x = args.floats(0);
  const Span<float> mean = args.floats(1);
  const Span<float> variance = args.floats(2);
  const Span<float> offset = args.floats(3);
  const Span<float> scale = args.floats(4);
  const Span<float> out = args.floats(5);
  const double epsilon = args.number(6);
  const Size C = mean.length;
  const Size rows = C == 0 ? 0 : x.length / C;
  args.require(kernels != nullptr && x.length == rows * C && variance.length == C && isAbsentOr(C, offset) &&
                   isAbsentOr(C, scale) && out.length == x.length,
               "batchNorm: expected operands that fit together");
  if (!args.areValid()) return nullptr;
  kernels->batchNorm({x.data, mean.data, variance.data, offset.data, scale.data, out.data, rows, C, epsilon});
  return nullptr;
}

/** x, scale, bias and skip | null from the arguments at `first` on, epsilon and whether a ReLU follows from those at `last`. */
BatchNormTrainingArguments batchNormOperands(Arguments& args, Size first, Size last, const char* expected) {
  const Span<float> x = args.floats(first);
  const Span<float> scale = args.floats(first + 1);
  const Span<float> bias = args.floats(first + 2);
  const Span<float> skip = args.floats(first + 3);
  const double epsilon = args.number(last);
  const bool rectifies = args.size(last + 1) != 0;
  const Size C = scale.length;
  const Size rows = C == 0 ? 0 : x.length / C;
  args.require(rows > 0 && x.length == rows * C && bias.length == C && isAbsentOr(x.length, skip), expected);
  return {x.data, scale.data, bias.data, skip.data, rows, C, epsilon, rectifies};
}

/** batchNormTraining(x, scale, bias, skip | null, out, mean, variance, epsilon, rectifies). */
napi_value batchNormTraining(napi_env env, napi_callback_info info) {
  constexpr const char* EXPECTED = "batchNormTraining: expected operands that fit together";
  Arguments args(env, info);
  const Kernels* const kernels = instanceOf(env).kernels;
  const BatchNormTrainingArguments operands = batchNormOperands(args, 0, 7, EXPECTED);
  const Span<float> out = args.floats(4);
  const Span<float> mean = args.floats(5);
  const Span<float> variance = args.floats(6);
  args.require(kernels != nullptr && out.length == operands.rows * operands.C && mean.length == operands.C &&
                   variance.length == operands.C,
               EXPECTED);
  if (args.areValid()) kernels->batchNormTraining(operands, {out.data, mean.data, variance.data});
  return nullptr;
}

/** batchNormTrainingGradient(dy, x, scale, bias, skip | null, dx, dScale, dBias, dSkip | null, epsilon, rectifies). */
napi_value batchNormTrainingGradient(napi_env env, napi_callback_info info) {
  constexpr const char* EXPECTED = "batchNormTrainingGradient: expected operands that fit together";
  Arguments args(env, info);
  const Kernels* const kernels = instanceOf(env).kernels;
  const Span<float> dy = args.floats(0);
  const BatchNormTrainingArguments operands = batchNormOperands(args, 1, 9, EXPECTED);
  const Span<float> dx = args.floats(5);
  const Span<float> dScale = args.floats(6);
  const Span<float> dBias = args.floats(7);
  const Span<float> dSkip = args.floats(8);
  const Size size = operands.rows * operands.C;
  args.require(kernels != nullptr && dy.length == size && dx.length == size && dScale.length == operands.C &&
                   dBias.length == operands.C && isAbsentOr(size, dSkip) &&
                   (dSkip.data == nullptr) == (operands.skip == nullptr),
               EXPECTED);
  if (args.areValid()) {
    kernels->batchNormTrainingGradient(operands, dy.data, {dx.data, dScale.data, dBias.data, dSkip.data});
  }
  return nullptr;
}

}  // namespace

const Export CONVOLUTIONS[13] = {
    {"convolution", convolution},
    {"convolutionInputGradient", convolutionInputGradient},
    {"convolutionFilterGradient", convolutionFilterGradient},
    {"depthwise", depthwise},
    {"depthwiseInputGradient", depthwiseInputGradient},
    {"depthwiseFilterGradient", depthwiseFilterGradient},
    {"maxPool", maxPool},
    {"maxPoolGradient", maxPoolGradient},
    {"averagePool", averagePool},
    {"averagePoolGradient", averagePoolGradient},
    {"batchNorm", batchNorm},
    {"batchNormTraining", batchNormTraining},
    {"batchNormTrainingGradient", batchNormTrainingGradient},
};

}  // namespace patchlens
