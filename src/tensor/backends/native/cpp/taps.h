// Windows that slide over each channel by itself: what depthwise convolutions and pooling have in common.
#pragma once

#include "gemm.h"

namespace patchlens {

struct Range {
  size_t from, to;

  size_t size() const { return to - from; }
  bool has(size_t i) const { return i >= from && i < to; }
};

/** Along one axis, the taps of the window that begins at `start` which lie on the image. */
inline Range tapsInside(ptrdiff_t start, size_t size, ptrdiff_t dilation, size_t taps) {
  const ptrdiff_t from = start >= 0 ? 0 : (-start + dilation - 1) / dilation;
  const ptrdiff_t left = ptrdiff_t(size) - start;
  const ptrdiff_t to = left <= 0 ? 0 : (left + dilation - 1) / dilation;
  const size_t end = least(size_t(to), taps);
  return {least(size_t(from), end), end};
}

/** Along one axis, the windows whose tap lies on the image. */
inline Range windowsInside(size_t tap, size_t size, ptrdiff_t stride, ptrdiff_t dilation, ptrdiff_t padding, size_t windows) {
  const ptrdiff_t start = ptrdiff_t(tap) * dilation - padding;
  const ptrdiff_t from = start >= 0 ? 0 : (-start + stride - 1) / stride;
  const ptrdiff_t left = ptrdiff_t(size) - start;
  const ptrdiff_t to = left <= 0 ? 0 : (left + stride - 1) / stride;
  const size_t end = least(size_t(to), windows);
  return {least(size_t(from), end), end};
}

/** One window's place and the taps of it that lie on the image. */
struct Window {
  const Windows& w;
  size_t image;
  ptrdiff_t top, left;
  Range rows, columns;

  Window(const Windows& windows, size_t index)
      : Window(windows, index / windows.Ow / windows.Oh, index / windows.Ow % windows.Oh, index % windows.Ow) {}
  Window(const Windows& windows, size_t onImage, size_t y, size_t x)
      : w(windows),
        image(onImage),
        top(ptrdiff_t(y) * windows.strideY - windows.top),
        left(ptrdiff_t(x) * windows.strideX - windows.left),
        rows(tapsInside(top, windows.H, windows.dilationY, windows.Kh)),
        columns(tapsInside(left, windows.W, windows.dilationX, windows.Kw)) {}

  /** The pixel, counted from the first of the batch, under a tap inside. */
  size_t pixel(size_t i, size_t j) const {
    const size_t y = size_t(top + ptrdiff_t(i) * w.dilationY);
    return (image * w.H + y) * w.W + size_t(left + ptrdiff_t(j) * w.dilationX);
  }

  size_t tapsInsideCount() const { return rows.size() * columns.size(); }

  /** Calls body(tap, pixel) for each tap inside, row by row. */
  template <class Body>
  void visit(Body body) const {
    for (size_t i = rows.from; i < rows.to; i++) {
      for (size_t j = columns.from; j < columns.to; j++) body(i * w.Kw + j, pixel(i, j));
    }
  }
};

/** Runs body(window row of the batch) for all B·Oh of them on all threads; a row is Ow·channels floats of work. */
template <class Body>
void forWindowRows(const Windows& w, size_t channels, Body body) {
  const size_t rows = w.B * w.Oh;
  const size_t step = ceilDivide(size_t{1} << 12, w.Ow * channels + 1);
  parallel(ceilDivide(rows, step), [&](size_t task) {
    for (size_t row = task * step; row < least((task + 1) * step, rows); row++) body(row);
  });
}

}  // namespace patchlens
