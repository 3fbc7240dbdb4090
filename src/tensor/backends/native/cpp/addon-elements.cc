// Kernels that go through arrays element by element, or row by row, as functions of JavaScript.
#include "addon.h"

namespace patchlens {
namespace {

/** activate(x, out, activation). */
napi_value activate(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Span<float> x = args.floats(0);
  const Span<float> out = args.floats(1);
  const Size activation = args.size(2);
  args.require(out.length == x.length && activation < ACTIVATIONS, "activate: expected arrays of one size");
  if (args.areValid()) kernelsOf(env).activate(x.data, out.data, x.length, Activation(activation));
  return nullptr;
}

/** activationGradient(dy, x, dx, activation). */
napi_value activationGradient(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Span<float> dy = args.floats(0);
  const Span<float> x = args.floats(1);
  const Span<float> dx = args.floats(2);
  const Size activation = args.size(3);
  args.require(dy.length == x.length && dx.length == x.length && activation < ACTIVATIONS,
               "activationGradient: expected arrays of one size");
  if (args.areValid()) kernelsOf(env).activationGradient(dy.data, x.data, dx.data, x.length, Activation(activation));
  return nullptr;
}

/** softmax(x, out, D). */
napi_value softmax(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Span<float> x = args.floats(0);
  const Span<float> out = args.floats(1);
  const Size D = args.size(2);
  const Size rows = D == 0 ? 0 : x.length / D;
  args.require(out.length == x.length && x.length == rows * D, "softmax: expected whole rows");
  if (args.areValid()) kernelsOf(env).softmax(x.data, out.data, rows, D);
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
  const Span<float> a = args.floats(0);
  const Span<float> b = args.floats(1);
  const Span<float> out = args.floats(2);
  const Size operation = args.size(3);
  const Size rank = args.integers(4).length / 3;
  const Span<int32_t> layout = args.sizes(4, 3 * rank);
  args.require(operation <= 3 && rank >= 1 && rank <= MAX_AXES,
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
  if (args.areValid()) kernelsOf(env).binary(arguments);
  return nullptr;
}

/** reduceSum(x, out, [outer, R, inner], factor). */
napi_value reduceSum(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Span<float> x = args.floats(0);
  const Span<float> out = args.floats(1);
  const Span<int32_t> sizes = args.sizes(2, 3);
  const float factor = float(args.number(3));
  if (!args.areValid()) return nullptr;
  const Size outer = Size(sizes.data[0]), R = Size(sizes.data[1]), inner = Size(sizes.data[2]);
  args.require(x.length == outer * R * inner && out.length == outer * inner,
               "reduceSum: expected operands of the sizes given");
  if (args.areValid()) kernelsOf(env).reduceSum({x.data, out.data, outer, R, inner, factor});
  return nullptr;
}

/** stridedCopy(x, offset in x, out, offset in out, [shape…, strides in x…, strides in out…]); no axis is empty. */
napi_value stridedCopy(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Span<float> x = args.floats(0);
  const Size xOffset = args.size(1);
  const Span<float> out = args.floats(2);
  const Size outOffset = args.size(3);
  const Size rank = args.integers(4).length / 3;
  const Span<int32_t> layout = args.sizes(4, 3 * rank);
  args.require(rank >= 2 && rank <= MAX_AXES && xOffset <= x.length && outOffset <= out.length,
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
  if (args.areValid()) kernelsOf(env).stridedCopy(arguments);
  return nullptr;
}

}  // namespace

void defineElements(napi_env env, napi_value module) {
  define(env, module, {
      {"activate", activate},
      {"activationGradient", activationGradient},
      {"softmax", softmax},
      {"binary", binary},
      {"reduceSum", reduceSum},
      {"stridedCopy", stridedCopy},
  });
}

}  // namespace patchlens
