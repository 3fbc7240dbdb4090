#pragma once

#include "depthwise.h"

namespace patchlens {

/** Along one axis, the window whose tap lies on a pixel; false where there is none. */
inline bool windowOver(size_t pixel, size_t tap, ptrdiff_t stride, ptrdiff_t dilation, ptrdiff_t padding, size_t windows, size_t& window) {
  const ptrdiff_t start = ptrdiff_t(pixel) + padding - ptrdiff_t(tap) * dilation;
  if (start < 0 || start % stride != 0 || start / stride >= ptrdiff_t(windows)) return false;
  window = size_t(start / stride);
  return true;
}

/** Calls body(tap, window) for each window of an image's that has a tap on the pixel. */
template <class Body>
void visitWindowsOver(const Windows& w, size_t image, size_t y, size_t x, Body body) {
  size_t row, column;
  for (size_t i = 0; i < w.Kh; i++) {
    if (!windowOver(y, i, w.strideY, w.dilationY, w.top, w.Oh, row)) continue;
    for (size_t j = 0; j < w.Kw; j++) {
      if (!windowOver(x, j, w.strideX, w.dilationX, w.left, w.Ow, column)) continue;
      body(i * w.Kw + j, (image * w.Oh + row) * w.Ow + column);
    }
  }
}

/** dx [B, H, W, C] = for each pixel the sum of dy·filter over the windows that see it. */
template <class S>
void depthwiseInputGradient(const DepthwiseInputGradientArguments& args) {
  const Windows& w = args.windows;
  const size_t N = w.C * args.multiplier;
  const auto pixel = [&](size_t row, size_t x) {
    float* const dx = args.dx + (row * w.W + x) * w.C;
    const size_t image = row / w.H, y = row % w.H;
    if (args.multiplier == 1) {
      for (size_t c = 0; c < w.C; c += S::W) S::storeFirst(dx + c, typename S::V{}, w.C - c);
      visitWindowsOver(w, image, y, x, [&](size_t tap, size_t window) {
        for (size_t c = 0; c < w.C; c += S::W) {
          const size_t rest = w.C - c;
          const auto product = S::fma(S::loadFirst(args.dy + window * N + c, rest),
                                      S::loadFirst(args.filter + tap * N + c, rest), S::loadFirst(dx + c, rest));
          S::storeFirst(dx + c, product, rest);
        }
      });
      return;
    }
    for (size_t c = 0; c < w.C; c++) dx[c] = 0;
    visitWindowsOver(w, image, y, x, [&](size_t tap, size_t window) {
      for (size_t n = 0; n < N; n++) dx[n / args.multiplier] += args.dy[window * N + n] * args.filter[tap * N + n];
    });
  };
  const size_t step = ceilDivide(size_t{1} << 12, w.W * N + 1);
  parallel(ceilDivide(w.B * w.H, step), [&](size_t task) {
    for (size_t row = task * step; row < least((task + 1) * step, w.B * w.H); row++) {
      for (size_t x = 0; x < w.W; x++) pixel(row, x);
    }
  });
}

/**
 * dFilter [Kh, Kw, N] = for each tap the sum of x·dy over the windows, in blocks of channels and stretches of window
 * rows; the cut depends on the shape alone, and so does the rounding.
 */
template <class S>
class DepthwiseFilterGradient {
 public:
  explicit DepthwiseFilterGradient(const DepthwiseFilterGradientArguments& args)
      : args_(args), w_(args.windows), N_(args.windows.C * args.multiplier), size_(w_.taps() * N_) {
    blocks_ = ceilDivide(N_, BLOCK);
    const size_t wanted = least(ceilDivide(16, blocks_), w_.B * w_.Oh);
    stretches_ = wanted == 0 ? 1 : wanted;
  }

  void compute() const {
    float* const sums = stretches_ == 1 ? args_.dFilter : scratch(Scratch::shared, stretches_ * size_);
    parallel(blocks_ * stretches_, [&](size_t task) { block(sums, task / blocks_, task % blocks_ * BLOCK); });
    for (size_t i = 0; stretches_ > 1 && i < size_; i += S::W) {
      auto sum = S::loadFirst(sums + i, size_ - i);
      for (size_t s = 1; s < stretches_; s++) sum = sum + S::loadFirst(sums + s * size_ + i, size_ - i);
      S::storeFirst(args_.dFilter + i, sum, size_ - i);
    }
  }

 private:
  using V = typename S::V;
  /** Channels of a task: whole cache lines of the images. */
  static constexpr size_t VECTORS = 2;
  static constexpr size_t BLOCK = VECTORS * S::W;

  void block(float* allSums, size_t stretch, size_t n) const {
    float* const sums = allSums + stretch * size_;
    const size_t rows = w_.B * w_.Oh;
    const size_t count = least(BLOCK, N_ - n);
    for (size_t tap = 0; tap < w_.taps(); tap++) {
      for (size_t i = 0; i < count; i++) sums[tap * N_ + n + i] = 0;
    }
    for (size_t row = rows * stretch / stretches_; row < rows * (stretch + 1) / stretches_; row++) {
      const Window first(w_, row / w_.Oh, row % w_.Oh, 0);
      for (size_t i = first.rows.from; i < first.rows.to; i++) {
        for (size_t j = 0; j < w_.Kw; j++) addTap(sums + (i * w_.Kw + j) * N_ + n, row, first, i, j, n, count);
      }
    }
  }

  /** Adds one tap's sum over one row of windows. */
  void addTap(float* sums, size_t row, const Window& first, size_t i, size_t j, size_t n, size_t count) const {
    const Range columns = windowsInside(j, w_.W, w_.strideX, w_.dilationX, w_.left, w_.Ow);
    if (columns.size() == 0) return;
    const size_t y = size_t(first.top + ptrdiff_t(i) * w_.dilationY);
    const size_t x = size_t(ptrdiff_t(columns.from) * w_.strideX + ptrdiff_t(j) * w_.dilationX - w_.left);
    const float* pixels = args_.x + ((first.image * w_.H + y) * w_.W + x) * w_.C;
    const float* dy = args_.dy + (row * w_.Ow + columns.from) * N_ + n;
    const size_t step = size_t(w_.strideX) * w_.C;
    if (args_.multiplier > 1) {
      for (size_t k = 0; k < columns.size(); k++, pixels += step, dy += N_) {
        for (size_t c = 0; c < count; c++) sums[c] += pixels[(n + c) / args_.multiplier] * dy[c];
      }
    } else if (count == BLOCK) {
      addRun(sums, pixels + n, step, dy, columns.size(), [](const float* p, size_t v) { return S::load(p + v * S::W); });
    } else {
      addRun(sums, pixels + n, step, dy, columns.size(), [=](const float* p, size_t v) {
        return count > v * S::W ? S::loadFirst(p + v * S::W, count - v * S::W) : V{};
      }, count);
    }
  }

  template <class Load>
  void addRun(float* sums, const float* x, size_t step, const float* dy, size_t size, Load load, size_t count = BLOCK) const {
    V total[VECTORS]{};
    for (size_t k = 0; k < size; k++, x += step, dy += N_) {
      for (size_t v = 0; v < VECTORS; v++) total[v] = S::fma(load(x, v), load(dy, v), total[v]);
    }
    for (size_t v = 0; v < VECTORS && v * S::W < count; v++) {
      S::storeFirst(sums + v * S::W, load(sums, v) + total[v], count - v * S::W);
    }
  }

  const DepthwiseFilterGradientArguments& args_;
  const Windows& w_;
  size_t N_, size_, blocks_, stretches_;
};

template <class S>
void depthwiseFilterGradient(const DepthwiseFilterGradientArguments& args) {
  if (args.windows.taps() * args.windows.C * args.multiplier > 0) DepthwiseFilterGradient<S>(args).compute();
}

}  // namespace patchlens
