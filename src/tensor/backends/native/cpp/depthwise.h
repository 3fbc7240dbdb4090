// Depthwise convolutions: direct, with the vectors along the channels. Output channel n looks at channel n / multiplier.
#pragma once

#include "scratch.h"
#include "taps.h"

namespace patchlens {

/** Channels [n, n + VECTORS·W) of PIXELS windows side by side that all have the same taps inside. */
template <class S, size_t PIXELS, size_t VECTORS>
void depthwiseTile(const DepthwiseArguments& args, const Clamp& clamp, const Window& window, float* out, size_t n, size_t rest) {
  using V = typename S::V;
  const Windows& w = args.windows;
  const size_t N = w.C;
  const size_t step = size_t(w.strideX) * w.C;
  V sums[PIXELS][VECTORS]{};
  for (size_t i = window.rows.from; i < window.rows.to && window.columns.size() > 0; i++) {
    const float* x = args.x + window.pixel(i, window.columns.from) * w.C + n;
    const float* tap = args.filter + (i * w.Kw + window.columns.from) * N + n;
    for (size_t j = window.columns.from; j < window.columns.to; j++, x += size_t(w.dilationX) * w.C, tap += N) {
#pragma GCC unroll 4
      for (size_t v = 0; v < VECTORS; v++) {
        const V weights = VECTORS > 1 ? S::load(tap + v * S::W) : S::loadFirst(tap, rest);
#pragma GCC unroll 8
        for (size_t p = 0; p < PIXELS; p++) {
          const float* const at = x + p * step + v * S::W;
          sums[p][v] = S::fma(VECTORS > 1 ? S::load(at) : S::loadFirst(at, rest), weights, sums[p][v]);
        }
      }
    }
  }
#pragma GCC unroll 4
  for (size_t v = 0; v < VECTORS; v++) {
    const size_t at = n + v * S::W;
    const V bias = clamp.bias == nullptr ? V{} : VECTORS > 1 ? S::load(clamp.bias + at) : S::loadFirst(clamp.bias + at, rest);
#pragma GCC unroll 8
    for (size_t p = 0; p < PIXELS; p++) {
      const V value = clamped<S>(sums[p][v] + bias, S::splat(clamp.least), S::splat(clamp.most));
      if (VECTORS > 1) S::store(out + p * N + at, value);
      else S::storeFirst(out + p * N + at, value, rest);
    }
  }
}

/** All channels of PIXELS windows side by side. */
template <class S, size_t PIXELS>
void depthwisePixels(const DepthwiseArguments& args, const Clamp& clamp, const Window& window, float* out) {
  const size_t C = args.windows.C;
  size_t n = 0;
  for (; n + 2 * S::W <= C; n += 2 * S::W) depthwiseTile<S, PIXELS, 2>(args, clamp, window, out, n, 2 * S::W);
  for (; n < C; n += S::W) depthwiseTile<S, PIXELS, 1>(args, clamp, window, out, n, C - n);
}

/** All channels of one window where several of them look at one of the image's: rare, so one by one. */
inline void depthwiseRepeated(const DepthwiseArguments& args, const Window& window, float* out) {
  const size_t N = args.windows.C * args.multiplier;
  for (size_t n = 0; n < N; n++) {
    float sum = 0;
    window.visit([&](size_t tap, size_t pixel) {
      sum += args.x[pixel * args.windows.C + n / args.multiplier] * args.filter[tap * N + n];
    });
    out[n] = sum;
  }
}

/** The windows of a row that lie between the image's left and right border. */
inline Range wholeWindows(const Windows& w) {
  const Range first = windowsInside(0, w.W, w.strideX, w.dilationX, w.left, w.Ow);
  const Range last = windowsInside(w.Kw - 1, w.W, w.strideX, w.dilationX, w.left, w.Ow);
  return {first.from, last.to};
}

template <class S>
void depthwise(const DepthwiseArguments& args) {
  /** Windows side by side that share their weights' loads. */
  constexpr size_t PIXELS = 4;
  const Windows& w = args.windows;
  const size_t N = w.C * args.multiplier;
  const Epilogue epilogue{args.bias, nullptr, args.activation};
  const bool isClamp = epilogue.isClamp() && args.multiplier == 1;
  const Clamp clamp = isClamp ? Clamp{args.bias, nullptr, epilogue.least(), epilogue.most()} : Clamp{nullptr, nullptr, -INFINITY, INFINITY};
  const Range whole = wholeWindows(w);
  forWindowRows(w, N, [&](size_t row) {
    for (size_t x = 0; x < w.Ow;) {
      const Window window(w, row / w.Oh, row % w.Oh, x);
      const bool isWhole = args.multiplier == 1 && whole.has(x) && whole.has(x + PIXELS - 1);
      const size_t count = isWhole ? PIXELS : 1;
      const size_t place = (row * w.Ow + x) * N;
      float* const out = args.out + place;
      if (args.multiplier > 1) depthwiseRepeated(args, window, out);
      else if (isWhole) depthwisePixels<S, PIXELS>(args, clamp, window, out);
      else depthwisePixels<S, 1>(args, clamp, window, out);
      if (!isClamp && !epilogue.isNothing()) finishTile<S>(out, N, args.out, {place, N, 0, count, N}, epilogue);
      x += count;
    }
  });
}

}  // namespace patchlens
