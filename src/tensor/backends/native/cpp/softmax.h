#pragma once

#include "functions.h"
#include "gemm.h"
#include "thread-pool.h"

namespace patchlens {

/** out = x·scale + mask over D floats, mask perhaps null; returns the greatest. A NaN among them may go unseen here. */
template <class S>
float scaleRow(const float* x, const float* mask, float* out, size_t D, float scale) {
  using V = typename S::V;
  const V factor = S::splat(scale);
  V greatest = S::splat(-__builtin_inff());
  for (size_t i = 0; i < D; i += S::W) {
    const size_t rest = D - i;
    V value = S::loadFirst(x + i, rest) * factor;
    if (mask != nullptr) value = value + S::loadFirst(mask + i, rest);
    S::storeFirst(out + i, value, rest);
    if (rest < S::W) value = S::firstLanes(rest) ? value : greatest;
    greatest = value > greatest ? value : greatest;
  }
  return S::greatestOf(greatest);
}

/**
 * row = e^(row − greatest); returns the sum. A row with NaN or +∞, or of −∞ alone, has a NaN there, which reaches every
 * weight when they are divided by the sum.
 */
template <class S>
float exponentiateRow(float* row, size_t D, float greatest) {
  using V = typename S::V;
  const V shift = S::splat(greatest);
  V sum{};
  for (size_t i = 0; i < D; i += S::W) {
    const size_t rest = D - i;
    V value = exponential<S>(S::loadFirst(row + i, rest) - shift);
    S::storeFirst(row + i, value, rest);
    if (rest < S::W) value = S::firstLanes(rest) ? value : V{};
    sum = sum + value;
  }
  return S::sumOf(sum);
}

template <class S>
void multiplyRow(const float* x, float* out, size_t D, float factor) {
  const auto factors = S::splat(factor);
  for (size_t i = 0; i < D; i += S::W) S::storeFirst(out + i, S::loadFirst(x + i, D - i) * factors, D - i);
}

template <class S>
void addRow(const float* x, float* sum, size_t D) {
  for (size_t i = 0; i < D; i += S::W) S::storeFirst(sum + i, S::loadFirst(sum + i, D - i) + S::loadFirst(x + i, D - i), D - i);
}

/** Rows that a task takes together: some ten thousand floats. */
inline size_t rowsPerTask(size_t D) { return ceilDivide(size_t{1} << 14, D + 1); }

template <class S>
void softmax(const float* x, float* out, size_t rows, size_t D) {
  const size_t step = rowsPerTask(D);
  parallel(ceilDivide(rows, step), [=](size_t task) {
    const size_t end = least((task + 1) * step, rows);
    for (size_t r = task * step; r < end; r++) {
      float* const row = out + r * D;
      const float greatest = scaleRow<S>(x + r * D, nullptr, row, D, 1);
      multiplyRow<S>(row, row, D, 1 / exponentiateRow<S>(row, D, greatest));
    }
  });
}

}  // namespace patchlens
