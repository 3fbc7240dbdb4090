// Convolutions, pooling and batch normalisation against their definitions.
#pragma once

#include <string>

#include "harness.h"

namespace patchlens {

/** Small, odd, sometimes larger than the image; the padding such that some windows may lie outside altogether. */
inline Windows randomWindows() {
  Windows w{below(8) == 0 ? 0 : 1 + below(3), 1 + below(14), 1 + below(14), 1 + below(below(4) == 0 ? 90 : 9), 1 + below(4),
            1 + below(4), 1, 1, ptrdiff_t(1 + below(3)), ptrdiff_t(1 + below(3)), 1, 1, ptrdiff_t(below(4)), ptrdiff_t(below(4))};
  w.Oh = below(9) == 0 ? 0 : 1 + (w.H + size_t(w.top)) / size_t(w.strideY);
  w.Ow = 1 + (w.W + size_t(w.left)) / size_t(w.strideX);
  return w;
}

/** Calls back with the window, the tap and the pixel, for every tap inside an image. */
template <class Each>
inline void visitTaps(const Windows& w, Each each) {
  for (size_t window = 0; window < w.count(); window++) {
    for (size_t tap = 0; tap < w.taps(); tap++) {
      const ptrdiff_t y = ptrdiff_t(window / w.Ow % w.Oh) * w.strideY + ptrdiff_t(tap / w.Kw) * w.dilationY - w.top;
      const ptrdiff_t x = ptrdiff_t(window % w.Ow) * w.strideX + ptrdiff_t(tap % w.Kw) * w.dilationX - w.left;
      if (y < 0 || x < 0 || y >= ptrdiff_t(w.H) || x >= ptrdiff_t(w.W)) continue;
      each(window, tap, (window / w.Ow / w.Oh * w.H + size_t(y)) * w.W + size_t(x));
    }
  }
}

/** Now and then one value is none, which its windows and no others have to show. */
inline void checkForward(const Kernels& kernels, const Windows& w, size_t N) {
  const size_t K = w.taps() * w.C;
  Floats x = random(w.pixels() * w.C);
  const Floats filter = random(K * N), bias = random(N), skip = random(w.count() * N);
  if (below(4) == 0 && !x.empty()) x[below(x.size())] = below(2) ? NAN : INFINITY;
  Floats out = poisoned(skip.size());
  const bool hasBias = below(2), hasSkip = below(2);
  const auto activation = Activation(below(ACTIVATIONS));
  const auto precision = Precision(below(3));
  const auto packed = alignedFloats(kernels.packedFilterSize(w, N, precision));
  kernels.packFilter(filter.data(), packed.get(), w, N, precision);
  kernels.convolution({x.data(), filter.data(), packed.get(), hasBias ? bias.data() : nullptr, hasSkip ? skip.data() : nullptr,
                       out.data(), w, N, activation, precision});
  std::vector<double> expected(out.size());
  visitTaps(w, [&](size_t window, size_t tap, size_t pixel) {
    for (size_t c = 0; c < w.C; c++) {
      for (size_t n = 0; n < N; n++) expected[window * N + n] += product(x[pixel * w.C + c], filter[(tap * w.C + c) * N + n], precision);
    }
  });
  for (size_t i = 0; i < expected.size(); i++) {
    expected[i] = activated(expected[i] + (hasBias ? bias[i % N] : 0) + (hasSkip ? skip[i] : 0), activation);
  }
  const std::string name = kernels.transformsFilter(w, N, precision) ? "convolution by Winograd" : "convolution";
  compare((name + nameOf(precision)).c_str(), out, expected, sumOf(K, precision));
}

inline void checkBackward(const Kernels& kernels, const Windows& w, size_t N) {
  const Floats x = random(w.pixels() * w.C), filter = random(w.taps() * w.C * N), dy = random(w.count() * N);
  Floats dx = poisoned(x.size()), dFilter = poisoned(filter.size());
  kernels.convolutionInputGradient({dy.data(), filter.data(), dx.data(), w, N});
  kernels.convolutionFilterGradient({x.data(), dy.data(), dFilter.data(), w, N});
  std::vector<double> expectedX(x.size()), expectedFilter(filter.size());
  visitTaps(w, [&](size_t window, size_t tap, size_t pixel) {
    for (size_t c = 0; c < w.C; c++) {
      for (size_t n = 0; n < N; n++) {
        expectedX[pixel * w.C + c] += double(dy[window * N + n]) * filter[(tap * w.C + c) * N + n];
        expectedFilter[(tap * w.C + c) * N + n] += double(dy[window * N + n]) * x[pixel * w.C + c];
      }
    }
  });
  compare("convolution, gradient of the images", dx, expectedX, sumOf(w.taps() * N));
  compare("convolution, gradient of the filter", dFilter, expectedFilter, sumOf(w.count()));
}

inline void checkConvolution(const Kernels& kernels) {
  Windows w = randomWindows();
  const size_t N = 1 + below(below(4) == 0 ? 90 : 9);
  checkBackward(kernels, w, N);
  w.dilationY = ptrdiff_t(1 + below(3)), w.dilationX = ptrdiff_t(1 + below(3));
  checkForward(kernels, w, N);
}

/** Windows that are the pixels. */
inline void checkPointwise(const Kernels& kernels) {
  const size_t H = 1 + below(20), W = 1 + below(20);
  checkForward(kernels, {1 + below(3), H, W, randomSize(), 1, 1, H, W, 1, 1, 1, 1, 0, 0}, randomSize());
}

/** Against the same three convolutions by the kernels for each. */
inline void checkInvertedResidual(const Kernels& kernels) {
  Windows w = randomWindows();
  const bool expands = below(3) > 0, isResidual = below(2);
  if (isResidual) w.strideY = w.strideX = 1, w.Oh = w.H, w.Ow = w.W;
  const size_t E = w.C, C = expands ? 1 + below(20) : E, N = isResidual ? C : 1 + below(20);
  const auto activation = Activation(below(ACTIVATIONS));
  const auto precision = Precision(below(3));
  const Floats x = random(w.pixels() * C), expand = random(C * E), filter = random(w.taps() * E), project = random(E * N);
  const Floats expandBias = random(E), filterBias = random(E), projectBias = random(N);
  const auto packedExpand = packedMatrix(kernels, expand, C, E, precision), packedProject = packedMatrix(kernels, project, E, N, precision);
  Floats wide = poisoned(w.pixels() * E), filtered = poisoned(w.count() * E), steps = poisoned(w.count() * N);
  kernels.linear({x.data(), packedExpand.get(), expandBias.data(), nullptr, wide.data(), w.pixels(), E, C, activation, precision});
  kernels.depthwise({expands ? wide.data() : x.data(), filter.data(), filterBias.data(), filtered.data(), w, 1, activation});
  kernels.linear({filtered.data(), packedProject.get(), projectBias.data(), isResidual ? x.data() : nullptr, steps.data(),
                  w.count(), N, E, Activation::none, precision});
  Floats out = poisoned(steps.size());
  kernels.invertedResidual({x.data(), {expands ? packedExpand.get() : nullptr, expandBias.data()}, filter.data(),
                            filterBias.data(), {packedProject.get(), projectBias.data()}, out.data(), w, C, N, activation,
                            isResidual, precision});
  compare((std::string("inverted residual") + nameOf(precision)).c_str(), out, std::vector<double>(steps.begin(), steps.end()), sumOf(E));
}

/** Windows that the kernels may take to other points, more of them than a block holds: of a few images, or of many small ones. */
inline void checkWinograd(const Kernels& kernels) {
  const bool areSmall = below(2);
  const size_t B = areSmall ? 20 + below(30) : 1 + below(3), least = areSmall ? 3 : 6, more = areSmall ? 3 : 12;
  const size_t H = least + below(more), W = least + below(more), N = 16 + below(40);
  Windows w{B, H, W, 16 + below(40), 3, 3, 1, 1, 1, 1, 1, 1, ptrdiff_t(below(3)), ptrdiff_t(below(3))};
  w.Oh = H + below(3) - 1, w.Ow = W + below(3) - 1;
  checkForward(kernels, w, N);
  checkBackward(kernels, w, N);
}

inline void checkDepthwise(const Kernels& kernels) {
  Windows w = randomWindows();
  w.dilationY = ptrdiff_t(1 + below(3)), w.dilationX = ptrdiff_t(1 + below(3));
  const size_t multiplier = below(3) == 0 ? 1 + below(3) : 1, N = w.C * multiplier;
  const Floats x = random(w.pixels() * w.C), filter = random(w.taps() * N), dy = random(w.count() * N), bias = random(N);
  const bool hasBias = below(2);
  const auto activation = Activation(below(ACTIVATIONS));
  Floats dx = poisoned(x.size()), dFilter = poisoned(filter.size()), out = poisoned(dy.size());
  kernels.depthwise({x.data(), filter.data(), hasBias ? bias.data() : nullptr, out.data(), w, multiplier, activation});
  kernels.depthwiseInputGradient({dy.data(), filter.data(), dx.data(), w, multiplier});
  kernels.depthwiseFilterGradient({x.data(), dy.data(), dFilter.data(), w, multiplier});
  std::vector<double> expectedX(x.size()), expectedFilter(filter.size()), expected(dy.size());
  visitTaps(w, [&](size_t window, size_t tap, size_t pixel) {
    for (size_t n = 0; n < N; n++) {
      const size_t c = pixel * w.C + n / multiplier;
      expected[window * N + n] += double(x[c]) * filter[tap * N + n];
      expectedX[c] += double(dy[window * N + n]) * filter[tap * N + n];
      expectedFilter[tap * N + n] += double(dy[window * N + n]) * x[c];
    }
  });
  for (size_t i = 0; i < expected.size(); i++) expected[i] = activated(expected[i] + (hasBias ? bias[i % N] : 0), activation);
  compare("depthwise", out, expected, sumOf(w.taps()));
  compare("depthwise, gradient of the images", dx, expectedX, sumOf(w.taps() * multiplier));
  compare("depthwise, gradient of the filter", dFilter, expectedFilter, sumOf(w.count()));
}

inline void checkPools(const Kernels& kernels) {
  Windows w = randomWindows();
  if (below(3) == 0) {
    // Windows that share no pixel and leave none out.
    w.strideY = ptrdiff_t(w.Kh), w.strideX = ptrdiff_t(w.Kw), w.top = w.left = 0;
    w.Oh = w.H, w.Ow = w.W, w.H *= w.Kh, w.W *= w.Kw;
  }
  const size_t C = w.C;
  const Floats x = random(w.pixels() * C), dy = random(w.count() * C);
  Floats greatest = poisoned(dy.size()), means = poisoned(dy.size()), dGreatest = poisoned(x.size()), dMeans = poisoned(x.size());
  kernels.maxPool(x.data(), greatest.data(), w);
  kernels.averagePool(x.data(), means.data(), w);
  kernels.maxPoolGradient(dy.data(), x.data(), dGreatest.data(), w);
  kernels.averagePoolGradient(dy.data(), dMeans.data(), w);
  std::vector<double> expectedGreatest(dy.size(), -INFINITY), sums(dy.size()), counts(dy.size());
  std::vector<double> expectedDGreatest(x.size()), expectedDMeans(x.size());
  std::vector<size_t> places(dy.size());
  visitTaps(w, [&](size_t window, size_t, size_t pixel) {
    for (size_t c = 0; c < C; c++) {
      const size_t at = window * C + c, from = pixel * C + c;
      sums[at] += x[from], counts[at]++;
      if (x[from] > expectedGreatest[at]) expectedGreatest[at] = x[from], places[at] = from;
    }
  });
  visitTaps(w, [&](size_t window, size_t, size_t pixel) {
    for (size_t c = 0; c < C; c++) expectedDMeans[pixel * C + c] += dy[window * C + c] / counts[window * C + c];
  });
  for (size_t at = 0; at < dy.size(); at++) {
    if (counts[at] > 0) expectedDGreatest[places[at]] += dy[at];
    sums[at] /= counts[at];
    // A window without a pixel: −∞ and NaN.
    if (counts[at] > 0) continue;
    if (greatest[at] != -INFINITY || means[at] == means[at]) std::printf("pool of nothing: got %g, %g\n", greatest[at], means[at]), failures++;
    expectedGreatest[at] = sums[at] = 0;
    greatest[at] = means[at] = 0;
  }
  compare("maxPool", greatest, expectedGreatest, 0);
  compare("averagePool", means, sums, 1e-5);
  compare("maxPool, gradient", dGreatest, expectedDGreatest, 1e-5);
  compare("averagePool, gradient", dMeans, expectedDMeans, 1e-5);
}

inline void checkBatchNorm(const Kernels& kernels) {
  const size_t rows = randomSize(), C = 1 + randomSize();
  const Floats x = random(rows * C), mean = random(C), offset = random(C), scale = random(C);
  Floats variance = random(C), out = poisoned(rows * C);
  for (float& value : variance) value = value * value + 0.1f;
  const bool hasOffset = below(2), hasScale = below(2);
  kernels.batchNorm({x.data(), mean.data(), variance.data(), hasOffset ? offset.data() : nullptr,
                     hasScale ? scale.data() : nullptr, out.data(), rows, C, 1e-3});
  std::vector<double> expected(rows * C);
  for (size_t i = 0; i < rows * C; i++) {
    const size_t c = i % C;
    expected[i] = (double(x[i]) - mean[c]) / std::sqrt(variance[c] + 1e-3) * (hasScale ? scale[c] : 1) + (hasOffset ? offset[c] : 0);
  }
  compare("batchNorm", out, expected, 1e-5);
}

}  // namespace patchlens
