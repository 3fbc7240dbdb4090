// Every kernel of every instruction set of this processor, and of vectors wider than it has, on random shapes, against
// the same sums in float64. Operands end where their memory ends and outputs begin as NaN, so that a sanitizer sees a
// stray access and the comparison a place left out. Prints the seed first: `harness 7` runs it again, `harness 7 20` so
// many rounds of it, `harness 7 20 avx512` those of one instruction set.
#include <cstdlib>
#include <string>
#include <thread>

#include "gradient-checks.h"
#include "harness.h"
#include "isa.h"
#include "resample-check.h"
#include "thread-pool.h"
#include "window-checks.h"

namespace patchlens {
extern const Kernels emulatedPairsKernels;
extern const Kernels emulatedTilesKernels;
}

using namespace patchlens;

namespace {

void checkLinear(const Kernels& kernels) {
  const size_t M = randomSize(), N = randomSize(), K = randomSize();
  const auto activation = Activation(below(ACTIVATIONS));
  const Floats x = random(M * K), w = random(K * N), bias = random(N), residual = random(M * N);
  const bool hasBias = below(2), hasResidual = below(2);
  const auto precision = Precision(below(3));
  const auto packed = packedMatrix(kernels, w, K, N, precision);
  Floats out = poisoned(M * N);
  kernels.linear({x.data(), packed.get(), hasBias ? bias.data() : nullptr, hasResidual ? residual.data() : nullptr,
                  out.data(), M, N, K, activation, precision});
  std::vector<double> expected(M * N);
  for (size_t m = 0; m < M; m++) {
    for (size_t n = 0; n < N; n++) {
      double sum = hasBias ? bias[n] : 0;
      for (size_t k = 0; k < K; k++) sum += product(x[m * K + k], w[k * N + n], precision);
      expected[m * N + n] = activated(sum, activation) + (hasResidual ? residual[m * N + n] : 0);
    }
  }
  compare((std::string("linear") + nameOf(precision)).c_str(), out, expected, sumOf(K, precision));
}

void checkMatMul(const Kernels& kernels) {
  const size_t M = randomSize(), N = randomSize(), K = randomSize(), inA = 1 + below(3), inB = 1 + below(3);
  const bool transposeA = below(2), transposeB = below(2), inStretches = below(2);
  const auto precision = Precision(below(3));
  const Floats a = random(inA * M * K), b = random(inB * K * N);
  std::vector<int32_t> pairs(2 * below(7));
  for (size_t i = 0; i < pairs.size(); i++) pairs[i] = int32_t(below(i % 2 == 0 ? inA : inB));
  const size_t batch = pairs.size() / 2;
  Floats out = poisoned(batch * M * N);
  kernels.matMul({a.data(), b.data(), out.data(), pairs.data(), batch, M, N, K, transposeA, transposeB, inStretches, precision});
  std::vector<double> expected(batch * M * N);
  for (size_t i = 0; i < batch; i++) {
    const float* const matrixA = a.data() + size_t(pairs[2 * i]) * M * K;
    const float* const matrixB = b.data() + size_t(pairs[2 * i + 1]) * K * N;
    for (size_t m = 0; m < M; m++) {
      for (size_t n = 0; n < N; n++) {
        double sum = 0;
        for (size_t k = 0; k < K; k++) {
          sum += product(matrixA[transposeA ? k * M + m : m * K + k], matrixB[transposeB ? n * K + k : k * N + n], precision);
        }
        expected[(i * M + m) * N + n] = sum;
      }
    }
  }
  compare((std::string("matMul") + nameOf(precision)).c_str(), out, expected, sumOf(K, precision));
}

void checkAttention(const Kernels& kernels) {
  const size_t B = 1 + below(3), H = 1 + below(3), Nq = randomSize(), Nk = 1 + randomSize();
  const size_t Dh = 1 + below(40), Dvh = 1 + below(40), maskB = below(2) ? 1 : B, maskH = below(2) ? 1 : H;
  const size_t stride = H * Dh + below(2) * below(20), vStride = H * Dvh + below(2) * below(20);
  const Floats q = random(B * Nq * stride), k = random(B * Nk * stride), v = random(B * Nk * vStride);
  const Floats mask = random(maskB * maskH * Nq * Nk);
  const bool hasMask = below(2), wantsWeights = below(2);
  const auto precision = Precision(below(3));
  const float scale = 1 / std::sqrt(float(Dh));
  Floats out = poisoned(B * Nq * H * Dvh), weights = poisoned(B * H * Nq * Nk);
  kernels.attention({q.data(), k.data(), v.data(), hasMask ? mask.data() : nullptr, out.data(),
                     wantsWeights ? weights.data() : nullptr, B, H, Nq, Nk, Dh, Dvh, maskB, maskH, stride, vStride, scale, precision});
  std::vector<double> expected(out.size()), expectedWeights(weights.size());
  std::vector<double> row(Nk);
  for (size_t b = 0; b < B; b++) {
    for (size_t h = 0; h < H; h++) {
      for (size_t n = 0; n < Nq; n++) {
        double greatest = -INFINITY, sum = 0;
        for (size_t m = 0; m < Nk; m++) {
          double score = 0;
          for (size_t d = 0; d < Dh; d++) score += product(q[(b * Nq + n) * stride + h * Dh + d], k[(b * Nk + m) * stride + h * Dh + d], precision);
          const size_t plane = (maskB == 1 ? 0 : b) * maskH + (maskH == 1 ? 0 : h);
          row[m] = score * scale + (hasMask ? mask[(plane * Nq + n) * Nk + m] : 0);
          greatest = std::fmax(greatest, row[m]);
        }
        for (double& score : row) sum += score = std::exp(score - greatest);
        for (size_t m = 0; m < Nk; m++) {
          expectedWeights[((b * H + h) * Nq + n) * Nk + m] = row[m] / sum;
          for (size_t d = 0; d < Dvh; d++) expected[((b * Nq + n) * H + h) * Dvh + d] += product(row[m] / sum, v[(b * Nk + m) * vStride + h * Dvh + d], precision);
        }
      }
    }
  }
  // A weight a little off may round to the next bfloat16, a 256th of it away.
  const double tolerance = precision == Precision::f32 ? 1e-5 : precision == Precision::bf16x3 ? 2e-5 : 4e-3;
  compare((std::string("attention") + nameOf(precision)).c_str(), out, expected, tolerance);
  if (wantsWeights) compare("attention weights", weights, expectedWeights, 1e-5);
}

void checkRows(const Kernels& kernels) {
  const size_t rows = randomSize(), D = 1 + randomSize();
  const Floats x = random(rows * D), scale = random(D), bias = random(D);
  Floats normed = poisoned(rows * D), weights = poisoned(rows * D);
  kernels.layerNorm({x.data(), scale.data(), bias.data(), normed.data(), rows, D, 1e-6f});
  kernels.softmax(x.data(), weights.data(), rows, D);
  std::vector<double> expectedNormed(rows * D), expectedWeights(rows * D);
  for (size_t r = 0; r < rows; r++) {
    const float* const row = x.data() + r * D;
    double mean = 0, variance = 0, sum = 0;
    for (size_t d = 0; d < D; d++) mean += row[d] / double(D), sum += std::exp(double(row[d]));
    for (size_t d = 0; d < D; d++) variance += (row[d] - mean) * (row[d] - mean) / double(D);
    for (size_t d = 0; d < D; d++) {
      expectedNormed[r * D + d] = (row[d] - mean) / std::sqrt(variance + 1e-6) * scale[d] + bias[d];
      expectedWeights[r * D + d] = std::exp(double(row[d])) / sum;
    }
  }
  compare("softmax", weights, expectedWeights, 1e-5);
  // One element has no variance, and what is rounded in two or three is not small against the little they may have.
  if (D > 3) compare("layerNorm", normed, expectedNormed, 1e-4);
}

void checkElements(const Kernels& kernels) {
  const size_t shape[] = {1 + below(5), 1 + below(300), 1 + below(300)};
  const auto activation = Activation(below(ACTIVATIONS));
  const auto operation = Binary(below(4));
  const size_t size = shape[0] * shape[1] * shape[2];
  const Floats x = random(size);
  Floats b = random(shape[2]);
  for (float& value : b) value = std::copysign(std::fabs(value) + 0.1f, value);
  Floats mapped = poisoned(size), combined = poisoned(size);
  kernels.activate(x.data(), mapped.data(), size, activation);
  kernels.binary({x.data(), b.data(), combined.data(), operation, 3, {shape[0], shape[1], shape[2]},
                  {shape[1] * shape[2], shape[2], 1}, {0, 0, 1}});
  std::vector<double> expectedMapped(size), expectedCombined(size);
  for (size_t i = 0; i < size; i++) {
    const double left = x[i], right = b[i % shape[2]];
    const double results[] = {left + right, left - right, left * right, left / right};
    expectedMapped[i] = activated(left, activation);
    expectedCombined[i] = results[size_t(operation)];
  }
  compare("activate", mapped, expectedMapped, 1e-6);
  compare("binary", combined, expectedCombined, 1e-6);
}

/** GELU is x·Φ(x), and Φ as accurate as it says, out to where it is 0 or 1. */
void checkGelu(const Kernels& kernels) {
  Floats x{-1e6f, 1e6f, -5.5f, 5.5f, std::nextafter(-5.5f, 0.0f), std::nextafter(5.5f, 6.0f), 0.0f, 40.0f};
  for (int i = -14000; i <= 14000; i++) x.push_back(float(i) / 1000);
  Floats out = poisoned(x.size());
  kernels.activate(x.data(), out.data(), x.size(), Activation::gelu);
  for (size_t i = 0; i < x.size(); i++) {
    const double relative = (out[i] - activated(x[i], Activation::gelu)) / std::fmax(std::fabs(x[i]), 1e-3);
    // The product is rounded too.
    if (!(std::fabs(relative) <= 2.6e-7)) return void(failures += std::printf("gelu: %g of %g\n", out[i], x[i]) > 0);
  }
  const Floats holed{NAN};
  kernels.activate(holed.data(), out.data(), 1, Activation::gelu);
  if (!std::isnan(out[0])) failures += std::printf("gelu: expected NaN, got %g\n", out[0]) > 0;
}

void checkUpdates(const Kernels& kernels) {
  const size_t size = randomSize();
  const float share = 0.02f, epsilon = 1e-8f, scale = 0.3f, kept = 0.99f, stepSize = 0.02f, deviationScale = 3;
  const Floats gradient = random(size);
  Floats values = random(size), first = random(size), second = random(size), average = random(size);
  for (float& value : second) value *= value;
  std::vector<double> expectedValues(size), expectedFirst(size), expectedSecond(size), expectedAverage(size);
  for (size_t i = 0; i < size; i++) {
    const double g = double(gradient[i]) * scale;
    expectedFirst[i] = 0.9 * first[i] + 0.1 * g;
    expectedSecond[i] = 0.999 * second[i] + 0.001 * g * g;
    expectedValues[i] = double(values[i]) * kept - stepSize * expectedFirst[i] / (std::sqrt(expectedSecond[i]) * deviationScale + epsilon);
    expectedAverage[i] = average[i] + double(share) * (expectedValues[i] - average[i]);
  }
  kernels.adamW({values.data(), gradient.data(), first.data(), second.data(), size, 0.9f, 0.1f, 0.999f, 0.001f, epsilon, scale, kept, stepSize, deviationScale});
  kernels.moveAverage(average.data(), values.data(), size, share);
  compare("adamW first", first, expectedFirst, 1e-6);
  compare("adamW second", second, expectedSecond, 1e-6);
  compare("adamW", values, expectedValues, 1e-5);
  compare("moveAverage", average, expectedAverage, 1e-6);
}

void check(const Kernels& kernels, int rounds) {
  const int before = failures;
  checkGelu(kernels);
  for (size_t threadCount = 1; threadCount <= 3; threadCount++) {
    setThreads(threadCount);
    for (int round = 0; round < rounds; round++) {
      checkLinear(kernels);
      checkMatMul(kernels);
      checkAttention(kernels);
      checkRows(kernels);
      checkElements(kernels);
      checkGradients(kernels);
      checkResample(kernels);
      checkConvolution(kernels);
      checkPointwise(kernels);
      checkWinograd(kernels);
      checkInvertedResidual(kernels);
      checkDepthwise(kernels);
      checkPools(kernels);
      checkBatchNorm(kernels);
      checkUpdates(kernels);
    }
  }
  std::printf("%s: %d failures\n", kernels.name, failures - before);
}

}  // namespace

int main(int count, char** arguments) {
  const unsigned seed = count > 1 ? unsigned(std::atoi(arguments[1])) : std::random_device{}();
  const int rounds = count > 2 ? std::atoi(arguments[2]) : 60;
  std::printf("seed %u\n", seed);
  generator.seed(seed);
  const char* const only = count > 3 ? arguments[3] : nullptr;
  const auto checkIfWanted = [=](const Kernels& kernels) {
    if (only == nullptr || std::strcmp(only, kernels.name) == 0) check(kernels, rounds);
  };
  for (size_t i = 0; const Kernels* kernels = runnableKernels(i); i++) checkIfWanted(*kernels);
  checkIfWanted(emulatedPairsKernels);
  checkIfWanted(emulatedTilesKernels);
  // Two callers at once, as two worker threads of Node are.
  const Kernels& kernels = *runnableKernels(0);
  const auto call = [&kernels] {
    const Floats x(1 << 18, 0.5f);
    Floats out(x.size());
    for (int i = 0; i < 50; i++) kernels.activate(x.data(), out.data(), x.size(), Activation::gelu);
  };
  std::thread other(call);
  call();
  other.join();
  setThreads(1);
  return failures == 0 ? 0 : 1;
}
