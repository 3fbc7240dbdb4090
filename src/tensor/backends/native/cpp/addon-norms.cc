// Norms as functions of JavaScript.
#include "addon.h"

namespace patchlens {
namespace {

/** layerNorm(x, scale, bias, out, epsilon). */
napi_value layerNorm(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Span<float> x = args.floats(0);
  const Span<float> scale = args.floats(1);
  const Span<float> bias = args.floats(2);
  const Span<float> out = args.floats(3);
  const double epsilon = args.number(4);
  const Size D = scale.length;
  const Size rows = D == 0 ? 0 : x.length / D;
  args.require(bias.length == D && x.length == rows * D && out.length == x.length,
               "layerNorm: expected operands that fit together");
  if (!args.areValid()) return nullptr;
  kernelsOf(env).layerNorm({x.data, scale.data, bias.data, out.data, rows, D, float(epsilon)});
  return nullptr;
}

/** layerNormGradient(dy, x, scale, dx, dScale, dBias, epsilon). */
napi_value layerNormGradient(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Span<float> dy = args.floats(0);
  const Span<float> x = args.floats(1);
  const Span<float> scale = args.floats(2);
  const Span<float> dx = args.floats(3);
  const Span<float> dScale = args.floats(4);
  const Span<float> dBias = args.floats(5);
  const double epsilon = args.number(6);
  const Size D = scale.length;
  const Size rows = D == 0 ? 0 : x.length / D;
  args.require(x.length == rows * D && dy.length == x.length && dx.length == x.length &&
                   dScale.length == D && dBias.length == D,
               "layerNormGradient: expected operands that fit together");
  if (!args.areValid()) return nullptr;
  kernelsOf(env).layerNormGradient({dy.data, x.data, scale.data, dx.data, dScale.data, dBias.data, rows, D, float(epsilon)});
  return nullptr;
}

/** batchNorm(x, mean, variance, offset | null, scale | null, out, epsilon). */
napi_value batchNorm(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Span<float> x = args.floats(0);
  const Span<float> mean = args.floats(1);
  const Span<float> variance = args.floats(2);
  const Span<float> offset = args.floats(3);
  const Span<float> scale = args.floats(4);
  const Span<float> out = args.floats(5);
  const double epsilon = args.number(6);
  const Size C = mean.length;
  const Size rows = C == 0 ? 0 : x.length / C;
  args.require(x.length == rows * C && variance.length == C && isAbsentOr(C, offset) &&
                   isAbsentOr(C, scale) && out.length == x.length,
               "batchNorm: expected operands that fit together");
  if (!args.areValid()) return nullptr;
  kernelsOf(env).batchNorm({x.data, mean.data, variance.data, offset.data, scale.data, out.data, rows, C, epsilon});
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
  const BatchNormTrainingArguments operands = batchNormOperands(args, 0, 7, EXPECTED);
  const Span<float> out = args.floats(4);
  const Span<float> mean = args.floats(5);
  const Span<float> variance = args.floats(6);
  args.require(out.length == operands.rows * operands.C && mean.length == operands.C &&
                   variance.length == operands.C,
               EXPECTED);
  if (args.areValid()) kernelsOf(env).batchNormTraining(operands, {out.data, mean.data, variance.data});
  return nullptr;
}

/** batchNormTrainingGradient(dy, x, scale, bias, skip | null, dx, dScale, dBias, dSkip | null, epsilon, rectifies). */
napi_value batchNormTrainingGradient(napi_env env, napi_callback_info info) {
  constexpr const char* EXPECTED = "batchNormTrainingGradient: expected operands that fit together";
  Arguments args(env, info);
  const Span<float> dy = args.floats(0);
  const BatchNormTrainingArguments operands = batchNormOperands(args, 1, 9, EXPECTED);
  const Span<float> dx = args.floats(5);
  const Span<float> dScale = args.floats(6);
  const Span<float> dBias = args.floats(7);
  const Span<float> dSkip = args.floats(8);
  const Size size = operands.rows * operands.C;
  args.require(dy.length == size && dx.length == size && dScale.length == operands.C &&
                   dBias.length == operands.C && isAbsentOr(size, dSkip) &&
                   (dSkip.data == nullptr) == (operands.skip == nullptr),
               EXPECTED);
  if (args.areValid()) {
    kernelsOf(env).batchNormTrainingGradient(operands, dy.data, {dx.data, dScale.data, dBias.data, dSkip.data});
  }
  return nullptr;
}

}  // namespace

void defineNorms(napi_env env, napi_value module) {
  define(env, module, {
      {"layerNorm", layerNorm},
      {"layerNormGradient", layerNormGradient},
      {"batchNorm", batchNorm},
      {"batchNormTraining", batchNormTraining},
      {"batchNormTrainingGradient", batchNormTrainingGradient},
  });
}

}  // namespace patchlens
