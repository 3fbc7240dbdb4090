// Matrix products as functions of JavaScript.
#include "addon.h"

namespace patchlens {
namespace {

/** packedLength(K, N, precision) → floats of the array that `pack` fills. */
napi_value packedLength(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Size K = args.size(0);
  const Size N = args.size(1);
  const Precision precision = precisionAt(args, 2);
  if (!args.areValid()) return nullptr;
  napi_value length;
  napi_create_double(env, double(kernelsOf(env).packedSize(K, N, precision) + PADDING), &length);
  return length;
}

/** pack(matrix, packed, K, N, precision). */
napi_value pack(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Span<float> matrix = args.floats(0);
  const Span<float> packed = args.floats(1);
  const Size K = args.size(2);
  const Size N = args.size(3);
  const Precision precision = precisionAt(args, 4);
  args.require(matrix.length == K * N && packed.length == kernelsOf(env).packedSize(K, N, precision) + PADDING,
               "pack: expected arrays of the sizes of the matrix and of its packed form");
  if (args.areValid()) kernelsOf(env).pack(matrix.data, aligned(packed), K, N, precision);
  return nullptr;
}

/** linear(x, packed, bias | null, residual | null, out, [M, N, K], activation, precision). */
napi_value linear(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
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
  args.require(x.length == M * K && packed.length == kernelsOf(env).packedSize(K, N, precision) + PADDING &&
                   isAbsentOr(N, bias) && isAbsentOr(M * N, residual) && out.length == M * N && activation < ACTIVATIONS,
               "linear: expected operands of the sizes given");
  if (!args.areValid()) return nullptr;
  kernelsOf(env).linear({x.data, aligned(packed), bias.data, residual.data, out.data, M, N, K, Activation(activation), precision});
  return nullptr;
}

/** matMul(a, b, out, pairs, [M, N, K, matrices in a, matrices in b], transpose a | transpose b << 1, precision). */
napi_value matMul(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Span<float> a = args.floats(0);
  const Span<float> b = args.floats(1);
  const Span<float> out = args.floats(2);
  const Span<int32_t> pairs = args.integers(3);
  const Span<int32_t> sizes = args.sizes(4, 5);
  const Size form = args.size(5);
  const Precision precision = precisionAt(args, 6);
  if (!args.areValid()) return nullptr;
  const Size M = Size(sizes.data[0]);
  const Size N = Size(sizes.data[1]);
  const Size K = Size(sizes.data[2]);
  const Size batch = pairs.length / 2;
  args.require(a.length == Size(sizes.data[3]) * M * K &&
                   b.length == Size(sizes.data[4]) * K * N && out.length == batch * M * N,
               "matMul: expected operands of the sizes given");
  for (Size i = 0; i < 2 * batch && args.areValid(); i++) {
    const int32_t index = pairs.data[i];
    args.require(index >= 0 && index < sizes.data[i % 2 == 0 ? 3 : 4], "matMul: expected indices inside the batches");
  }
  if (!args.areValid()) return nullptr;
  kernelsOf(env).matMul({a.data, b.data, out.data, pairs.data, batch, M, N, K, (form & 1) != 0, (form & 2) != 0, (form & 4) != 0, precision});
  return nullptr;
}

}  // namespace

void defineProducts(napi_env env, napi_value module) {
  define(env, module, {
      {"packedLength", packedLength},
      {"pack", pack},
      {"linear", linear},
      {"matMul", matMul},
  });
}

}  // namespace patchlens
