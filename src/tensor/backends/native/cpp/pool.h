#pragma once

#include <algorithm>

#include "taps.h"

namespace patchlens {

/** The greater of two, NaN where either is. */
template <class S>
typename S::V greater(typename S::V x, typename S::V best) {
  return ((x > best) | (x != x)) ? x : best;
}

/** out [B, Oh, Ow, C]: the greatest of each window's pixels, −∞ where it has none. */
template <class S>
void maxPool(const float* x, float* out, const Windows& w) {
  forWindowRows(w, w.C, [&](size_t row) {
    for (size_t index = row * w.Ow; index < (row + 1) * w.Ow; index++) {
      const Window window(w, index);
      for (size_t c = 0; c < w.C; c += S::W) {
        auto best = S::splat(-__builtin_inff());
        window.visit([&](size_t, size_t pixel) { best = greater<S>(S::loadFirst(x + pixel * w.C + c, w.C - c), best); });
        S::storeFirst(out + index * w.C + c, best, w.C - c);
      }
    }
  });
}

/** out [B, Oh, Ow, C]: the mean of each window's pixels, padding not counted, NaN where it has none. */
template <class S>
void averagePool(const float* x, float* out, const Windows& w) {
  forWindowRows(w, w.C, [&](size_t row) {
    for (size_t index = row * w.Ow; index < (row + 1) * w.Ow; index++) {
      const Window window(w, index);
      const auto count = S::splat(float(window.tapsInsideCount()));
      for (size_t c = 0; c < w.C; c += S::W) {
        typename S::V sum{};
        window.visit([&](size_t, size_t pixel) { sum = sum + S::loadFirst(x + pixel * w.C + c, w.C - c); });
        S::storeFirst(out + index * w.C + c, sum / count, w.C - c);
      }
    }
  });
}

/** Whether every pixel lies in one window. */
inline bool areTiles(const Windows& w) {
  const bool touch = w.strideY == ptrdiff_t(w.Kh) && w.strideX == ptrdiff_t(w.Kw) && w.dilationY == 1 && w.dilationX == 1;
  return touch && w.top == 0 && w.left == 0 && w.H == w.Oh * w.Kh && w.W == w.Ow * w.Kw;
}

/**
 * Zeros dx, then calls body(window, index of the window, first channel, number of channels) for every window and vector of
 * channels, on all threads: row of windows by row of windows where they are tiles.
 */
template <class S, class Body>
void scatterTiles(float* dx, const Windows& w, Body body) {
  const size_t band = w.Kh * w.W * w.C;
  forWindowRows(w, w.Kh * w.Kw * w.C, [&](size_t row) {
    std::fill_n(dx + row * band, band, 0.0f);
    for (size_t index = row * w.Ow; index < (row + 1) * w.Ow; index++) {
      const Window window(w, index);
      for (size_t c = 0; c < w.C; c += S::W) body(window, index, c, w.C - c);
    }
  });
}

/** The same of any windows: of such as may overlap by image and cache line of channels, so that no two threads add to one pixel. */
template <class S, class Body>
void scatterWindows(float* dx, const Windows& w, Body body) {
  if (areTiles(w)) return scatterTiles<S>(dx, w, body);
  constexpr size_t BLOCK = 16;
  const size_t blocks = ceilDivide(w.C, BLOCK);
  parallel(w.B * blocks, [&](size_t task) {
    const size_t image = task / blocks;
    const size_t first = task % blocks * BLOCK;
    const size_t end = least(first + BLOCK, w.C);
    for (size_t pixel = image * w.H * w.W; pixel < (image + 1) * w.H * w.W; pixel++) {
      for (size_t c = first; c < end; c += S::W) S::storeFirst(dx + pixel * w.C + c, typename S::V{}, end - c);
    }
    for (size_t index = image * w.Oh * w.Ow; index < (image + 1) * w.Oh * w.Ow; index++) {
      const Window window(w, index);
      for (size_t c = first; c < end; c += S::W) body(window, index, c, end - c);
    }
  });
}

/** dx [B, H, W, C]: each dy goes to the first of its window's greatest pixels, or to its last NaN. */
template <class S>
void maxPoolGradient(const float* dy, const float* x, float* dx, const Windows& w) {
  using V = typename S::V;
  using I = typename S::I;
  scatterWindows<S>(dx, w, [&](const Window& window, size_t index, size_t c, size_t rest) {
    V best = S::splat(-__builtin_inff());
    I place = I{} + int32_t(window.rows.from * w.Kw + window.columns.from);
    window.visit([&](size_t tap, size_t pixel) {
      const V value = S::loadFirst(x + pixel * w.C + c, rest);
      const I isBetter = (value > best) | (value != value);
      best = isBetter ? value : best;
      place = isBetter ? I{} + int32_t(tap) : place;
    });
    const V slope = S::loadFirst(dy + index * w.C + c, rest);
    window.visit([&](size_t tap, size_t pixel) {
      float* const at = dx + pixel * w.C + c;
      S::storeFirst(at, S::loadFirst(at, rest) + (place == int32_t(tap) ? slope : V{}), rest);
    });
  });
}

/** dx [B, H, W, C]: each dy in equal parts to its window's pixels. */
template <class S>
void averagePoolGradient(const float* dy, float* dx, const Windows& w) {
  scatterWindows<S>(dx, w, [&](const Window& window, size_t index, size_t c, size_t rest) {
    const auto share = S::loadFirst(dy + index * w.C + c, rest) / S::splat(float(window.tapsInsideCount()));
    window.visit([&](size_t, size_t pixel) {
      float* const at = dx + pixel * w.C + c;
      S::storeFirst(at, S::loadFirst(at, rest) + share, rest);
    });
  });
}

}  // namespace patchlens
