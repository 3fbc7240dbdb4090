// Convolutions of 3×3 taps at stride 1 with four ninths of the multiplications: Winograd's minimal filtering F(2×2, 3×3)
// (Lavin & Gray 2016, section 4.1). 2×2 outputs come from 4×4 pixels: both are taken to the points 0, 1, −1 and ∞ of a
// polynomial along each axis, multiplied there as 16 matrices, and the products taken back. F(4×4, 3×3) has a quarter of the
// multiplications, F(2×4, 3×3) a third, and both rounded more than our tests allow a sum in float32.
#pragma once

#include "gemm.h"
#include "scratch.h"
#include "taps.h"

namespace patchlens {

/** A tile's outputs and pixels along an axis, and its points. */
struct WinogradTile {
  static constexpr size_t OUTPUTS = 2;
  static constexpr size_t PIXELS = 4;
  static constexpr size_t POINTS = PIXELS * PIXELS;
};

// These are of an instruction set, not of a type of vector, which two sets may share: the linker keeps one function of a name.

/** Three taps at the points, times what the inverse divides by. */
template <class S, class V = typename S::V>
void tapsToPoints(const V g[3], V out[4]) {
  const V even = (g[0] + g[2]) * 0.5f;
  const V odd = g[1] * 0.5f;
  out[0] = g[0];
  out[1] = even + odd;
  out[2] = even - odd;
  out[3] = g[2];
}

/** Four pixels at the points. */
template <class S, class V = typename S::V>
void toPoints(const V d[4], V out[4]) {
  out[0] = d[0] - d[2];
  out[1] = d[1] + d[2];
  out[2] = d[2] - d[1];
  out[3] = d[3] - d[1];
}

/** Two outputs from their products at the points. */
template <class S, class V = typename S::V>
void fromPoints(const V m[4], V out[2]) {
  out[0] = m[0] + (m[1] + m[2]);
  out[1] = (m[1] - m[2]) + m[3];
}

/** The tile's image and its first output. */
struct TilePlace {
  size_t image, y, x;
};

inline size_t tilesAlong(size_t outputs) { return ceilDivide(outputs, WinogradTile::OUTPUTS); }

inline size_t tilesOf(const Windows& w) { return w.B * tilesAlong(w.Oh) * tilesAlong(w.Ow); }

inline TilePlace placeOf(const Windows& w, size_t tile) {
  const size_t down = tilesAlong(w.Oh), across = tilesAlong(w.Ow);
  return {tile / across / down, tile / across % down * WinogradTile::OUTPUTS, tile % across * WinogradTile::OUTPUTS};
}

/** Where a tile's pixels begin; those beside the image are in `zeros`. */
struct PixelsOfTile {
  const float* at[WinogradTile::POINTS];

  PixelsOfTile(const float* x, const Windows& w, const TilePlace& place, const float* zeros) {
    for (size_t p = 0; p < WinogradTile::POINTS; p++) {
      const ptrdiff_t row = ptrdiff_t(place.y + p / WinogradTile::PIXELS) - w.top;
      const ptrdiff_t column = ptrdiff_t(place.x + p % WinogradTile::PIXELS) - w.left;
      const bool isPixel = row >= 0 && column >= 0 && row < ptrdiff_t(w.H) && column < ptrdiff_t(w.W);
      at[p] = isPixel ? x + ((place.image * w.H + size_t(row)) * w.W + size_t(column)) * w.C : zeros;
    }
  }
};

/** Channels [c, c + W) of a tile's pixels at the points, `span` floats from one point to the next; the first `rest` of them. */
template <class S, class V = typename S::V>
void pixelsToPoints(const float* const* at, float* out, size_t span, size_t c, size_t rest) {
  constexpr size_t PIXELS = WinogradTile::PIXELS;
  V rows[PIXELS][PIXELS];
  for (size_t x = 0; x < PIXELS; x++) {
    V column[PIXELS];
    for (size_t y = 0; y < PIXELS; y++) column[y] = S::loadFirst(at[y * PIXELS + x] + c, rest);
    toPoints<S>(column, rows[x]);
  }
  for (size_t y = 0; y < PIXELS; y++) {
    V row[PIXELS];
    V points[PIXELS];
    for (size_t x = 0; x < PIXELS; x++) row[x] = rows[x][y];
    toPoints<S>(row, points);
    for (size_t x = 0; x < PIXELS; x++) S::storeFirst(out + (y * PIXELS + x) * span, points[x], rest);
  }
}

/** Whether there are windows that can be computed so, with channels enough for products worth their transforms. */
inline bool fitsWinograd(const Windows& w, size_t N) {
  const bool isFit = w.Kh == 3 && w.Kw == 3 && w.strideY == 1 && w.strideX == 1 && w.dilationY == 1 && w.dilationX == 1;
  return isFit && w.C >= 16 && N >= 16;
}

/**
 * Whether a convolution is: with tiles enough for the transformed filter to be worth reading, which has 16 floats for each 9.
 * Those of one image, whose answer does not depend on the others in its batch.
 */
inline bool isWinograd(const Windows& w, size_t N) {
  return fitsWinograd(w, N) && tilesAlong(w.Oh) * tilesAlong(w.Ow) >= 16;
}

/** Whether its gradients are, which transform the filter anew: with tiles enough in the whole batch. */
inline bool isWinogradGradient(const Windows& w, size_t N) {
  return fitsWinograd(w, N) && (isWinograd(w, N) || tilesOf(w) >= 128);
}

/** Floats of a filter [3, 3, C, N] at all points, each a packed matrix [C, N]. */
template <class S>
size_t winogradSize(size_t C, size_t N) {
  return WinogradTile::POINTS * packedSize<S>(C, N);
}

template <class S>
void packWinograd(const float* filter, float* packed, size_t C, size_t N) {
  using V = typename S::V;
  constexpr size_t COLUMNS = TILE_COLUMNS<S>, PIXELS = WinogradTile::PIXELS;
  const size_t size = packedSize<S>(C, N);
  parallel(ceilDivide(N, COLUMNS), [=](size_t panel) {
    for (size_t c = 0; c < C; c++) {
      for (size_t v = 0; v < COLUMNS; v += S::W) {
        const size_t n = panel * COLUMNS + v;
        V rows[3][PIXELS];
        for (size_t y = 0; y < 3; y++) {
          V taps[3];
          for (size_t x = 0; x < 3; x++) taps[x] = n < N ? S::loadFirst(filter + ((y * 3 + x) * C + c) * N + n, N - n) : V{};
          tapsToPoints<S>(taps, rows[y]);
        }
        for (size_t x = 0; x < PIXELS; x++) {
          const V column[3] = {rows[0][x], rows[1][x], rows[2][x]};
          V points[PIXELS];
          tapsToPoints<S>(column, points);
          for (size_t y = 0; y < PIXELS; y++) {
            S::store(packed + (y * PIXELS + x) * size + (panel * C + c) * COLUMNS + v, points[y]);
          }
        }
      }
    }
  });
}

/** Calls body(i) for each i below `count` in order: what `parallel` is for a thread that works alone. */
struct InOrder {
  template <class Body>
  void operator()(size_t count, Body body) const {
    for (size_t i = 0; i < count; i++) body(i);
  }
};

struct OnAllThreads {
  template <class Body>
  void operator()(size_t count, Body body) const {
    parallel(count, body);
  }
};

/** One convolution: its tiles in a row, image by image, and a block of them at all points. */
template <class S>
class Winograd {
 public:
  explicit Winograd(const ConvolutionArguments& args)
      : args_(args),
        w_(args.windows),
        tiles_(tilesOf(w_)),
        block_(least(tiles_, BLOCK)),
        pixelsSpan_(spanOf(w_.C)),
        productsSpan_(spanOf(args.N)) {}

  /** Shared floats that `run` needs. */
  size_t sharedFloats() const { return areApart() ? 0 : spaceFloats(); }

  void run(float* shared) const {
    if (areApart()) {
      parallel(blocks(), [&](size_t i) { compute(i, scratch(Scratch::own, spaceFloats()), InOrder{}); });
      return;
    }
    for (size_t i = 0; i < blocks(); i++) compute(i, shared, OnAllThreads{});
  }

 private:
  using Tile = WinogradTile;
  using V = typename S::V;

  /** Tiles that are at all points at once: enough rows for the products, few enough for a second-level cache. */
  static constexpr size_t BLOCK = 72;
  /** Tiles that a thread takes at a time. */
  static constexpr size_t TASK = 4;
  /** Blocks for each thread from which on each is one thread's own: all wait for the slowest one once, not thrice a block. */
  static constexpr size_t BLOCKS_APART = 4;

  size_t blocks() const { return ceilDivide(tiles_, block_); }
  bool areApart() const { return blocks() >= BLOCKS_APART * threads(); }

  /** Floats from one point's matrix to the next: a line more, because all would begin in one set of the cache. */
  size_t spanOf(size_t columns) const { return wholeLines(block_ * columns) + CACHE_LINE / sizeof(float); }

  /** A pixel of zeros, a block's pixels and its products. */
  size_t spaceFloats() const { return wholeLines(w_.C) + Tile::POINTS * (pixelsSpan_ + productsSpan_); }

  struct Space {
    const float* zeros;
    float* pixels;
    float* products;
  };

  template <class ForEach>
  void compute(size_t block, float* floats, ForEach forEach) const {
    std::memset(floats, 0, w_.C * sizeof(float));
    float* const pixels = floats + wholeLines(w_.C);
    const Space space{floats, pixels, pixels + Tile::POINTS * pixelsSpan_};
    const size_t first = block * block_;
    const size_t count = least(block_, tiles_ - first);
    const auto forTiles = [&](auto body) {
      forEach(ceilDivide(count, TASK), [&](size_t task) {
        for (size_t i = task * TASK; i < least((task + 1) * TASK, count); i++) body(i);
      });
    };
    forTiles([&](size_t i) { spread(space, i, first + i); });
    multiply(space, count, forEach);
    forTiles([&](size_t i) { collect(space, i, first + i); });
  }

  /** Row i of the points' matrices: the pixels of a tile. */
  void spread(const Space& space, size_t i, size_t tile) const {
    const PixelsOfTile pixels(args_.x, w_, placeOf(w_, tile), space.zeros);
    for (size_t c = 0; c < w_.C; c += S::W) {
      pixelsToPoints<S>(pixels.at, space.pixels + i * w_.C + c, pixelsSpan_, c, w_.C - c);
    }
  }

  /** The products of `count` rows at all points. */
  template <class ForEach>
  void multiply(const Space& space, size_t count, ForEach forEach) const {
    const size_t C = w_.C, N = args_.N;
    const size_t panels = ceilDivide(N, TILE_COLUMNS<S>);
    const size_t parts = threads() == 1 ? 1 : least(panels, ceilDivide(4 * threads(), Tile::POINTS));
    forEach(Tile::POINTS * parts, [&](size_t i) {
      const size_t point = i / parts, part = i % parts;
      multiplyPart<S>(Stored{space.pixels + point * pixelsSpan_, C}, args_.packed + point * packedSize<S>(C, N),
                      space.products + point * productsSpan_, N, N, C, {0, count, panels * part / parts, panels * (part + 1) / parts},
                      Epilogue{});
    });
  }

  /** Outputs of a tile from row i of the products. */
  void collect(const Space& space, size_t i, size_t tile) const {
    const TilePlace place = placeOf(w_, tile);
    V strangers{};
    withActivation(args_.activation, [&](auto constant) {
      for (size_t n = 0; n < args_.N; n += S::W) {
        strangers = strangers + collectVector<constant.value>(space.products + i * args_.N, place, n, args_.N - n);
      }
    });
    // One pixel that is infinite or no number reaches all of its tile, also the outputs that do not see it.
    if (S::sumOf(strangers) != 0) collectDirectly(place);
  }

  /** Zeros, or NaN where a sum is not finite. */
  template <Activation activation>
  V collectVector(const float* products, const TilePlace& place, size_t n, size_t rest) const {
    V columns[Tile::PIXELS][Tile::OUTPUTS];
    for (size_t x = 0; x < Tile::PIXELS; x++) {
      V column[Tile::PIXELS];
      for (size_t y = 0; y < Tile::PIXELS; y++) {
        column[y] = S::loadFirst(products + (y * Tile::PIXELS + x) * productsSpan_ + n, rest);
      }
      fromPoints<S>(column, columns[x]);
    }
    V strangers{};
    const V bias = args_.bias == nullptr ? V{} : S::loadFirst(args_.bias + n, rest);
    for (size_t y = 0; y < least(Tile::OUTPUTS, w_.Oh - place.y); y++) {
      V row[Tile::PIXELS];
      V sums[Tile::OUTPUTS];
      for (size_t x = 0; x < Tile::PIXELS; x++) row[x] = columns[x][y];
      fromPoints<S>(row, sums);
      for (size_t x = 0; x < least(Tile::OUTPUTS, w_.Ow - place.x); x++) {
        const size_t at = outputAt(place, y, x) + n;
        strangers = strangers + (sums[x] - sums[x]);
        V value = sums[x] + bias;
        if (args_.skip != nullptr) value = value + S::loadFirst(args_.skip + at, rest);
        S::storeFirst(args_.out + at, activated<S, activation>(value), rest);
      }
    }
    return strangers;
  }

  size_t outputAt(const TilePlace& place, size_t y, size_t x) const {
    return ((place.image * w_.Oh + place.y + y) * w_.Ow + place.x + x) * args_.N;
  }

  /** Outputs of a tile as sums over the taps that lie on the image. */
  void collectDirectly(const TilePlace& place) const {
    const Epilogue epilogue{args_.bias, args_.skip, args_.activation};
    for (size_t y = place.y; y < least(place.y + Tile::OUTPUTS, w_.Oh); y++) {
      for (size_t x = place.x; x < least(place.x + Tile::OUTPUTS, w_.Ow); x++) {
        const size_t at = outputAt({place.image, 0, 0}, y, x);
        float* const out = args_.out + at;
        std::memset(out, 0, args_.N * sizeof(float));
        Window(w_, place.image, y, x).visit([&](size_t tap, size_t pixel) {
          for (size_t c = 0; c < w_.C; c++) {
            const float factor = args_.x[pixel * w_.C + c];
            const float* const weights = args_.filter + (tap * w_.C + c) * args_.N;
            for (size_t n = 0; n < args_.N; n++) out[n] += factor * weights[n];
          }
        });
        finishTile<S>(out, args_.N, args_.out, {at, args_.N, 0, 1, args_.N}, epilogue);
      }
    }
  }

  const ConvolutionArguments& args_;
  const Windows& w_;
  size_t tiles_, block_, pixelsSpan_, productsSpan_;
};

}  // namespace patchlens
