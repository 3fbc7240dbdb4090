// The rows of a matrix that a convolution multiplies, taken from the images when they are needed: row m holds the taps
// that window m sees, K = taps·C floats of them, zero where the window lies outside. The whole matrix (im2col, Chellapilla
// et al. 2006) would take taps times the memory of the images.
#pragma once

#include "gemm.h"
#include "scratch.h"

namespace patchlens {

/** Copies `size` floats; may write up to W − 1 more. */
template <class S>
void copyRun(const float* from, float* to, size_t size) {
  for (size_t i = 0; i < size; i += S::W) S::store(to + i, S::loadFirst(from + i, size - i));
}

/** Writes `size` zeros, perhaps up to W − 1 more. */
template <class S>
void clearRun(float* to, size_t size) {
  for (size_t i = 0; i < size; i += S::W) S::store(to + i, typename S::V{});
}

/** The matrix of all windows' taps, [B·Oh·Ow, Kh·Kw·C]. */
template <class S>
class Patches {
 public:
  Patches(const float* images, const Windows& windows) : images_(images), w_(windows) {
    // Taps side by side in an image lie side by side in a row of the matrix: one run.
    const bool areAdjacent = w_.dilationX == 1;
    runsAcross_ = areAdjacent ? 1 : w_.Kw;
    runTaps_ = areAdjacent ? w_.Kw : 1;
  }

  /** For `multiplyPart`: a block of rows, gathered into this thread's own scratch space. */
  Rows block(size_t m, size_t rows, size_t k, size_t size) const {
    float* const space = scratch(Scratch::own, gatheredSize(BLOCK_ROWS<S>, BLOCK_DEPTH<S>));
    gather(space, size, m, rows, k, size);
    return {space, size};
  }

  /** For `ChunkedProduct`: whole rows of K floats, gathered into `gatheredFloats` of them. */
  Rows rows(size_t m, size_t rows, size_t K, float* gathered) const {
    gather(gathered, K, m, rows, 0, K);
    return {gathered, K};
  }
  size_t gatheredFloats(size_t rows, size_t K) const { return gatheredSize(rows, K); }

  /** Floats that `gather` may write for rows of `size` floats. */
  static size_t gatheredSize(size_t rows, size_t stride) { return rows * stride + S::W; }

  /** Floats [k, k + size) of rows [m, m + rows) to `out`, rows `stride` ≥ size floats apart. */
  void gather(float* out, size_t stride, size_t m, size_t rows, size_t k, size_t size) const {
    if (rows == 0 || size == 0) return;
    size_t x = m % w_.Ow;
    size_t y = m / w_.Ow % w_.Oh;
    size_t image = m / w_.Ow / w_.Oh;
    for (size_t r = 0; r < rows; r++) {
      gatherRow(out + r * stride, image, y, x, k, size);
      if (++x < w_.Ow) continue;
      x = 0;
      if (++y < w_.Oh) continue;
      y = 0;
      image++;
    }
  }

 private:
  void gatherRow(float* out, size_t image, size_t y, size_t x, size_t k, size_t size) const {
    const size_t length = runTaps_ * w_.C;
    const ptrdiff_t top = ptrdiff_t(y) * w_.strideY - w_.top;
    const ptrdiff_t left = ptrdiff_t(x) * w_.strideX - w_.left;
    size_t run = k / length;
    for (size_t start = k % length; size > 0; run++, start = 0) {
      const size_t count = least(length - start, size);
      const ptrdiff_t row = top + ptrdiff_t(run / runsAcross_) * w_.dilationY;
      const ptrdiff_t column = left + ptrdiff_t(run % runsAcross_) * w_.dilationX;
      if (row < 0 || row >= ptrdiff_t(w_.H)) {
        clearRun<S>(out, count);
      } else {
        const float* const pixels = images_ + (image * w_.H + size_t(row)) * w_.W * w_.C;
        gatherRun(out, pixels, column * ptrdiff_t(w_.C) + ptrdiff_t(start), ptrdiff_t(count));
      }
      out += count;
      size -= count;
    }
  }

  /** `count` floats of a row of pixels from place `first` on, which may lie before the row or behind it. */
  void gatherRun(float* out, const float* pixels, ptrdiff_t first, ptrdiff_t count) const {
    const ptrdiff_t behind = first + count - ptrdiff_t(w_.W * w_.C);
    const ptrdiff_t zerosBefore = first >= 0 ? 0 : -first < count ? -first : count;
    const ptrdiff_t inside = count - zerosBefore;
    const ptrdiff_t zerosAfter = behind <= 0 ? 0 : behind < inside ? behind : inside;
    if (zerosBefore > 0) clearRun<S>(out, size_t(zerosBefore));
    if (inside > zerosAfter) copyRun<S>(pixels + first + zerosBefore, out + zerosBefore, size_t(inside - zerosAfter));
    if (zerosAfter > 0) clearRun<S>(out + count - zerosAfter, size_t(zerosAfter));
  }

  const float* images_;
  Windows w_;
  size_t runsAcross_;
  size_t runTaps_;
};

}  // namespace patchlens
