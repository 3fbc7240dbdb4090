#pragma once

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

/**
 * For each image and each cache line of channels, on all threads: zeros dx there, then calls body(window, index of the
 * window, first channel, number of channels) for every window in turn. Windows overlap, so no other cut could add up
 * without a race.
 */
template <class S, class Body>
void scatterWindows(float* dx, const Windows& w, Body body) {
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
