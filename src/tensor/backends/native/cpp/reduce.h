#pragma once

#include "gemm.h"
#include "scratch.h"
#include "thread-pool.h"

namespace patchlens {

/** Floats of the input that a task of a reduction takes. */
constexpr size_t REDUCE_FLOATS = size_t{1} << 16;

/** Sum of a run of D floats: in blocks, so that the rounding of a long one grows with the square root of its length. */
template <class S>
double sumOfRun(const float* x, size_t D) {
  using V = typename S::V;
  constexpr size_t BLOCK = 64 * S::W;
  double sum = 0;
  for (size_t start = 0; start < D; start += BLOCK) {
    const size_t end = least(start + BLOCK, D);
    V even{};
    V odd{};
    size_t i = start;
    for (; i + 2 * S::W <= end; i += 2 * S::W) {
      even = even + S::load(x + i);
      odd = odd + S::load(x + i + S::W);
    }
    for (; i < end; i += S::W) even = even + S::loadFirst(x + i, end - i);
    sum += double(S::sumOf(even + odd));
  }
  return sum;
}

/** out [inner] = the sum of `rows` rows of x, times a factor. */
template <class S>
void sumOfRows(const float* x, float* out, size_t rows, size_t inner, float factor) {
  // As much of a row at a time as stays in the first-level cache while the rows are added to it.
  constexpr size_t CHUNK = 1024;
  for (size_t start = 0; start < inner; start += CHUNK) {
    const size_t end = least(start + CHUNK, inner);
    for (size_t i = start; i < end; i += S::W) S::storeFirst(out + i, typename S::V{}, end - i);
    for (size_t r = 0; r < rows; r++) {
      const float* const row = x + r * inner;
      for (size_t i = start; i < end; i += S::W) {
        S::storeFirst(out + i, S::loadFirst(out + i, end - i) + S::loadFirst(row + i, end - i), end - i);
      }
    }
    for (size_t i = start; factor != 1 && i < end; i += S::W) {
      S::storeFirst(out + i, S::loadFirst(out + i, end - i) * factor, end - i);
    }
  }
}

/** The rows of [outer, R, inner] are added in groups of one size, whatever the number of threads, and then the groups. */
template <class S>
void sumOfGroups(const ReduceArguments& args) {
  const size_t size = ceilDivide(REDUCE_FLOATS, args.inner);
  const size_t groups = args.R <= size ? 1 : ceilDivide(args.R, size);
  float* const partial = groups == 1 ? args.out : scratch(Scratch::shared, args.outer * groups * args.inner);
  const auto add = [&](size_t task) {
    const size_t first = task % groups * size;
    const float* const rows = args.x + (task / groups * args.R + first) * args.inner;
    sumOfRows<S>(rows, partial + task * args.inner, least(size, args.R - first), args.inner, groups == 1 ? args.factor : 1);
  };
  const size_t tasks = args.outer * groups;
  const size_t each = groups == 1 ? ceilDivide(REDUCE_FLOATS, args.R * args.inner + 1) : 1;
  parallel(ceilDivide(tasks, each), [&](size_t i) {
    for (size_t task = i * each; task < least((i + 1) * each, tasks); task++) add(task);
  });
  if (groups == 1) return;
  parallel(args.outer, [&](size_t o) {
    sumOfRows<S>(partial + o * groups * args.inner, args.out + o * args.inner, groups, args.inner, args.factor);
  });
}

/** The sum over the middle axis of [outer, R, inner], times a factor. */
template <class S>
void reduceSum(const ReduceArguments& args) {
  if (args.outer == 0 || args.inner == 0) return;
  if (args.inner > 1) return sumOfGroups<S>(args);
  const size_t step = ceilDivide(REDUCE_FLOATS, args.R + 1);
  parallel(ceilDivide(args.outer, step), [&](size_t task) {
    for (size_t o = task * step; o < least((task + 1) * step, args.outer); o++) {
      args.out[o] = float(sumOfRun<S>(args.x + o * args.R, args.R) * double(args.factor));
    }
  });
}

}  // namespace patchlens
