#pragma once

#include "paired-product.h"

namespace patchlens {

/** Blocks of C by vectors of pairs: D::dot adds the two products of each pair to a lane of float32. */
template <class S, class D>
struct VectorEngine {
  static constexpr size_t ROWS = S::TILE_ROWS;
  static constexpr size_t GRAIN = 1;
  struct Session {};

  template <size_t COUNT = ROWS>
  static void multiply(const Operands& operands, size_t steps, float* c, size_t cStride, size_t rows, bool accumulate) {
    if constexpr (COUNT > 1) {
      if (rows < COUNT) return multiply<COUNT - 1>(operands, steps, c, cStride, rows, accumulate);
    }
    multiplyRows<COUNT>(operands, steps, c, cStride, accumulate);
  }

 private:
  template <size_t COUNT>
  static void multiplyRows(const Operands& operands, size_t steps, float* c, size_t cStride, bool accumulate) {
    using V = typename S::V;
    using U = typename S::U;
    V left[COUNT]{};
    V right[COUNT]{};
    for (size_t i = 0; i < operands.count; i++) {
      const uint16_t* const a = operands.a[i];
      const uint16_t* panel = operands.panel[i];
      for (size_t k = 0; k < steps * STEP_DEPTH; k += 2, panel += 2 * PANEL_COLUMNS) {
        const U b0 = pairsAt(panel);
        const U b1 = pairsAt(panel + PANEL_COLUMNS);
#pragma GCC unroll 16
        for (size_t r = 0; r < COUNT; r++) {
          uint32_t pair;
          std::memcpy(&pair, a + r * operands.aStride + k, sizeof pair);
          const U x = U{} + pair;
          left[r] = D::dot(left[r], x, b0);
          right[r] = D::dot(right[r], x, b1);
        }
      }
    }
#pragma GCC unroll 16
    for (size_t r = 0; r < COUNT; r++, c += cStride) {
      S::store(c, accumulate ? left[r] + S::load(c) : left[r]);
      S::store(c + S::W, accumulate ? right[r] + S::load(c + S::W) : right[r]);
    }
  }

  static typename S::U pairsAt(const uint16_t* p) {
    typename S::U pairs;
    std::memcpy(&pairs, p, sizeof pairs);
    return pairs;
  }
};

}  // namespace patchlens
