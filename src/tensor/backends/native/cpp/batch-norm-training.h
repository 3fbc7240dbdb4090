#pragma once

#include <cmath>

#include "elementwise.h"
#include "scratch.h"

namespace patchlens {

/** So few that float32 sums of squares about a first row that lies far from the others keep five digits. */
constexpr size_t MOST_ROWS = 256;

/** Rows that are summed in float32 before their sum goes to float64. */
inline size_t rowsPerSum(size_t C) {
  return least(ceilDivide(TASK_FLOATS, C + 1), MOST_ROWS);
}

/**
 * `sums` [2, C] = Σ first and Σ second over all rows, of what `terms(row, channel, lanes)` gives for a vector of channels:
 * in groups of rows of one size, whatever the number of threads.
 */
template <class S, class Terms>
void sumsOfChannels(size_t rows, size_t C, float* partial, double* sums, const Terms& terms) {
  using V = typename S::V;
  const size_t step = rowsPerSum(C);
  const size_t groups = ceilDivide(rows, step);
  parallel(groups, [&](size_t group) {
    float* const first = partial + group * 2 * C;
    const size_t end = least((group + 1) * step, rows);
    for (size_t c = 0; c < C; c += S::W) {
      V a{};
      V b{};
      for (size_t row = group * step; row < end; row++) {
        const auto [one, other] = terms(row * C + c, c, C - c);
        a = a + one;
        b = b + other;
      }
      S::storeFirst(first + c, a, C - c);
      S::storeFirst(first + C + c, b, C - c);
    }
  });
  for (size_t i = 0; i < 2 * C; i++) sums[i] = 0;
  for (size_t group = 0; group < groups; group++) {
    for (size_t i = 0; i < 2 * C; i++) sums[i] += double(partial[group * 2 * C + i]);
  }
}

template <class V>
struct Terms {
  V first;
  V second;
};

/** The norm of one batch: what it scales by, and where its sums go. */
struct BatchMoments {
  float* partial;
  double* sums;
  double* mean64;
  double* variance;
  double* inverse;
  float* mean;
  float* factor;

  BatchMoments(size_t rows, size_t C) {
    const size_t partials = ceilDivide(rows, rowsPerSum(C)) * 2 * C;
    // Five doubles and two floats of each channel; the doubles first, which need the alignment.
    sums = reinterpret_cast<double*>(scratch(Scratch::shared, 12 * C + partials));
    mean64 = sums + 2 * C;
    variance = mean64 + C;
    inverse = variance + C;
    mean = reinterpret_cast<float*>(inverse + C);
    factor = mean + C;
    partial = factor + C;
  }

  /** About the first row, so that a large mean costs no digits. */
  template <class S>
  void measure(const BatchNormTrainingArguments& args) {
    const size_t C = args.C;
    sumsOfChannels<S>(args.rows, C, partial, sums, [&](size_t at, size_t c, size_t rest) {
      const auto away = S::loadFirst(args.x + at, rest) - S::loadFirst(args.x + c, rest);
      return Terms<typename S::V>{away, away * away};
    });
    for (size_t c = 0; c < C; c++) {
      const double away = sums[c] / double(args.rows);
      const double spread = sums[C + c] / double(args.rows) - away * away;
      mean64[c] = double(args.x[c]) + away;
      variance[c] = spread > 0 ? spread : 0;
      inverse[c] = 1 / std::sqrt(variance[c] + args.epsilon);
      mean[c] = float(mean64[c]);
      factor[c] = float(inverse[c] * double(args.scale[c]));
    }
  }

  /** (x − μ)·factor + bias, and the skip. */
  template <class S>
  typename S::V normed(const BatchNormTrainingArguments& args, size_t at, size_t c, size_t rest) const {
    const auto centred = S::loadFirst(args.x + at, rest) - S::loadFirst(mean + c, rest);
    const auto y = S::fma(centred, S::loadFirst(factor + c, rest), S::loadFirst(args.bias + c, rest));
    return args.skip == nullptr ? y : y + S::loadFirst(args.skip + at, rest);
  }
};

/** Every vector of every row: `each(index, channel, lanes)`. */
template <class S, class Each>
void forChannels(size_t rows, size_t C, const Each& each) {
  const size_t step = rowsPerSum(C);
  parallel(ceilDivide(rows, step), [&](size_t task) {
    for (size_t row = task * step; row < least((task + 1) * step, rows); row++) {
      for (size_t c = 0; c < C; c += S::W) each(row * C + c, c, C - c);
    }
  });
}

template <class S>
void batchNormTraining(const BatchNormTrainingArguments& args, const BatchNormTrainingOutputs& outputs) {
  using V = typename S::V;
  BatchMoments moments(args.rows, args.C);
  moments.template measure<S>(args);
  for (size_t c = 0; c < args.C; c++) {
    outputs.mean[c] = float(moments.mean64[c]);
    outputs.variance[c] = float(moments.variance[c]);
  }
  forChannels<S>(args.rows, args.C, [&](size_t at, size_t c, size_t rest) {
    const V y = moments.template normed<S>(args, at, c, rest);
    S::storeFirst(outputs.out + at, args.rectifies ? S::atLeast(y, V{}) : y, rest);
  });
}

/** With x̂ the standardised x, g what of dy the ReLU lets through, n rows: dx = factor·(g − (Σg + x̂·Σ g·x̂)/n). */
template <class S>
void batchNormTrainingGradient(const BatchNormTrainingArguments& args, const float* dy,
                               const BatchNormTrainingGradients& gradients) {
  using V = typename S::V;
  const size_t C = args.C;
  BatchMoments moments(args.rows, C);
  moments.template measure<S>(args);
  const auto passed = [&](size_t at, size_t c, size_t rest) {
    const V upstream = S::loadFirst(dy + at, rest);
    if (!args.rectifies) return upstream;
    return moments.template normed<S>(args, at, c, rest) > V{} ? upstream : V{};
  };
  sumsOfChannels<S>(args.rows, C, moments.partial, moments.sums, [&](size_t at, size_t c, size_t rest) {
    const V g = passed(at, c, rest);
    return Terms<V>{g, g * (S::loadFirst(args.x + at, rest) - S::loadFirst(moments.mean + c, rest))};
  });
  // Then the places of the partial sums are free: the two coefficients of each channel go there.
  float* const shift = moments.partial;
  float* const slope = shift + C;
  for (size_t c = 0; c < C; c++) {
    const double inverse = moments.inverse[c];
    gradients.dBias[c] = float(moments.sums[c]);
    gradients.dScale[c] = float(moments.sums[C + c] * inverse);
    shift[c] = float(moments.sums[c] / double(args.rows));
    slope[c] = float(moments.sums[C + c] * inverse * inverse / double(args.rows));
  }
  forChannels<S>(args.rows, C, [&](size_t at, size_t c, size_t rest) {
    const V g = passed(at, c, rest);
    const V centred = S::loadFirst(args.x + at, rest) - S::loadFirst(moments.mean + c, rest);
    const V away = g - S::loadFirst(shift + c, rest) - centred * S::loadFirst(slope + c, rest);
    S::storeFirst(gradients.dx + at, away * S::loadFirst(moments.factor + c, rest), rest);
    if (gradients.dSkip != nullptr) S::storeFirst(gradients.dSkip + at, g, rest);
  });
}

}  // namespace patchlens
