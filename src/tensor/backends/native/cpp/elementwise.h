#pragma once

#include "functions.h"
#include "gemm.h"
#include "thread-pool.h"

namespace patchlens {

/** Floats that a task of an element-wise kernel takes. */
constexpr size_t TASK_FLOATS = size_t{1} << 14;

template <class S>
void activate(const float* x, float* out, size_t size, Activation activation) {
  withActivation(activation, [=](auto constant) {
    parallel(ceilDivide(size, TASK_FLOATS), [=](size_t task) {
      const size_t end = least((task + 1) * TASK_FLOATS, size);
      for (size_t i = task * TASK_FLOATS; i < end; i += S::W) {
        S::storeFirst(out + i, activated<S>(constant, S::loadFirst(x + i, end - i)), end - i);
      }
    });
  });
}

template <class T>
inline T combine(Binary operation, T a, T b) {
  switch (operation) {
    case Binary::add:
      return a + b;
    case Binary::subtract:
      return a - b;
    case Binary::multiply:
      return a * b;
    case Binary::divide:
      return a / b;
  }
  return a;
}

/** One run along the last axis, where an operand moves on or stays: steps of 1 or 0. */
template <class S>
void combineRun(Binary operation, const float* a, bool aMoves, const float* b, bool bMoves, float* out, size_t size) {
  using V = typename S::V;
  for (size_t i = 0; i < size; i += S::W) {
    const size_t rest = size - i;
    const V x = aMoves ? S::loadFirst(a + i, rest) : S::splat(*a);
    const V y = bMoves ? S::loadFirst(b + i, rest) : S::splat(*b);
    S::storeFirst(out + i, combine<V>(operation, x, y), rest);
  }
}

template <class S>
void binary(const BinaryArguments& args) {
  const size_t last = args.rank - 1;
  const size_t length = args.shape[last];
  size_t runs = 1;
  for (size_t axis = 0; axis < last; axis++) runs *= args.shape[axis];
  // A run is cut too, because operands of one shape are one long run.
  const size_t pieces = ceilDivide(length, TASK_FLOATS);
  const size_t runsPerTask = length >= TASK_FLOATS ? 1 : ceilDivide(TASK_FLOATS, length + 1);
  parallel(ceilDivide(runs, runsPerTask) * pieces, [&](size_t task) {
    const size_t start = task % pieces * TASK_FLOATS;
    const size_t size = least(TASK_FLOATS, length - start);
    const size_t first = task / pieces * runsPerTask;
    for (size_t run = first; run < least(first + runsPerTask, runs); run++) {
      size_t a = args.aStrides[last] * start;
      size_t b = args.bStrides[last] * start;
      for (size_t axis = last, index = run; axis-- > 0; index /= args.shape[axis]) {
        a += index % args.shape[axis] * args.aStrides[axis];
        b += index % args.shape[axis] * args.bStrides[axis];
      }
      float* const out = args.out + run * length + start;
      combineRun<S>(args.operation, args.a + a, args.aStrides[last] != 0, args.b + b, args.bStrides[last] != 0, out, size);
    }
  });
}

}  // namespace patchlens
