// What the checks share: random operands, poisoned outputs, comparison.
#pragma once

#include <cmath>
#include <cstdio>
#include <random>
#include <vector>

#include "kernels.h"

namespace patchlens {

using Floats = std::vector<float>;

inline std::mt19937 generator;
inline int failures = 0;

inline size_t below(size_t limit) { return generator() % limit; }

/** Mostly small, sometimes deep or wide enough for several blocks, now and then nothing. */
inline size_t randomSize() {
  const size_t kind = below(20);
  return kind == 0 ? 0 : kind < 17 ? 1 + below(40) : 1 + below(600);
}

inline Floats random(size_t size) {
  std::normal_distribution<float> normal;
  Floats values(size);
  for (float& value : values) value = normal(generator);
  values.shrink_to_fit();
  return values;
}

inline Floats poisoned(size_t size) { return Floats(size, NAN); }

inline void compare(const char* what, const Floats& received, const std::vector<double>& expected, double tolerance) {
  for (size_t i = 0; i < expected.size(); i++) {
    const double difference = std::fabs(received[i] - expected[i]);
    if (difference <= tolerance * (1 + std::fabs(expected[i]))) continue;
    std::printf("%s: at %zu expected %.9g, got %.9g\n", what, i, expected[i], received[i]);
    failures++;
    return;
  }
}

inline double activated(double x, Activation activation) {
  switch (activation) {
    case Activation::none: return x;
    case Activation::relu: return x < 0 ? 0 : x;
    case Activation::gelu: return x * 0.5 * std::erfc(-x / std::sqrt(2.0));
    case Activation::geluTanh: return x * 0.5 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case Activation::geluQuick: return x / (1 + std::exp(-1.702 * x));
    case Activation::relu6: return x < 0 ? 0 : x > 6 ? 6 : x;
  }
  return x;
}

/**
 * Rounding of a sum of K products of order one, far above what chance brings: the partial sums grow with √K, and as many
 * roundings of that size again add up with √K.
 */
inline double sumOf(size_t K) { return 1e-6 * (4 + double(K) / 10); }

}  // namespace patchlens
