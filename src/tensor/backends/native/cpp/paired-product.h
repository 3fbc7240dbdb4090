#pragma once

#include "bfloat16.h"
#include "gemm.h"

namespace patchlens {

/** Deep a step of the tile instructions goes: sixteen pairs. */
constexpr size_t STEP_DEPTH = 32;
constexpr size_t PANEL_COLUMNS = 32;

/** Where an engine's operands lie, term by term; rows of A are `aStride` bfloat16 apart. */
struct Operands {
  const uint16_t* a[NUM_TERMS];
  const uint16_t* panel[NUM_TERMS];
  size_t aStride;
  size_t count;
};

/**
 * The product of operands of PARTS bfloat16 each, by instructions that multiply pairs of them. The engine E computes one
 * block of C. Packed, B [K, N] is [PARTS][⌈N/32⌉ panels][⌈K/32⌉·16 pairs][32 columns][2], A [M, K] is
 * [PARTS][⌈M/16⌉·16][⌈K/32⌉·32], zero where they are no part of the matrix.
 */
template <class S, class E, size_t PARTS>
struct PairedProduct {
  static_assert(TILE_COLUMNS<S> == PANEL_COLUMNS, "a panel of two vectors of sixteen");

  static constexpr size_t ROWS = E::ROWS;
  /** Steps of a block: the panel's block, 512 deep in all parts together, takes 32 KiB of the first-level cache. */
  static constexpr size_t BLOCK_STEPS = 16 / PARTS;
  /** Rows of A whose block of depth stays in the second-level cache while it meets one panel after another. */
  static constexpr size_t BLOCK_ROWS = 288 / E::ROWS * E::ROWS;

  static size_t packedFloats(size_t K, size_t N) { return PARTS * panelFloats(K) * ceilDivide(N, PANEL_COLUMNS); }

  static void packPanels(const float* b, size_t stride, bool transposed, float* packed, size_t K, size_t N, size_t first, size_t last) {
    const size_t span = panelFloats(K) * ceilDivide(N, PANEL_COLUMNS);
    for (size_t p = first; p < last; p++) {
      const size_t columns = least(PANEL_COLUMNS, N - p * PANEL_COLUMNS);
      for (size_t step = 0; step < steps(K); step++) {
        const size_t k = step * STEP_DEPTH;
        const size_t depth = least(STEP_DEPTH, K - k);
        float* const target = packed + p * panelFloats(K) + step * STEP_FLOATS;
        alignas(64) float square[STEP_DEPTH * PANEL_COLUMNS] = {};
        if (transposed) packTransposedPanel<S>(b + p * PANEL_COLUMNS * stride + k, stride, square, depth, columns);
        else packPanel<S>(b + k * stride + p * PANEL_COLUMNS, stride, square, depth, columns);
        for (size_t part = 0; part < PARTS; part++) pairRows(square, target + part * span, part);
      }
    }
  }

  static size_t preparedFloats(size_t M, size_t K) { return PARTS * paddedRows(M) * paddedDepth(K) / 2; }

  static void prepareRows(const float* a, size_t stride, float* prepared, size_t M, size_t K, size_t first, size_t last) {
    uint16_t* const out = reinterpret_cast<uint16_t*>(prepared);
    const size_t depth = paddedDepth(K);
    for (size_t part = 0; part < PARTS; part++) {
      uint16_t* const target = out + part * paddedRows(M) * depth;
      for (size_t r = first; r < last; r++) roundRow(a + r * stride, target + r * depth, K, part);
      if (last == M) std::memset(target + M * depth, 0, (paddedRows(M) - M) * depth * sizeof(uint16_t));
    }
  }

  static void multiplyPart(const float*, size_t, const float* prepared, const float* packed, float* c, size_t cStride, size_t M, size_t N, size_t K, Part part, const Epilogue& epilogue) {
    [[maybe_unused]] const typename E::Session session;
    // At least one block, because K = 0 still has to write its zeros.
    const size_t blocks = steps(K) == 0 ? 1 : ceilDivide(steps(K), BLOCK_STEPS);
    const size_t most = ceilDivide(steps(K), blocks);
    for (size_t block = 0; block < blocks; block++) {
      const size_t first = block * most;
      const size_t count = least(most, steps(K) - first);
      const bool accumulate = epilogue.accumulate || block > 0;
      const bool isLast = block + 1 == blocks && !epilogue.isNothing();
      for (size_t mBlock = part.m0; mBlock < part.m1; mBlock += BLOCK_ROWS) {
        const size_t mEnd = least(mBlock + BLOCK_ROWS, part.m1);
        for (size_t p = part.p0; p < part.p1; p++) {
          const size_t columns = least(PANEL_COLUMNS, N - p * PANEL_COLUMNS);
          for (size_t m = mBlock; m < mEnd; m += E::ROWS) {
            const size_t rows = least(E::ROWS, mEnd - m);
            const size_t at = m * cStride + p * PANEL_COLUMNS;
            multiplyBlock(operands(prepared, packed, M, N, K, m, p, first), count, c + at, cStride, rows, columns, accumulate);
            if (!isLast) continue;
            finishTile<S>(c + at, cStride, c, {at, cStride, p * PANEL_COLUMNS, rows, columns}, epilogue);
          }
        }
      }
    }
  }

 private:
  /** A pair of bfloat16 takes the place of a float. */
  static constexpr size_t STEP_FLOATS = STEP_DEPTH / 2 * PANEL_COLUMNS;

  static size_t steps(size_t K) { return ceilDivide(K, STEP_DEPTH); }
  static size_t paddedDepth(size_t K) { return steps(K) * STEP_DEPTH; }
  static size_t paddedRows(size_t M) { return ceilDivide(M, 16) * 16; }
  static size_t panelFloats(size_t K) { return steps(K) * STEP_FLOATS; }

  /** Rows 2i and 2i + 1 of a square of floats, side by side in row i: the even one in the lower half. */
  static void pairRows(const float* square, float* out, size_t part) {
    using U = typename S::U;
    for (size_t k = 0; k < STEP_DEPTH; k += 2, square += 2 * PANEL_COLUMNS, out += PANEL_COLUMNS) {
      for (size_t n = 0; n < PANEL_COLUMNS; n += S::W) {
        const U even = roundedBits<S>(partOf<S>(S::load(square + n), part));
        const U odd = roundedBits<S>(partOf<S>(S::load(square + PANEL_COLUMNS + n), part));
        S::store(out + n, reinterpret_cast<typename S::V>(odd | (even >> 16)));
      }
    }
  }

  static void roundRow(const float* x, uint16_t* out, size_t K, size_t part) {
    typedef uint16_t Half __attribute__((vector_size(S::W * sizeof(uint16_t))));
    for (size_t k = 0; k < paddedDepth(K); k += S::W) {
      const auto value = k < K ? S::loadFirst(x + k, K - k) : typename S::V{};
      const Half half = __builtin_convertvector(roundedBits<S>(partOf<S>(value, part)) >> 16, Half);
      std::memcpy(out + k, &half, sizeof half);
    }
  }

  static Operands operands(const float* prepared, const float* packed, size_t M, size_t N, size_t K, size_t m, size_t p, size_t step) {
    const uint16_t* const a = reinterpret_cast<const uint16_t*>(prepared);
    const size_t depth = paddedDepth(K);
    const size_t span = panelFloats(K) * ceilDivide(N, PANEL_COLUMNS);
    Operands result{{}, {}, depth, 0};
    for (size_t i = firstTerm(PARTS); i < NUM_TERMS; i++, result.count++) {
      result.a[result.count] = a + (TERMS[i].a * paddedRows(M) + m) * depth + step * STEP_DEPTH;
      result.panel[result.count] = reinterpret_cast<const uint16_t*>(packed + TERMS[i].b * span + p * panelFloats(K) + step * STEP_FLOATS);
    }
    return result;
  }

  /** The engine writes whole vectors, and as many rows as it likes to; at the edges of C into a block of our own. */
  static void multiplyBlock(const Operands& operands, size_t steps, float* c, size_t cStride, size_t rows, size_t columns, bool accumulate) {
    if (columns == PANEL_COLUMNS && rows % E::GRAIN == 0) {
      return E::multiply(operands, steps, c, cStride, rows, accumulate);
    }
    alignas(64) float edge[E::ROWS * PANEL_COLUMNS];
    if (accumulate) copyBlock(c, cStride, edge, PANEL_COLUMNS, rows, columns);
    E::multiply(operands, steps, edge, PANEL_COLUMNS, rows, accumulate);
    copyBlock(edge, PANEL_COLUMNS, c, cStride, rows, columns);
  }

  static void copyBlock(const float* from, size_t fromStride, float* to, size_t toStride, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++) std::memcpy(to + r * toStride, from + r * fromStride, columns * sizeof(float));
  }
};

}  // namespace patchlens
