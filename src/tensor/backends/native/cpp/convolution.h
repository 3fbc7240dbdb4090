// Convolutions as matrix products over the windows' taps.
#pragma once

#include <type_traits>

#include "chunked-product.h"
#include "float32-product.h"
#include "patches.h"
#include "winograd.h"

namespace patchlens {

/** A product's rows and panels in nearly equal parts. */
template <class S>
struct Grid {
  size_t tiles, panels, rowParts, panelParts;

  size_t parts() const { return rowParts * panelParts; }
  Part part(size_t i, size_t M) const {
    const size_t r = i / panelParts;
    const size_t p = i % panelParts;
    return {least(tiles * r / rowParts * S::TILE_ROWS, M), least(tiles * (r + 1) / rowParts * S::TILE_ROWS, M),
            panels * p / panelParts, panels * (p + 1) / panelParts};
  }
};

/**
 * The grid that moves the fewest floats: each part reads its rows of A, at `rowCost` times the price where they have to
 * be gathered, and all of its panels.
 */
template <class S>
Grid<S> gridFor(size_t M, size_t N, size_t K, size_t rowCost) {
  const size_t tiles = ceilDivide(M, S::TILE_ROWS);
  const size_t panels = ceilDivide(N, TILE_COLUMNS<S>);
  Grid<S> best{tiles, panels, 1, 1};
  if (threads() == 1 || M * N * (K + 1) < WORTH_A_THREAD) return best;
  const size_t wanted = least(4 * threads(), tiles * panels);
  size_t lowest = ~size_t{0};
  for (size_t rowParts = 1; rowParts <= least(wanted, tiles); rowParts++) {
    const size_t panelParts = least(ceilDivide(wanted, rowParts), panels);
    const size_t cost = rowParts * N + panelParts * M * rowCost;
    if (rowParts * panelParts < wanted || cost >= lowest) continue;
    lowest = cost;
    best = {tiles, panels, rowParts, panelParts};
  }
  return best;
}

/** out [M, N] = A·B with an epilogue on all threads, A from a source, in the arithmetic of P. */
template <class S, class P = Float32Product<S>, class Source>
void multiplyFrom(const Source& source, const float* packed, float* out, size_t M, size_t N, size_t K, size_t rowCost, const Epilogue& epilogue) {
  if (M == 0 || N == 0) return;
  if constexpr (std::is_same_v<P, Float32Product<S>>) {
    const Grid<S> grid = gridFor<S>(M, N, K, rowCost);
    parallel(grid.parts(), [&](size_t i) { multiplyPart<S>(source, packed, out, N, N, K, grid.part(i, M), epilogue); });
  } else {
    ChunkedProduct<S, P, Source>(source, packed, out, M, N, K, epilogue).run();
  }
}

/** What gathering a row costs beside reading it. */
constexpr size_t GATHERED = 2;

/** Whether the windows are the pixels themselves, so that x is the matrix. */
inline bool arePixels(const Windows& w) {
  return w.taps() == 1 && w.strideY == 1 && w.strideX == 1 && w.top == 0 && w.left == 0 && w.Oh == w.H && w.Ow == w.W;
}

/** Whether `convolution` takes the filter of these windows transformed, and not as a matrix. */
inline bool transformsFilter(const Windows& w, size_t N, Precision precision) {
  // Rounded to bfloat16, the sums of a transform would lose more than what they are sums of.
  return precision == Precision::f32 && isWinograd(w, N);
}

template <class S, class P>
void convolution(const ConvolutionArguments& args) {
  const Windows& w = args.windows;
  if (w.count() == 0) return;
  if (transformsFilter(w, args.N, args.precision)) {
    const Winograd<S> winograd(args);
    return winograd.run(scratch(Scratch::shared, winograd.sharedFloats()));
  }
  const size_t K = w.taps() * w.C;
  const Epilogue epilogue{args.bias, args.skip, args.activation};
  if (arePixels(w)) multiplyFrom<S, P>(Stored{args.x, K}, args.packed, args.out, w.count(), args.N, K, 1, epilogue);
  else multiplyFrom<S, P>(Patches<S>(args.x, w), args.packed, args.out, w.count(), args.N, K, GATHERED, epilogue);
}

}  // namespace patchlens
