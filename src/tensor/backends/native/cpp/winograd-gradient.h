// The gradient of a 3×3 filter at stride 1 with four ninths of the multiplications. The filter's points meet the pixels' in a
// product each (winograd.h), so the gradient is a product each too, of the pixels' points and the outputs' own, summed over
// all tiles before it is taken back to the taps.
#pragma once

#include <atomic>

#include "winograd.h"

namespace patchlens {

/** Two outputs' gradients at the points: `fromPoints` transposed. */
template <class S, class V = typename S::V>
void outputsToPoints(const V y[2], V out[4]) {
  out[0] = y[0];
  out[1] = y[0] + y[1];
  out[2] = y[0] - y[1];
  out[3] = y[1];
}

/** Three taps' gradients from those at the points: `tapsToPoints` transposed. */
template <class S, class V = typename S::V>
void pointsToTaps(const V m[4], V out[3]) {
  const V even = (m[1] + m[2]) * 0.5f;
  out[0] = m[0] + even;
  out[1] = (m[1] - m[2]) * 0.5f;
  out[2] = even + m[3];
}

/** The most floats of partial sums at the points. */
constexpr size_t MOST_POINT_SUMS = size_t{8} << 20;

/** Whether that of the filter is: where its sums are small enough for several threads' own. */
inline bool isWinogradFilterGradient(const Windows& w, size_t N) {
  return isWinogradGradient(w, N) && WinogradTile::POINTS * w.C * N * 4 <= MOST_POINT_SUMS;
}

/** The tiles are cut into stretches by the shape alone, and so is the rounding the same, whatever the threads. */
template <class S>
class WinogradFilterGradient {
 public:
  explicit WinogradFilterGradient(const ConvolutionFilterGradientArguments& args)
      : args_(args),
        w_(args.windows),
        tiles_(tilesOf(w_)),
        stretches_(least(least(MOST_STRETCHES, MOST_POINT_SUMS / sumsFloats()), ceilDivide(tiles_, BLOCK))),
        stride_((ceilDivide(w_.C, LINE) | 1) * LINE),
        pixelsSpan_(BLOCK * stride_ + LINE),
        outputsSpan_(packedSize<S>(BLOCK, args.N) + LINE) {}

  /** False where a sum is not finite: one pixel reaches all taps of its tile, also those that do not see it. */
  bool compute() const {
    float* const sums = scratch(Scratch::shared, stretches_ * sumsFloats());
    parallel(stretches_, [&](size_t i) {
      sumOver(sums + i * sumsFloats(), tiles_ * i / stretches_, tiles_ * (i + 1) / stretches_);
    });
    return takeBack(sums);
  }

 private:
  using Tile = WinogradTile;
  using V = typename S::V;
  static constexpr size_t COLUMNS = TILE_COLUMNS<S>;
  static constexpr size_t LINE = CACHE_LINE / sizeof(float);
  /** Tiles that are at all points at once, which is the depth of a product. */
  static constexpr size_t BLOCK = 96;
  /** Several for each of the threads that a machine may have. */
  static constexpr size_t MOST_STRETCHES = 16;

  size_t sumsFloats() const { return Tile::POINTS * w_.C * args_.N; }

  /** The sums at the points [16, C, N] over tiles [first, end). */
  void sumOver(float* sums, size_t first, size_t end) const {
    const size_t zeroFloats = wholeLines(w_.C > args_.N ? w_.C : args_.N);
    float* const zeros = scratch(Scratch::own, zeroFloats + Tile::POINTS * (pixelsSpan_ + outputsSpan_));
    std::memset(zeros, 0, zeroFloats * sizeof(float));
    float* const pixels = zeros + zeroFloats;
    float* const outputs = pixels + Tile::POINTS * pixelsSpan_;
    for (size_t tile = first; tile < end; tile += BLOCK) {
      const size_t count = least(BLOCK, end - tile);
      for (size_t i = 0; i < count; i++) {
        const TilePlace place = placeOf(w_, tile + i);
        spreadPixels(place, zeros, pixels + i * stride_);
        spreadOutputs(place, zeros, outputs, i, count);
      }
      for (size_t point = 0; point < Tile::POINTS; point++) {
        multiply({pixels + point * pixelsSpan_, stride_}, outputs + point * outputsSpan_, count,
                 sums + point * w_.C * args_.N, tile > first);
      }
    }
  }

  void spreadPixels(const TilePlace& place, const float* zeros, float* out) const {
    const PixelsOfTile pixels(args_.x, w_, place, zeros);
    for (size_t c = 0; c < w_.C; c += S::W) pixelsToPoints<S>(pixels.at, out + c, pixelsSpan_, c, w_.C - c);
  }

  /** The outputs' gradients of a tile as row i of panels of `depth` rows. */
  void spreadOutputs(const TilePlace& place, const float* zeros, float* panels, size_t i, size_t depth) const {
    const size_t N = args_.N;
    const float* at[Tile::OUTPUTS][Tile::OUTPUTS];
    for (size_t y = 0; y < Tile::OUTPUTS; y++) {
      for (size_t x = 0; x < Tile::OUTPUTS; x++) {
        const bool isOutput = place.y + y < w_.Oh && place.x + x < w_.Ow;
        at[y][x] = isOutput ? args_.dy + ((place.image * w_.Oh + place.y + y) * w_.Ow + place.x + x) * N : zeros;
      }
    }
    for (size_t n = 0; n < ceilDivide(N, COLUMNS) * COLUMNS; n += S::W) {
      float* const out = panels + (n / COLUMNS * depth + i) * COLUMNS + n % COLUMNS;
      V columns[Tile::OUTPUTS][Tile::PIXELS];
      for (size_t x = 0; x < Tile::OUTPUTS; x++) {
        V column[Tile::OUTPUTS];
        for (size_t y = 0; y < Tile::OUTPUTS; y++) column[y] = n < N ? S::loadFirst(at[y][x] + n, N - n) : V{};
        outputsToPoints<S>(column, columns[x]);
      }
      for (size_t y = 0; y < Tile::PIXELS; y++) {
        const V row[Tile::OUTPUTS] = {columns[0][y], columns[1][y]};
        V points[Tile::PIXELS];
        outputsToPoints<S>(row, points);
        for (size_t x = 0; x < Tile::PIXELS; x++) S::store(out + (y * Tile::PIXELS + x) * outputsSpan_, points[x]);
      }
    }
  }

  void multiply(Columns pixels, const float* outputs, size_t depth, float* sums, bool accumulate) const {
    const size_t C = w_.C, N = args_.N;
    for (size_t n = 0; n < N; n += COLUMNS) {
      for (size_t c = 0; c < C; c += S::TILE_ROWS) {
        multiplyRows<S>(pixels.from(c), outputs + n * depth, depth, sums + c * N + n, N, least(S::TILE_ROWS, C - c),
                        least(COLUMNS, N - n), accumulate);
      }
    }
  }

  /** dFilter from the stretches' sums, added in order. */
  bool takeBack(const float* sums) const {
    const size_t size = w_.C * args_.N;
    constexpr size_t STEP = size_t{1} << 10;
    std::atomic<bool> isFinite{true};
    parallel(ceilDivide(size, STEP), [&](size_t task) {
      const size_t end = least((task + 1) * STEP, size);
      V strangers{};
      for (size_t i = task * STEP; i < end; i += S::W) strangers = strangers + takeBackVector(sums, i, end - i);
      if (S::sumOf(strangers) != 0) isFinite.store(false, std::memory_order_relaxed);
    });
    return isFinite.load(std::memory_order_relaxed);
  }

  /** Zeros, or NaN where a gradient is not finite. */
  V takeBackVector(const float* sums, size_t i, size_t rest) const {
    const size_t size = w_.C * args_.N;
    V columns[Tile::PIXELS][3];
    for (size_t x = 0; x < Tile::PIXELS; x++) {
      V column[Tile::PIXELS];
      for (size_t y = 0; y < Tile::PIXELS; y++) {
        const float* const at = sums + (y * Tile::PIXELS + x) * size + i;
        column[y] = S::loadFirst(at, rest);
        for (size_t s = 1; s < stretches_; s++) column[y] = column[y] + S::loadFirst(at + s * sumsFloats(), rest);
      }
      pointsToTaps<S>(column, columns[x]);
    }
    V strangers{};
    for (size_t y = 0; y < 3; y++) {
      const V row[Tile::PIXELS] = {columns[0][y], columns[1][y], columns[2][y], columns[3][y]};
      V taps[3];
      pointsToTaps<S>(row, taps);
      for (size_t x = 0; x < 3; x++) {
        strangers = strangers + (taps[x] - taps[x]);
        S::storeFirst(args_.dFilter + (y * 3 + x) * size + i, taps[x], rest);
      }
    }
    return strangers;
  }

  const ConvolutionFilterGradientArguments& args_;
  const Windows& w_;
  size_t tiles_, stretches_, stride_, pixelsSpan_, outputsSpan_;
};

}  // namespace patchlens
