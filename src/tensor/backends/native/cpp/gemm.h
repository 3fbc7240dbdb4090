// Matrix products after Goto & van de Geijn (2008): B is packed into panels as wide as a tile, a tile of C stays in
// registers while it passes over a block of depth, and the block's panel stays in the first-level cache.
#pragma once

#include <cmath>

#include "functions.h"
#include "kernels.h"
#include "scratch.h"
#include "thread-pool.h"
#include "vector.h"

namespace patchlens {

template <class S>
constexpr size_t TILE_COLUMNS = 2 * S::W;

/** Depth of a block: its panel (256·16 or 192·32 floats) and a tile's rows of A fit into a first-level cache. */
template <class S>
constexpr size_t BLOCK_DEPTH = S::W > 8 ? 192 : 256;

/** Rows of a block: 240·256 floats of A stay in a second-level cache of 512 KiB while they meet one panel after another. */
template <class S>
constexpr size_t BLOCK_ROWS = 240 / S::TILE_ROWS * S::TILE_ROWS;

constexpr size_t ceilDivide(size_t a, size_t b) { return (a + b - 1) / b; }
constexpr size_t least(size_t a, size_t b) { return a < b ? a : b; }

/** What happens to C after its last block of depth: activation(product + bias + skip) + residual. Null members do not. */
struct Epilogue {
  /** [N] */
  const float* bias = nullptr;
  /** As C, like the residual. */
  const float* skip = nullptr;
  Activation activation = Activation::none;
  const float* residual = nullptr;
  /** The product is added to what C holds already, before all else. */
  bool accumulate = false;

  /** Whether C is whole as soon as its sums are. */
  bool isNothing() const {
    return bias == nullptr && skip == nullptr && residual == nullptr && activation == Activation::none;
  }
  /** Whether a `Clamp` says it all. */
  bool isClamp() const {
    const bool bounds = activation == Activation::none || activation == Activation::relu || activation == Activation::relu6;
    return bounds && residual == nullptr;
  }
  /** The same of a C that begins at `place` of this one's memory, at the beginning of a row. */
  Epilogue from(size_t place) const {
    Epilogue moved = *this;
    if (skip != nullptr) moved.skip = skip + place;
    if (residual != nullptr) moved.residual = residual + place;
    return moved;
  }
  float least() const { return activation == Activation::none ? -INFINITY : 0; }
  float most() const { return activation == Activation::relu6 ? 6 : INFINITY; }
};

/** Floats of a packed [K, N] matrix: panels [⌈N/columns⌉][K][columns]. */
template <class S>
size_t packedSize(size_t K, size_t N) {
  return ceilDivide(N, TILE_COLUMNS<S>) * K * TILE_COLUMNS<S>;
}

/** Packs one panel of B [K, N], `columns` of it there, the others zero. */
template <class S>
void packPanel(const float* b, size_t stride, float* panel, size_t K, size_t columns) {
  for (size_t k = 0; k < K; k++, b += stride, panel += TILE_COLUMNS<S>) {
    const size_t rest = columns > S::W ? columns - S::W : 0;
    S::store(panel, S::loadFirst(b, columns));
    S::store(panel + S::W, rest == 0 ? typename S::V{} : S::loadFirst(b + S::W, rest));
  }
}

/** Packs one panel of B given as its transpose [N, K]. */
template <class S>
void packTransposedPanel(const float* b, size_t stride, float* panel, size_t K, size_t columns) {
  constexpr size_t C = TILE_COLUMNS<S>;
  // Sixteen columns of the panel by sixteen deep at a time: whole cache lines are read and written.
  for (size_t start = 0; start < K; start += C) {
    const size_t end = least(start + C, K);
    for (size_t n = 0; n < C; n++) {
      for (size_t k = start; k < end; k++) panel[k * C + n] = n < columns ? b[n * stride + k] : 0.0f;
    }
  }
}

/** Panels [first, last) of B [K, N], or of its transpose, into their places in `packed`. */
template <class S>
void packPanels(const float* b, size_t stride, bool transposed, float* packed, size_t K, size_t N, size_t first, size_t last) {
  constexpr size_t C = TILE_COLUMNS<S>;
  for (size_t p = first; p < last; p++) {
    const size_t columns = least(C, N - p * C);
    float* const panel = packed + p * K * C;
    if (transposed) packTransposedPanel<S>(b + p * C * stride, stride, panel, K, columns);
    else packPanel<S>(b + p * C, stride, panel, K, columns);
  }
}

/** A as it is stored: rows `stride` floats apart. */
struct Rows {
  const float* a;
  size_t stride;

  float operator()(size_t r, size_t k) const { return a[r * stride + k]; }
  Rows from(size_t r) const { return {a + r * stride, stride}; }
};

/** A stored as its transpose: columns `stride` floats apart. */
struct Columns {
  const float* a;
  size_t stride;

  float operator()(size_t r, size_t k) const { return a[k * stride + r]; }
  Columns from(size_t r) const { return {a + r, stride}; }
};

/** The end of an epilogue whose activation is none or a ReLU: clamp(product + bias + skip), at one tile of C. */
struct Clamp {
  const float* bias;
  const float* skip;
  float least, most;
};

/**
 * Where a tile of C goes, the sums that it is added to, null where it is the first, and what happens to it while it is in
 * registers.
 */
struct Tile {
  float* c;
  size_t cStride;
  const float* sums;
  size_t sumsStride;
  size_t rows, columns;
  const Clamp* clamp = nullptr;
};

/** NaN stays NaN. */
template <class S, class V = typename S::V>
V clamped(V x, V least, V most) {
  const V bounded = S::atLeast(x, least);
  return bounded > most ? most : bounded;
}

/** All rows of a tile, clamped; part of its caller, so that they stay in registers. */
template <class S, size_t ROWS>
__attribute__((always_inline)) inline void storeClamped(const Tile& tile, const typename S::V* left, const typename S::V* right) {
  using V = typename S::V;
  const Clamp& clamp = *tile.clamp;
  const size_t rest = tile.columns > S::W ? tile.columns - S::W : 0;
  const V least = S::splat(clamp.least);
  const V most = S::splat(clamp.most);
  const V biasLeft = clamp.bias == nullptr ? V{} : S::loadFirst(clamp.bias, tile.columns);
  const V biasRight = clamp.bias == nullptr || rest == 0 ? V{} : S::loadFirst(clamp.bias + S::W, rest);
#pragma GCC unroll 16
  for (size_t r = 0; r < ROWS; r++) {
    V a = left[r] + biasLeft;
    V b = right[r] + biasRight;
    const size_t place = r * tile.cStride;
    if (tile.sums != nullptr) {
      a = a + S::loadFirst(tile.sums + r * tile.sumsStride, tile.columns);
      if (rest > 0) b = b + S::loadFirst(tile.sums + r * tile.sumsStride + S::W, rest);
    }
    if (clamp.skip != nullptr) {
      a = a + S::loadFirst(clamp.skip + place, tile.columns);
      if (rest > 0) b = b + S::loadFirst(clamp.skip + place + S::W, rest);
    }
    S::storeFirst(tile.c + place, clamped<S>(a, least, most), tile.columns);
    if (rest > 0) S::storeFirst(tile.c + place + S::W, clamped<S>(b, least, most), rest);
  }
}

/** One row of a tile: two vectors, or the columns of them that there are. */
template <class S>
void storeRow(const Tile& tile, size_t r, typename S::V left, typename S::V right) {
  float* const c = tile.c + r * tile.cStride;
  const float* const sums = tile.sums + r * tile.sumsStride;
  if (tile.columns == TILE_COLUMNS<S>) {
    S::store(c, tile.sums == nullptr ? left : left + S::load(sums));
    S::store(c + S::W, tile.sums == nullptr ? right : right + S::load(sums + S::W));
    return;
  }
  S::storeFirst(c, tile.sums == nullptr ? left : left + S::loadFirst(sums, tile.columns), tile.columns);
  if (tile.columns <= S::W) return;
  const size_t rest = tile.columns - S::W;
  S::storeFirst(c + S::W, tile.sums == nullptr ? right : right + S::loadFirst(sums + S::W, rest), rest);
}

/** One tile of A·B: ROWS rows of A, one panel of B. */
template <class S, size_t ROWS, class A>
void multiplyTile(A a, const float* panel, size_t K, const Tile& tile) {
  using V = typename S::V;
  V left[ROWS]{};
  V right[ROWS]{};
  for (size_t k = 0; k < K; k++, panel += TILE_COLUMNS<S>) {
    const V b0 = S::load(panel);
    const V b1 = S::load(panel + S::W);
#pragma GCC unroll 16
    for (size_t r = 0; r < ROWS; r++) {
      const V x = S::splat(a(r, k));
      left[r] = S::fma(x, b0, left[r]);
      right[r] = S::fma(x, b1, right[r]);
    }
  }
  if (tile.clamp != nullptr) return storeClamped<S, ROWS>(tile, left, right);
#pragma GCC unroll 16
  for (size_t r = 0; r < ROWS; r++) storeRow<S>(tile, r, left[r], right[r]);
}

/** `multiplyTile` of a tile with at most TILE_ROWS rows. */
template <class S, size_t ROWS = S::TILE_ROWS, class A>
void multiplyRows(A a, const float* panel, size_t K, const Tile& tile) {
  if constexpr (ROWS > 1) {
    if (tile.rows < ROWS) return multiplyRows<S, ROWS - 1>(a, panel, K, tile);
  }
  multiplyTile<S, ROWS>(a, panel, K, tile);
}

/** C (+)= A·B of one tile. */
template <class S, class A>
void multiplyRows(A a, const float* panel, size_t K, float* c, size_t cStride, size_t rows, size_t columns, bool accumulate) {
  multiplyRows<S>(a, panel, K, {c, cStride, accumulate ? c : nullptr, cStride, rows, columns});
}

/** Rows and columns of C from `place` in its memory on, which is in column `column`. */
struct Region {
  size_t place, stride, column, rows, columns;
};

/** `finishTile` with one activation. */
template <class S, Activation activation>
void finishRows(const float* product, size_t productStride, float* c, const Region& region, const Epilogue& epilogue) {
  const float* const bias = epilogue.bias == nullptr ? nullptr : epilogue.bias + region.column;
  for (size_t r = 0; r < region.rows; r++, product += productStride) {
    const size_t row = region.place + r * region.stride;
    for (size_t n = 0; n < region.columns; n += S::W) {
      const size_t count = region.columns - n;
      auto value = S::loadFirst(product + n, count);
      if (bias != nullptr) value = value + S::loadFirst(bias + n, count);
      if (epilogue.skip != nullptr) value = value + S::loadFirst(epilogue.skip + row + n, count);
      value = activated<S, activation>(value);
      if (epilogue.residual != nullptr) value = value + S::loadFirst(epilogue.residual + row + n, count);
      S::storeFirst(c + row + n, value, count);
    }
  }
}

/** The epilogue of a region of C, whose product has rows `productStride` floats apart and may lie in its place. */
template <class S>
void finishTile(const float* product, size_t productStride, float* c, const Region& region, const Epilogue& epilogue) {
  // By reference: a copy of all these would be written in words and read in vectors, which waits for the words.
  withActivation(epilogue.activation, [&](auto constant) {
    finishRows<S, constant.value>(product, productStride, c, region, epilogue);
  });
}

/** A part of C: rows [m0, m1) and panels [p0, p1). */
struct Part {
  size_t m0, m1, p0, p1;
};

/** Where a product finds A: in memory, as it is. */
struct Stored {
  const float* a;
  size_t stride;

  /** Rows from m on, at most BLOCK_ROWS, and in them columns from k on, at most BLOCK_DEPTH. */
  Rows block(size_t m, size_t, size_t k, size_t) const { return {a + m * stride + k, stride}; }

  /** Whole rows from m on, for which nothing has to be gathered. */
  Rows rows(size_t m, size_t, size_t, float*) const { return {a + m * stride, stride}; }
  size_t gatheredFloats(size_t, size_t) const { return 0; }
};

/** Brings the floats that are needed next into the second-level cache, a share of them each time. */
class Ahead {
 public:
  Ahead(const float* from, size_t floats, size_t times)
      : at_(from), end_(from + floats), step_(ceilDivide(ceilDivide(floats, LINE), times) * LINE) {}

  void fetch() {
    const float* const end = size_t(end_ - at_) < step_ ? end_ : at_ + step_;
    for (; at_ < end; at_ += LINE) __builtin_prefetch(at_, 0, 2);
  }

 private:
  static constexpr size_t LINE = CACHE_LINE / sizeof(float);
  const float* at_;
  const float* end_;
  size_t step_;
};

/** Brings a tile's rows closer while its product is computed: no processor foresees lines that lie a row apart. */
inline void fetchRows(const float* from, size_t stride, size_t rows) {
  for (size_t r = 0; r < rows; r++) __builtin_prefetch(from + r * stride, 0, 3);
}

/** C = A·B with an epilogue on one part of C [M, N], on this thread. C has rows `cStride` floats apart. */
template <class S, class Source>
void multiplyPart(const Source& source, const float* packed, float* c, size_t cStride, size_t N, size_t K, Part part, const Epilogue& epilogue) {
  constexpr size_t C = TILE_COLUMNS<S>;
  // Blocks of nearly equal depth, none above the limit; at least one, because K = 0 still has to write its zeros.
  const size_t blocks = K <= BLOCK_DEPTH<S> ? 1 : ceilDivide(K, BLOCK_DEPTH<S>);
  const size_t depth = ceilDivide(K, blocks);
  for (size_t block = 0; block < blocks; block++) {
    const size_t k = block * depth;
    const size_t kSize = least(depth, K - k);
    const bool isLast = block + 1 == blocks && !epilogue.isNothing();
    for (size_t mBlock = part.m0; mBlock < part.m1; mBlock += BLOCK_ROWS<S>) {
      const size_t mEnd = least(mBlock + BLOCK_ROWS<S>, part.m1);
      const auto a = source.block(mBlock, mEnd - mBlock, k, kSize);
      for (size_t p = part.p0; p < part.p1; p++) {
        const size_t columns = least(C, N - p * C);
        const float* const panel = packed + (p * K + k) * C;
        // The next panel of this block; behind the last one the next block is too seldom begun to count.
        Ahead next(p + 1 < part.p1 ? panel + K * C : panel, p + 1 < part.p1 ? kSize * C : 0, ceilDivide(mEnd - mBlock, S::TILE_ROWS));
        for (size_t m = mBlock; m < mEnd; m += S::TILE_ROWS) {
          next.fetch();
          const size_t rows = least(S::TILE_ROWS, mEnd - m);
          const size_t place = m * cStride + p * C;
          const float* const sums = epilogue.accumulate || block > 0 ? c + place : nullptr;
          if (!isLast) {
            multiplyRows<S>(a.from(m - mBlock), panel, kSize, Tile{c + place, cStride, sums, cStride, rows, columns});
            continue;
          }
          if (epilogue.skip != nullptr) fetchRows(epilogue.skip + place, cStride, rows);
          if (epilogue.isClamp()) {
            const Clamp clamp{epilogue.bias == nullptr ? nullptr : epilogue.bias + p * C,
                              epilogue.skip == nullptr ? nullptr : epilogue.skip + place, epilogue.least(), epilogue.most()};
            multiplyRows<S>(a.from(m - mBlock), panel, kSize, Tile{c + place, cStride, sums, cStride, rows, columns, &clamp});
            continue;
          }
          // Not in C, whose rows often lie a multiple of 4 KiB apart: loads would wait there for the stores of other rows.
          alignas(CACHE_LINE) float product[S::TILE_ROWS * C];
          multiplyRows<S>(a.from(m - mBlock), panel, kSize, Tile{product, C, sums, cStride, rows, columns});
          finishTile<S>(product, C, c, {place, cStride, p * C, rows, columns}, epilogue);
        }
      }
    }
  }
}

/** How C is cut for the threads. Every element is summed in the same order whatever the cut. */
struct Cut {
  size_t rows, panels, rowParts, panelParts;

  Part operator[](size_t i) const {
    const size_t m = i / panelParts * rows;
    const size_t p = i % panelParts * panels;
    return {m, m + rows, p, p + panels};
  }
};

/** Products below this many multiplications are not worth waking a thread. */
constexpr size_t WORTH_A_THREAD = size_t{1} << 16;

template <class S>
Cut cutFor(size_t M, size_t N, size_t K, size_t tileRows = S::TILE_ROWS) {
  size_t tiles = ceilDivide(M, tileRows);
  size_t panels = ceilDivide(N, TILE_COLUMNS<S>);
  // Several parts a thread, taken as they come, so that all threads end at nearly the same time.
  const size_t wanted = M * N * K < WORTH_A_THREAD ? 1 : threads() == 1 ? 1 : 8 * threads();
  Cut cut{tiles, panels, 1, 1};
  while (cut.rowParts * cut.panelParts < wanted && (cut.rows > 1 || cut.panels > 1)) {
    // The longer side, if it has two halves.
    const bool isWide = cut.panels * TILE_COLUMNS<S> >= cut.rows * tileRows;
    size_t& side = cut.panels > 1 && (isWide || cut.rows == 1) ? cut.panels : cut.rows;
    side = ceilDivide(side, 2);
    cut.rowParts = ceilDivide(tiles, cut.rows);
    cut.panelParts = ceilDivide(panels, cut.panels);
  }
  cut.rows *= tileRows;
  return cut;
}

/** C = A·B with an epilogue, C [M, N] contiguous, on all threads. */
template <class S>
void multiply(const float* a, const float* packed, float* c, size_t M, size_t N, size_t K, const Epilogue& epilogue) {
  if (M == 0 || N == 0) return;
  const Cut cut = cutFor<S>(M, N, K);
  parallel(cut.rowParts * cut.panelParts, [&](size_t i) {
    Part part = cut[i];
    part.m1 = least(part.m1, M);
    part.p1 = least(part.p1, ceilDivide(N, TILE_COLUMNS<S>));
    multiplyPart<S>(Stored{a, K}, packed, c, N, N, K, part, epilogue);
  });
}

}  // namespace patchlens
