// What the checks share: random operands, poisoned outputs, comparison.
#pragma once

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "kernels.h"
#include "scratch.h"

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

using AlignedFloats = std::unique_ptr<float, decltype(&std::free)>;

/** Memory that begins at a cache line. */
inline AlignedFloats alignedFloats(size_t size) {
  void* const memory = std::aligned_alloc(CACHE_LINE, (size * sizeof(float) / CACHE_LINE + 1) * CACHE_LINE);
  return AlignedFloats(static_cast<float*>(memory), std::free);
}

/** A matrix as `pack` lays it out. */
inline AlignedFloats packedMatrix(const Kernels& kernels, const Floats& matrix, size_t K, size_t N, Precision precision = Precision::f32) {
  AlignedFloats packed = alignedFloats(kernels.packedSize(K, N, precision));
  kernels.pack(matrix.data(), packed.get(), K, N, precision);
  return packed;
}

/** Makes zero what lies between rows of `width` values that begin `stride` apart: nobody may have written there. */
inline void clearGaps(const char* what, Floats& values, size_t width, size_t stride) {
  for (size_t i = 0; i < values.size(); i++) {
    if (i % stride < width) continue;
    if (!std::isnan(values[i])) return void(failures += std::printf("%s: expected nothing written between rows\n", what) > 0);
    values[i] = 0;
  }
}

inline void compare(const char* what, const Floats& received, const std::vector<double>& expected, double tolerance) {
  for (size_t i = 0; i < expected.size(); i++) {
    const double difference = std::fabs(received[i] - expected[i]);
    if (std::isfinite(expected[i]) ? difference <= tolerance * (1 + std::fabs(expected[i])) : !std::isfinite(received[i])) continue;
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

inline const char* nameOf(Precision precision) {
  return precision == Precision::f32 ? "" : precision == Precision::bf16 ? ", bf16" : ", bf16x3";
}

inline double toBf16(double x) {
  float value = float(x);
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  const uint32_t below = bits & 0xffff;
  bits = (bits & 0xffff0000) + (below > 0x8000 || (below == 0x8000 && (bits & 0x10000)) ? 0x10000 : 0);
  std::memcpy(&value, &bits, sizeof bits);
  return value;
}

/** What rounding leaves of x, if that can be told, rounded too. */
inline double remainderOf(double x) {
  const double remainder = x - toBf16(x);
  return std::isfinite(remainder) ? toBf16(remainder) : 0;
}

/** a·b in a precision, before any rounding of sums. */
inline double product(double a, double b, Precision precision) {
  if (precision == Precision::f32) return a * b;
  const double highA = toBf16(a), highB = toBf16(b);
  if (precision == Precision::bf16) return highA * highB;
  return highA * highB + highA * remainderOf(b) + remainderOf(a) * highB;
}

/**
 * Rounding of a sum of K products of order one, or of three times as many, far above what chance brings: the partial sums
 * grow with √K, and as many roundings of that size again add up with √K.
 */
inline double sumOf(size_t K, Precision precision = Precision::f32) {
  return 1e-6 * (4 + double(precision == Precision::bf16x3 ? 3 * K : K) / 10);
}

}  // namespace patchlens
