#pragma once

#include "convolution.h"
#include "strided-copy.h"
#include "winograd-gradient.h"

namespace patchlens {

/**
 * Along one axis, the pixels that lie at the same place between the strides and so under the same taps: pixel
 * start + stride·j lies under tap first + stride·i of window j + offset − i.
 */
struct Phase {
  size_t start, pixels, taps, first;
  ptrdiff_t offset;

  Phase(size_t from, size_t size, size_t stride, size_t filterSize, size_t padding)
      : start(from),
        pixels(from < size ? ceilDivide(size - from, stride) : 0),
        taps(0),
        first((from + padding) % stride),
        offset(ptrdiff_t((from + padding) / stride)) {
    if (first < filterSize) taps = ceilDivide(filterSize - first, stride);
  }

  /** The padding with which the taps in reverse order slide over the windows. */
  ptrdiff_t padding() const { return ptrdiff_t(taps) - 1 - offset; }
  /** The filter's tap that the i-th in reverse order is. */
  size_t tap(size_t i, size_t stride) const { return first + stride * (taps - 1 - i); }
};

/** The gradient of the pixels of one phase along each axis: a convolution of dy with some of the taps, turned round. */
template <class S>
class PhaseGradient {
 public:
  PhaseGradient(const ConvolutionInputGradientArguments& args, const Phase& y, const Phase& x)
      : args_(args), y_(y), x_(x), over_(windowsOver(args, y, x)) {}

  void compute() const {
    if (isWinogradGradient(over_, args_.windows.C)) computeByWinograd();
    else computeByTaps();
  }

 private:
  static Windows windowsOver(const ConvolutionInputGradientArguments& args, const Phase& y, const Phase& x) {
    const Windows& w = args.windows;
    return {w.B, w.Oh, w.Ow, args.N, y.taps, x.taps, y.pixels, x.pixels, 1, 1, 1, 1, y.padding(), x.padding()};
  }

  size_t depth() const { return over_.taps() * args_.N; }
  bool isImage() const { return args_.windows.strideY == 1 && args_.windows.strideX == 1; }

  /** Zero where the pixels of this phase are the image. */
  size_t outFloats() const { return isImage() ? 0 : wholeLines(over_.count() * args_.windows.C); }

  void computeByTaps() const {
    const size_t C = args_.windows.C;
    float* const space = scratch(Scratch::shared, outFloats() + packedSize<S>(depth(), C));
    float* const out = isImage() ? args_.dx : space;
    float* const packed = space + outFloats();
    packTaps(packed);
    if (arePixels(over_)) multiplyFrom<S>(Stored{args_.dy, depth()}, packed, out, over_.count(), C, depth(), 1, {});
    else multiplyFrom<S>(Patches<S>(args_.dy, over_), packed, out, over_.count(), C, depth(), GATHERED, {});
    if (!isImage()) spread(out);
  }

  void computeByWinograd() const {
    const size_t C = args_.windows.C, N = args_.N;
    ConvolutionArguments turned{args_.dy, nullptr, nullptr, nullptr, nullptr, nullptr, over_, C, Activation::none, Precision::f32};
    const Winograd<S> winograd(turned);
    const size_t tapFloats = wholeLines(depth() * C), packedFloats = wholeLines(winogradSize<S>(N, C));
    float* const space = scratch(Scratch::shared, outFloats() + tapFloats + packedFloats + winograd.sharedFloats());
    float* const taps = space + outFloats();
    float* const packed = taps + tapFloats;
    turnTaps(taps);
    packWinograd<S>(taps, packed, N, C);
    turned.filter = taps;
    turned.packed = packed;
    turned.out = isImage() ? args_.dx : space;
    winograd.run(packed + packedFloats);
    if (!isImage()) spread(space);
  }

  /** The i-th tap [C, N] of this phase in reverse order. */
  const float* tap(size_t i) const {
    const Windows& w = args_.windows;
    const size_t row = y_.tap(i / x_.taps, size_t(w.strideY));
    const size_t column = x_.tap(i % x_.taps, size_t(w.strideX));
    return args_.filter + (row * w.Kw + column) * w.C * args_.N;
  }

  /** The taps transposed below each other, [taps, N, C]. */
  void turnTaps(float* turned) const {
    const size_t C = args_.windows.C, N = args_.N;
    parallel(over_.taps(), [&](size_t i) { copyPlane({tap(i), turned + i * N * C, C, N, N, 1, 1, C}); });
  }

  /** The same, [taps·N, C], in panels. */
  void packTaps(float* packed) const {
    constexpr size_t COLUMNS = TILE_COLUMNS<S>;
    const size_t C = args_.windows.C, N = args_.N;
    parallel(ceilDivide(C, COLUMNS), [&](size_t p) {
      float* panel = packed + p * depth() * COLUMNS;
      for (size_t i = 0; i < over_.taps(); i++, panel += N * COLUMNS) {
        packTransposedPanel<S>(tap(i) + p * COLUMNS * N, N, panel, N, least(COLUMNS, C - p * COLUMNS));
      }
    });
  }

  /** The pixels computed into their places in the images. */
  void spread(const float* computed) const {
    const Windows& w = args_.windows;
    parallel(w.B * y_.pixels, [&](size_t line) {
      const size_t row = line / y_.pixels * w.H + y_.start + line % y_.pixels * size_t(w.strideY);
      const float* from = computed + line * x_.pixels * w.C;
      for (size_t i = 0; i < x_.pixels; i++, from += w.C) {
        float* const to = args_.dx + (row * w.W + x_.start + i * size_t(w.strideX)) * w.C;
        for (size_t c = 0; c < w.C; c += S::W) S::storeFirst(to + c, S::loadFirst(from + c, w.C - c), w.C - c);
      }
    });
  }

  const ConvolutionInputGradientArguments& args_;
  const Phase y_;
  const Phase x_;
  const Windows over_;
};

template <class S>
void convolutionInputGradient(const ConvolutionInputGradientArguments& args) {
  const Windows& w = args.windows;
  if (w.pixels() * w.C == 0) return;
  for (size_t i = 0; i < least(size_t(w.strideY), w.H); i++) {
    for (size_t j = 0; j < least(size_t(w.strideX), w.W); j++) {
      const Phase y(i, w.H, size_t(w.strideY), w.Kh, size_t(w.top));
      const Phase x(j, w.W, size_t(w.strideX), w.Kw, size_t(w.left));
      PhaseGradient<S>(args, y, x).compute();
    }
  }
}

/** Columns of a block of the filter's gradient: a block's depth of dy, packed, stays in the second-level cache. */
constexpr size_t BLOCK_COLUMNS = 256;

/** The most floats of partial sums. */
constexpr size_t MOST_PARTIAL = size_t{4} << 20;

/**
 * dFilter [K, N] = patchesᵀ·dy, cut into blocks of rows and columns and, where these are few, into stretches of windows
 * whose sums are added in order. The cut depends on the shape alone, and so does the rounding, whatever the threads.
 */
template <class S>
class FilterGradient {
 public:
  explicit FilterGradient(const ConvolutionFilterGradientArguments& args)
      : args_(args), patches_(args.x, args.windows), M_(args.windows.count()), K_(args.windows.taps() * args.windows.C) {
    rowParts_ = ceilDivide(K_, BLOCK_ROWS<S>);
    columnParts_ = ceilDivide(args.N, BLOCK_COLUMNS);
    const size_t wanted = ceilDivide(LEAST_TASKS, rowParts_ * columnParts_);
    const size_t affordable = MOST_PARTIAL / (K_ * args.N) + 1;
    stretches_ = least(least(wanted, affordable), ceilDivide(M_, BLOCK_DEPTH<S>));
    if (stretches_ == 0) stretches_ = 1;
  }

  void compute() const {
    const size_t size = K_ * args_.N;
    float* const sums = stretches_ == 1 ? args_.dFilter : scratch(Scratch::shared, stretches_ * size);
    parallel(rowParts_ * columnParts_ * stretches_, [&](size_t task) {
      const size_t stretch = task / (rowParts_ * columnParts_);
      const size_t rest = task % (rowParts_ * columnParts_);
      block(sums + stretch * size, stretch, rest / columnParts_, rest % columnParts_);
    });
    if (stretches_ > 1) addStretches(sums);
  }

 private:
  static constexpr size_t COLUMNS = TILE_COLUMNS<S>;
  static constexpr size_t LINE = CACHE_LINE / sizeof(float);
  /** Several tasks for each of the threads that a machine may have. */
  static constexpr size_t LEAST_TASKS = 16;

  /** One block of dFilter, summed over one stretch of the windows. */
  void block(float* sums, size_t stretch, size_t rowPart, size_t columnPart) const {
    const size_t tiles = ceilDivide(K_, S::TILE_ROWS);
    const size_t k0 = tiles * rowPart / rowParts_ * S::TILE_ROWS;
    const size_t rows = least(tiles * (rowPart + 1) / rowParts_ * S::TILE_ROWS, K_) - k0;
    const size_t panels = ceilDivide(args_.N, COLUMNS);
    const size_t n0 = panels * columnPart / columnParts_ * COLUMNS;
    const size_t columns = least(panels * (columnPart + 1) / columnParts_ * COLUMNS, args_.N) - n0;
    const size_t end = M_ * (stretch + 1) / stretches_;
    const size_t stride = oddLines(rows);
    const size_t patchFloats = ceilDivide(Patches<S>::gatheredSize(BLOCK_DEPTH<S>, stride), LINE) * LINE;
    float* const space = scratch(Scratch::own, patchFloats + packedSize<S>(BLOCK_DEPTH<S>, columns));
    float* const dy = space + patchFloats;
    const size_t first = M_ * stretch / stretches_;
    size_t m = first;
    do {
      const size_t depth = least(BLOCK_DEPTH<S>, end - m);
      patches_.gather(space, stride, m, depth, k0, rows);
      packPanels<S>(args_.dy + m * args_.N + n0, args_.N, false, dy, depth, columns, 0, ceilDivide(columns, COLUMNS));
      multiplyBlock({space, stride}, dy, sums + k0 * args_.N + n0, rows, columns, depth, m > first);
      m += depth;
    } while (m < end);
  }

  void multiplyBlock(Columns patches, const float* dy, float* sums, size_t rows, size_t columns, size_t depth, bool accumulate) const {
    for (size_t n = 0; n < columns; n += COLUMNS) {
      for (size_t k = 0; k < rows; k += S::TILE_ROWS) {
        multiplyRows<S>(patches.from(k), dy + n * depth, depth, sums + k * args_.N + n, args_.N, least(S::TILE_ROWS, rows - k),
                        least(COLUMNS, columns - n), accumulate);
      }
    }
  }

  /** An odd number of cache lines, so that a column does not fall on a few sets of the cache. */
  static size_t oddLines(size_t rows) { return (ceilDivide(rows, LINE) | 1) * LINE; }

  void addStretches(const float* sums) const {
    const size_t size = K_ * args_.N;
    constexpr size_t STEP = size_t{1} << 12;
    parallel(ceilDivide(size, STEP), [&](size_t task) {
      const size_t end = least((task + 1) * STEP, size);
      for (size_t i = task * STEP; i < end; i += S::W) {
        auto sum = S::loadFirst(sums + i, end - i);
        for (size_t s = 1; s < stretches_; s++) sum = sum + S::loadFirst(sums + s * size + i, end - i);
        S::storeFirst(args_.dFilter + i, sum, end - i);
      }
    });
  }

  const ConvolutionFilterGradientArguments& args_;
  const Patches<S> patches_;
  size_t M_, K_, rowParts_, columnParts_, stretches_;
};

template <class S>
void convolutionFilterGradient(const ConvolutionFilterGradientArguments& args) {
  const Windows& w = args.windows;
  if (w.taps() * w.C * args.N == 0) return;
  if (isWinogradFilterGradient(w, args.N) && w.B > 0 && WinogradFilterGradient<S>(args).compute()) return;
  FilterGradient<S>(args).compute();
}

}  // namespace patchlens
