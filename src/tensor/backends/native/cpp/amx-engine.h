#pragma once

#include "paired-product.h"

namespace patchlens {

/**
 * Blocks of C by the tile registers of AMX: four sums of 16 × 16, so that each tile of A and of B that is loaded takes part
 * in two products. T has the tile instructions, or imitates them.
 */
template <class T>
struct AmxEngine {
  static constexpr size_t ROWS = 32;
  /** Rows come in whole tiles. */
  static constexpr size_t GRAIN = 16;
  using Session = typename T::Session;

  static void multiply(const Operands& operands, size_t steps, float* c, size_t cStride, size_t rows, bool accumulate) {
    if (rows > GRAIN) multiplyTiles<true>(operands, steps, c, cStride, accumulate);
    else multiplyTiles<false>(operands, steps, c, cStride, accumulate);
  }

 private:
  // Tile registers: sums 0…3, row by row; of A 4 above 5; of B 6 left of 7.
  template <bool TALL>
  static void multiplyTiles(const Operands& operands, size_t steps, float* c, size_t cStride, bool accumulate) {
    const size_t stride = cStride * sizeof(float);
    float* const below = c + 16 * cStride;
    if (accumulate) {
      T::template load<0>(c, stride);
      T::template load<1>(c + 16, stride);
      if constexpr (TALL) {
        T::template load<2>(below, stride);
        T::template load<3>(below + 16, stride);
      }
    } else {
      T::template clear<0>();
      T::template clear<1>();
      T::template clear<2>();
      T::template clear<3>();
    }
    for (size_t i = 0; i < operands.count; i++) addTerm<TALL>(operands.a[i], operands.aStride, operands.panel[i], steps);
    T::template store<0>(c, stride);
    T::template store<1>(c + 16, stride);
    if constexpr (TALL) {
      T::template store<2>(below, stride);
      T::template store<3>(below + 16, stride);
    }
  }

  template <bool TALL>
  static void addTerm(const uint16_t* a, size_t aStride, const uint16_t* panel, size_t steps) {
    const size_t stride = aStride * sizeof(uint16_t);
    constexpr size_t PANEL_STRIDE = 2 * PANEL_COLUMNS * sizeof(uint16_t);
    for (size_t step = 0; step < steps; step++, a += STEP_DEPTH, panel += STEP_DEPTH * PANEL_COLUMNS) {
      T::template load<6>(panel, PANEL_STRIDE);
      T::template load<4>(a, stride);
      T::template load<7>(panel + PANEL_COLUMNS, PANEL_STRIDE);
      T::template multiply<0, 4, 6>();
      T::template multiply<1, 4, 7>();
      if constexpr (TALL) {
        T::template load<5>(a + 16 * aStride, stride);
        T::template multiply<2, 5, 6>();
        T::template multiply<3, 5, 7>();
      }
    }
  }
};

}  // namespace patchlens
