// The kernels as functions of JavaScript; addon.ts on that side says what each takes. They run on the caller's typed
// arrays in place and return when they are done.
#include "addon.h"

#include "isa.h"
#include "thread-pool.h"

namespace patchlens {
namespace {

/** INTERFACE on the TypeScript side: a binary of another version is not called. */
constexpr double INTERFACE = 9;

/** instructionSets() → names of those that this processor runs, fastest first. */
napi_value instructionSets(napi_env env, napi_callback_info) {
  napi_value names;
  napi_create_array(env, &names);
  for (uint32_t i = 0; const Kernels* each = runnableKernels(i); i++) {
    napi_value name;
    napi_create_string_utf8(env, each->name, NAPI_AUTO_LENGTH, &name);
    napi_set_element(env, names, i, name);
  }
  return names;
}

/** A precision among the arguments. */
Precision precisionAt(Arguments& args, Size index) {
  const Size code = args.size(index);
  args.require(code <= 2, "expected a precision");
  return Precision(code);
}

/** select(index in instructionSets(), number of threads) → the precision that `auto` takes. */
napi_value select(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Kernels* const chosen = runnableKernels(args.size(0));
  const Size count = args.size(1);
  args.require(chosen != nullptr && count >= 1, "select: expected the index of an instruction set and a thread or more");
  if (!args.areValid()) return nullptr;
  instanceOf(env).kernels = chosen;
  setThreads(count);
  napi_value precision;
  napi_create_int32(env, int32_t(chosen->automatic), &precision);
  return precision;
}

/** floatsToLine(array) → floats before the first cache line that begins in it. */
napi_value floatsToLine(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Span<float> array = args.floats(0);
  if (!args.areValid()) return nullptr;
  napi_value floats;
  napi_create_int32(env, int32_t(aligned(array) - array.data), &floats);
  return floats;
}

/** packedLength(K, N, precision) → floats of the array that `pack` fills. */
napi_value packedLength(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Kernels* const kernels = instanceOf(env).kernels;
  const Size K = args.size(0);
  const Size N = args.size(1);
  const Precision precision = precisionAt(args, 2);
  args.require(kernels != nullptr, "packedLength: expected a call of select before");
  if (!args.areValid()) return nullptr;
  napi_value length;
  napi_create_double(env, double(kernels->packedSize(K, N, precision) + PADDING), &length);
  return length;
}

/** pack(matrix, packed, K, N, precision). */
napi_value pack(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Kernels* const kernels = instanceOf(env).kernels;
  const Span<float> matrix = args.floats(0);
  const Span<float> packed = args.floats(1);
  const Size K = args.size(2);
  const Size N = args.size(3);
  const Precision precision = precisionAt(args, 4);
  args.require(kernels != nullptr && matrix.length == K * N && packed.length == kernels->packedSize(K, N, precision) + PADDING,
               "pack: expected arrays of the sizes of the matrix and of its packed form");
  if (args.areValid()) kernels->pack(matrix.data, aligned(packed), K, N, precision);
  return nullptr;
}

/** linear(x, packed, bias | null, residual | null, out, [M, N, K], activation, precision). */
napi_value linear(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Kernels* const kernels = instanceOf(env).kernels;
  const Span<float> x = args.floats(0);
  const Span<float> packed = args.floats(1);
  const Span<float> bias = args.floats(2);
  const Span<float> residual = args.floats(3);
  const Span<float> out = args.floats(4);
  const Span<int32_t> sizes = args.sizes(5, 3);
  const Size activation = args.size(6);
  const Precision precision = precisionAt(args, 7);
  if (!args.areValid()) return nullptr;
  const Size M = Size(sizes.data[0]);
  const Size N = Size(sizes.data[1]);
  const Size K = Size(sizes.data[2]);
  args.require(kernels != nullptr && x.length == M * K && packed.length == kernels->packedSize(K, N, precision) + PADDING &&
                   isAbsentOr(N, bias) && isAbsentOr(M * N, residual) && out.length == M * N && activation < ACTIVATIONS,
               "linear: expected operands of the sizes given");
  if (!args.areValid()) return nullptr;
  kernels->linear({x.data, aligned(packed), bias.data, residual.data, out.data, M, N, K, Activation(activation), precision});
  return nullptr;
}

/** matMul(a, b, out, pairs, [M, N, K, matrices in a, matrices in b], transpose a | transpose b << 1). */
napi_value matMul(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Kernels* const kernels = instanceOf(env).kernels;
  const Span<float> a = args.floats(0);
  const Span<float> b = args.floats(1);
  const Span<float> out = args.floats(2);
  const Span<int32_t> pairs = args.integers(3);
  const Span<int32_t> sizes = args.sizes(4, 5);
  const Size transposed = args.size(5);
  if (!args.areValid()) return nullptr;
  const Size M = Size(sizes.data[0]);
  const Size N = Size(sizes.data[1]);
  const Size K = Size(sizes.data[2]);
  const Size batch = pairs.length / 2;
  args.require(kernels != nullptr && a.length == Size(sizes.data[3]) * M * K &&
                   b.length == Size(sizes.data[4]) * K * N && out.length == batch * M * N,
               "matMul: expected operands of the sizes given");
  for (Size i = 0; i < 2 * batch && args.areValid(); i++) {
    const int32_t index = pairs.data[i];
    args.require(index >= 0 && index < sizes.data[i % 2 == 0 ? 3 : 4], "matMul: expected indices inside the batches");
  }
  if (!args.areValid()) return nullptr;
  kernels->matMul({a.data, b.data, out.data, pairs.data, batch, M, N, K, (transposed & 1) != 0, (transposed & 2) != 0});
  return nullptr;
}

/** attention(q, k, v, mask | null, out, weights | null, [B, H, Nq, Nk, Dh, Dvh, maskB, maskH], scale, precision). */
napi_value attention(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Kernels* const kernels = instanceOf(env).kernels;
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
  args.require(kernels != nullptr && q.length == B * H * Nq * Dh && k.length == B * H * Nk * Dh &&
                   v.length == B * H * Nk * Dvh && out.length == B * H * Nq * Dvh &&
                   isAbsentOr(B * H * Nq * Nk, weights) && isAbsentOr(size(6) * size(7) * Nq * Nk, mask) &&
                   (size(6) == 1 || size(6) == B) && (size(7) == 1 || size(7) == H),
               "attention: expected operands of the sizes given");
  if (!args.areValid()) return nullptr;
  kernels->attention({q.data, k.data, v.data, mask.data, out.data, weights.data, B, H, Nq, Nk, Dh, Dvh, size(6), size(7), scale, precision});
  return nullptr;
}

/** layerNorm(x, scale, bias, out, epsilon). */
napi_value layerNorm(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Kernels* const kernels = instanceOf(env).kernels;
  const Span<float> x = args.floats(0);
  const Span<float> scale = args.floats(1);
  const Span<float> bias = args.floats(2);
  const Span<float> out = args.floats(3);
  const double epsilon = args.number(4);
  const Size D = scale.length;
  const Size rows = D == 0 ? 0 : x.length / D;
  args.require(kernels != nullptr && bias.length == D && x.length == rows * D && out.length == x.length,
               "layerNorm: expected operands that fit together");
  if (!args.areValid()) return nullptr;
  kernels->layerNorm({x.data, scale.data, bias.data, out.data, rows, D, float(epsilon)});
  return nullptr;
}

/** activate(x, out, activation). */
napi_value activate(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Kernels* const kernels = instanceOf(env).kernels;
  const Span<float> x = args.floats(0);
  const Span<float> out = args.floats(1);
  const Size activation = args.size(2);
  args.require(kernels != nullptr && out.length == x.length && activation < ACTIVATIONS, "activate: expected arrays of one size");
  if (args.areValid()) kernels->activate(x.data, out.data, x.length, Activation(activation));
  return nullptr;
}

/** softmax(x, out, D). */
napi_value softmax(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Kernels* const kernels = instanceOf(env).kernels;
  const Span<float> x = args.floats(0);
  const Span<float> out = args.floats(1);
  const Size D = args.size(2);
  const Size rows = D == 0 ? 0 : x.length / D;
  args.require(kernels != nullptr && out.length == x.length && x.length == rows * D, "softmax: expected whole rows");
  if (args.areValid()) kernels->softmax(x.data, out.data, rows, D);
  return nullptr;
}

/** Whether the last element that strides reach lies inside an operand. */
bool reaches(Span<float> operand, const size_t* shape, const size_t* strides, Size rank) {
  Size last = 0;
  for (Size axis = 0; axis < rank; axis++) last += (shape[axis] - 1) * strides[axis];
  return last < operand.length;
}

/** binary(a, b, out, operation, [shape…, strides of a…, strides of b…]); no axis is empty. */
napi_value binary(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Kernels* const kernels = instanceOf(env).kernels;
  const Span<float> a = args.floats(0);
  const Span<float> b = args.floats(1);
  const Span<float> out = args.floats(2);
  const Size operation = args.size(3);
  const Size rank = args.integers(4).length / 3;
  const Span<int32_t> layout = args.sizes(4, 3 * rank);
  args.require(kernels != nullptr && operation <= 3 && rank >= 1 && rank <= MAX_AXES,
               "binary: expected an operation and one to six axes");
  if (!args.areValid()) return nullptr;
  BinaryArguments arguments{a.data, b.data, out.data, Binary(operation), rank, {}, {}, {}};
  Size size = 1;
  for (Size axis = 0; axis < rank; axis++) {
    arguments.shape[axis] = Size(layout.data[axis]);
    arguments.aStrides[axis] = Size(layout.data[rank + axis]);
    arguments.bStrides[axis] = Size(layout.data[2 * rank + axis]);
    size *= arguments.shape[axis];
  }
  args.require(size > 0 && out.length == size && reaches(a, arguments.shape, arguments.aStrides, rank) &&
                   reaches(b, arguments.shape, arguments.bStrides, rank),
               "binary: expected strides inside the operands");
  if (args.areValid()) kernels->binary(arguments);
  return nullptr;
}

/** activationGradient(dy, x, dx, activation). */
napi_value activationGradient(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Kernels* const kernels = instanceOf(env).kernels;
  const Span<float> dy = args.floats(0);
  const Span<float> x = args.floats(1);
  const Span<float> dx = args.floats(2);
  const Size activation = args.size(3);
  args.require(kernels != nullptr && dy.length == x.length && dx.length == x.length && activation < ACTIVATIONS,
               "activationGradient: expected arrays of one size");
  if (args.areValid()) kernels->activationGradient(dy.data, x.data, dx.data, x.length, Activation(activation));
  return nullptr;
}

/** layerNormGradient(dy, x, scale, dx, dScale, dBias, epsilon). */
napi_value layerNormGradient(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Kernels* const kernels = instanceOf(env).kernels;
  const Span<float> dy = args.floats(0);
  const Span<float> x = args.floats(1);
  const Span<float> scale = args.floats(2);
  const Span<float> dx = args.floats(3);
  const Span<float> dScale = args.floats(4);
  const Span<float> dBias = args.floats(5);
  const double epsilon = args.number(6);
  const Size D = scale.length;
  const Size rows = D == 0 ? 0 : x.length / D;
  args.require(kernels != nullptr && x.length == rows * D && dy.length == x.length && dx.length == x.length &&
                   dScale.length == D && dBias.length == D,
               "layerNormGradient: expected operands that fit together");
  if (!args.areValid()) return nullptr;
  kernels->layerNormGradient({dy.data, x.data, scale.data, dx.data, dScale.data, dBias.data, rows, D, float(epsilon)});
  return nullptr;
}

/**
 * attentionGradient(q, k, v, mask | null, dOut, dWeights | null, dq | null, dk | null, dv | null, dMask | null,
 * [B, H, Nq, Nk, Dh, Dvh, maskB, maskH], scale): of the mask where there is a place for it, else of q, k and v.
 */
napi_value attentionGradient(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Kernels* const kernels = instanceOf(env).kernels;
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
  args.require(kernels != nullptr && q.length == queries && k.length == keys && v.length == values &&
                   isAbsentOr(planes, mask) && dOut.length == B * H * Nq * Dvh && isAbsentOr(B * H * Nq * Nk, dWeights) &&
                   (size(6) == 1 || size(6) == B) && (size(7) == 1 || size(7) == H) &&
                   (ofMask ? mask.data != nullptr && dMask.length == planes
                           : dq.length == queries && dk.length == keys && dv.length == values),
               "attentionGradient: expected operands of the sizes given");
  if (!args.areValid()) return nullptr;
  const AttentionGradientArguments arguments{q.data, k.data, v.data, mask.data, dOut.data, dWeights.data, dq.data, dk.data,
                                             dv.data, dMask.data, B, H, Nq, Nk, Dh, Dvh, size(6), size(7), scale};
  (ofMask ? kernels->attentionMaskGradient : kernels->attentionGradient)(arguments);
  return nullptr;
}

/** reduceSum(x, out, [outer, R, inner], factor). */
napi_value reduceSum(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Kernels* const kernels = instanceOf(env).kernels;
  const Span<float> x = args.floats(0);
  const Span<float> out = args.floats(1);
  const Span<int32_t> sizes = args.sizes(2, 3);
  const float factor = float(args.number(3));
  if (!args.areValid()) return nullptr;
  const Size outer = Size(sizes.data[0]), R = Size(sizes.data[1]), inner = Size(sizes.data[2]);
  args.require(kernels != nullptr && x.length == outer * R * inner && out.length == outer * inner,
               "reduceSum: expected operands of the sizes given");
  if (args.areValid()) kernels->reduceSum({x.data, out.data, outer, R, inner, factor});
  return nullptr;
}

/** stridedCopy(x, offset in x, out, offset in out, [shape…, strides in x…, strides in out…]); no axis is empty. */
napi_value stridedCopy(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Kernels* const kernels = instanceOf(env).kernels;
  const Span<float> x = args.floats(0);
  const Size xOffset = args.size(1);
  const Span<float> out = args.floats(2);
  const Size outOffset = args.size(3);
  const Size rank = args.integers(4).length / 3;
  const Span<int32_t> layout = args.sizes(4, 3 * rank);
  args.require(kernels != nullptr && rank >= 2 && rank <= MAX_AXES && xOffset <= x.length && outOffset <= out.length,
               "stridedCopy: expected two to six axes and offsets inside the arrays");
  if (!args.areValid()) return nullptr;
  CopyArguments arguments{x.data + xOffset, out.data + outOffset, rank, {}, {}, {}};
  for (Size axis = 0; axis < rank; axis++) {
    arguments.shape[axis] = Size(layout.data[axis]);
    arguments.xStrides[axis] = Size(layout.data[rank + axis]);
    arguments.outStrides[axis] = Size(layout.data[2 * rank + axis]);
    args.require(arguments.shape[axis] > 0, "stridedCopy: expected no empty axis");
  }
  if (!args.areValid()) return nullptr;
  args.require(reaches({arguments.out, out.length - outOffset}, arguments.shape, arguments.outStrides, rank) &&
                   reaches({x.data, x.length - xOffset}, arguments.shape, arguments.xStrides, rank),
               "stridedCopy: expected strides inside the arrays");
  if (args.areValid()) kernels->stridedCopy(arguments);
  return nullptr;
}

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
  const Kernels* const kernels = instanceOf(env).kernels;
  const Span<uint8_t> x = args.bytes(0);
  const Size width = args.size(1);
  const Span<uint8_t> out = args.bytes(2);
  const Size height = width == 0 ? 0 : x.length / width / 3;
  args.require(kernels != nullptr && x.length == width * height * 3, "resample: expected whole rows of pixels");
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
  kernels->resample({x.data, out.data, width, height, first, end - first, horizontal, vertical});
  return nullptr;
}

constexpr Export EXPORTS[] = {
    {"instructionSets", instructionSets},
    {"select", select},
    {"floatsToLine", floatsToLine},
    {"packedLength", packedLength},
    {"pack", pack},
    {"linear", linear},
    {"matMul", matMul},
    {"attention", attention},
    {"layerNorm", layerNorm},
    {"activate", activate},
    {"softmax", softmax},
    {"binary", binary},
    {"activationGradient", activationGradient},
    {"layerNormGradient", layerNormGradient},
    {"attentionGradient", attentionGradient},
    {"reduceSum", reduceSum},
    {"stridedCopy", stridedCopy},
    {"resample", resample},
};

}  // namespace
}  // namespace patchlens

NAPI_MODULE_INIT() {
  using patchlens::Instance;
  const auto destroy = [](napi_env, void* instance, void*) { delete static_cast<Instance*>(instance); };
  napi_set_instance_data(env, new Instance(), destroy, nullptr);
  napi_value version;
  napi_create_double(env, patchlens::INTERFACE, &version);
  napi_set_named_property(env, exports, "interface", version);
  patchlens::define(env, exports, patchlens::EXPORTS);
  patchlens::define(env, exports, patchlens::CONVOLUTIONS);
  return exports;
}
