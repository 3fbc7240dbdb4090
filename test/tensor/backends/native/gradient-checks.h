// The kernels of the backward pass against the same sums in float64.
#pragma once

#include <algorithm>

#include "harness.h"

namespace patchlens {

inline double slopeOf(double x, Activation activation) {
  const double h = 1e-6;
  if (activation == Activation::relu) return x > 0;
  return (activated(x + h, activation) - activated(x - h, activation)) / (2 * h);
}

inline void checkActivationGradient(const Kernels& kernels) {
  const size_t size = below(3) * 16384 + below(100);
  const auto activation = Activation(below(5));
  const Floats x = random(size), dy = random(size);
  Floats dx = poisoned(size);
  kernels.activationGradient(dy.data(), x.data(), dx.data(), size, activation);
  std::vector<double> expected(size);
  for (size_t i = 0; i < size; i++) expected[i] = dy[i] * slopeOf(x[i], activation);
  compare("activationGradient", dx, expected, 2e-6);
}

inline void checkLayerNormGradient(const Kernels& kernels) {
  const size_t rows = randomSize(), D = 4 + randomSize();
  const Floats x = random(rows * D), dy = random(rows * D), scale = random(D);
  Floats dx = poisoned(rows * D), dScale = poisoned(D), dBias = poisoned(D);
  kernels.layerNormGradient({dy.data(), x.data(), scale.data(), dx.data(), dScale.data(), dBias.data(), rows, D, 1e-3f});
  std::vector<double> expected(rows * D), expectedScale(D), expectedBias(D);
  for (size_t r = 0; r < rows; r++) {
    const auto at = [&](const Floats& values, size_t d) { return double(values[r * D + d]); };
    double mean = 0, variance = 0, meanG = 0, projection = 0;
    for (size_t d = 0; d < D; d++) mean += at(x, d) / double(D);
    for (size_t d = 0; d < D; d++) variance += (at(x, d) - mean) * (at(x, d) - mean) / double(D);
    const double factor = 1 / std::sqrt(variance + 1e-3);
    const auto normal = [&](size_t d) { return (at(x, d) - mean) * factor; };
    for (size_t d = 0; d < D; d++) {
      meanG += at(dy, d) * scale[d] / double(D), projection += at(dy, d) * scale[d] * normal(d) / double(D);
      expectedScale[d] += at(dy, d) * normal(d), expectedBias[d] += at(dy, d);
    }
    for (size_t d = 0; d < D; d++) expected[r * D + d] = (at(dy, d) * scale[d] - meanG - normal(d) * projection) * factor;
  }
  compare("layerNormGradient dx", dx, expected, 1e-4);
  compare("layerNormGradient dscale", dScale, expectedScale, 1e-4);
  compare("layerNormGradient dbias", dBias, expectedBias, 1e-4);
}

inline void checkReduceSum(const Kernels& kernels) {
  const size_t outer = below(6), R = below(3) == 0 ? below(40000) : randomSize(), inner = below(2) ? 1 : 1 + below(50);
  const float factor = below(2) ? 1 : 0.125f;
  const Floats x = random(outer * R * inner);
  Floats out = poisoned(outer * inner);
  kernels.reduceSum({x.data(), out.data(), outer, R, inner, factor});
  std::vector<double> expected(outer * inner);
  for (size_t i = 0; i < x.size(); i++) expected[i / (R * inner) * inner + i % inner] += double(x[i]) * factor;
  compare("reduceSum", out, expected, 1e-6 * (4 + 4 * std::sqrt(double(R))));
}

/** A transposition of random axes into a part of a larger output, whose rest stays as it was. */
inline void checkStridedCopy(const Kernels& kernels) {
  const size_t rank = 2 + below(3);
  CopyArguments args{nullptr, nullptr, rank, {}, {}, {}};
  std::vector<size_t> order(rank);
  size_t size = 1, places = 1;
  for (size_t axis = rank; axis-- > 0;) {
    args.shape[axis] = 1 + below(axis + 2 >= rank ? 70 : 4);
    args.outStrides[axis] = places;
    places *= args.shape[axis] + below(2);
    order[axis] = axis;
  }
  std::shuffle(order.begin(), order.end(), generator);
  for (const size_t axis : order) {
    // A broadcast axis now and then.
    const bool isBroadcast = below(5) == 0;
    args.xStrides[axis] = isBroadcast ? 0 : size;
    if (!isBroadcast) size *= args.shape[axis];
  }
  const Floats x = random(size);
  Floats out = poisoned(places);
  args.x = x.data();
  args.out = out.data();
  kernels.stridedCopy(args);
  size_t count = 1, written = 0;
  for (size_t axis = 0; axis < rank; axis++) count *= args.shape[axis];
  for (size_t i = 0; i < count; i++) {
    size_t from = 0, to = 0;
    for (size_t axis = rank, index = i; axis-- > 0; index /= args.shape[axis]) {
      from += index % args.shape[axis] * args.xStrides[axis];
      to += index % args.shape[axis] * args.outStrides[axis];
    }
    if (out[to] != x[from]) return void(failures += std::printf("stridedCopy: at %zu expected %g, got %g\n", to, x[from], out[to]) > 0);
  }
  for (const float value : out) written += !std::isnan(value);
  if (written != count) failures += std::printf("stridedCopy: expected %zu places written, got %zu\n", count, written) > 0;
}

inline void checkAttentionGradient(const Kernels& kernels) {
  const size_t B = 1 + below(3), H = 1 + below(3), Nq = randomSize() % 130, Nk = 1 + randomSize() % 130;
  const size_t Dh = 1 + below(40), Dvh = 1 + below(40), maskB = below(2) ? 1 : B, maskH = below(2) ? 1 : H;
  const size_t stride = H * Dh + below(2) * below(20), vStride = H * Dvh + below(2) * below(20);
  const Floats q = random(B * Nq * stride), k = random(B * Nk * stride), v = random(B * Nk * vStride);
  const Floats mask = random(maskB * maskH * Nq * Nk), dOut = random(B * Nq * H * Dvh), dWeights = random(B * H * Nq * Nk);
  const bool hasMask = below(2), hasUpstream = below(2);
  const float scale = 1 / std::sqrt(float(Dh));
  Floats dq = poisoned(q.size()), dk = poisoned(k.size()), dv = poisoned(v.size()), dMask = poisoned(mask.size());
  const AttentionGradientArguments args{q.data(), k.data(), v.data(), hasMask ? mask.data() : nullptr, dOut.data(),
                                        hasUpstream ? dWeights.data() : nullptr, dq.data(), dk.data(), dv.data(),
                                        dMask.data(), B, H, Nq, Nk, Dh, Dvh, maskB, maskH, stride, vStride, scale};
  kernels.attentionGradient(args);
  if (hasMask) kernels.attentionMaskGradient(args);
  std::vector<double> eq(q.size()), ek(k.size()), ev(v.size()), eMask(mask.size()), P(Nk), dP(Nk);
  for (size_t i = 0; i < B * H * Nq; i++) {
    const size_t b = i / (H * Nq), h = i / Nq % H, n = i % Nq;
    const size_t maskAt = (((maskB == 1 ? 0 : b) * maskH + (maskH == 1 ? 0 : h)) * Nq + n) * Nk;
    const size_t qAt = (b * Nq + n) * stride + h * Dh, outAt = ((b * Nq + n) * H + h) * Dvh;
    const auto kAt = [&](size_t m) { return (b * Nk + m) * stride + h * Dh; };
    const auto vAt = [&](size_t m) { return (b * Nk + m) * vStride + h * Dvh; };
    double greatest = -INFINITY, sum = 0, mean = 0;
    for (size_t m = 0; m < Nk; m++) {
      P[m] = hasMask ? mask[maskAt + m] : 0, dP[m] = hasUpstream ? dWeights[i * Nk + m] : 0;
      for (size_t d = 0; d < Dh; d++) P[m] += double(q[qAt + d]) * k[kAt(m) + d] * scale;
      for (size_t d = 0; d < Dvh; d++) dP[m] += double(dOut[outAt + d]) * v[vAt(m) + d];
      greatest = std::fmax(greatest, P[m]);
    }
    for (double& weight : P) sum += weight = std::exp(weight - greatest);
    for (size_t m = 0; m < Nk; m++) P[m] /= sum, mean += P[m] * dP[m];
    for (size_t m = 0; m < Nk; m++) {
      const double slope = P[m] * (dP[m] - mean);
      eMask[hasMask ? maskAt + m : 0] += slope;
      for (size_t d = 0; d < Dh; d++) {
        eq[qAt + d] += slope * scale * k[kAt(m) + d], ek[kAt(m) + d] += slope * scale * q[qAt + d];
      }
      for (size_t d = 0; d < Dvh; d++) ev[vAt(m) + d] += P[m] * dOut[outAt + d];
    }
  }
  clearGaps("attentionGradient dq", dq, H * Dh, stride);
  clearGaps("attentionGradient dk", dk, H * Dh, stride);
  clearGaps("attentionGradient dv", dv, H * Dvh, vStride);
  compare("attentionGradient dq", dq, eq, 3e-5);
  compare("attentionGradient dk", dk, ek, 3e-5);
  compare("attentionGradient dv", dv, ev, 3e-5);
  if (hasMask) compare("attentionGradient dmask", dMask, eMask, 3e-5);
}

/** Forward and backward; which values the ReLU lets through is taken from the forward pass, for near zero rounding decides. */
inline void checkBatchNormTraining(const Kernels& kernels) {
  const size_t rows = 2 + randomSize() * (below(3) == 0 ? 30 : 1), C = 1 + below(70);
  const Floats x = random(rows * C), skip = random(rows * C), dy = random(rows * C), scale = random(C), bias = random(C);
  const bool hasSkip = below(2), rectifies = below(2);
  Floats out = poisoned(rows * C), mean = poisoned(C), variance = poisoned(C);
  Floats dx = poisoned(rows * C), dScale = poisoned(C), dBias = poisoned(C), dSkip = poisoned(rows * C);
  const BatchNormTrainingArguments args{x.data(), scale.data(), bias.data(), hasSkip ? skip.data() : nullptr, rows, C, 1e-3, rectifies};
  kernels.batchNormTraining(args, {out.data(), mean.data(), variance.data()});
  kernels.batchNormTrainingGradient(args, dy.data(), {dx.data(), dScale.data(), dBias.data(), hasSkip ? dSkip.data() : nullptr});
  std::vector<double> expected(rows * C), means(C), variances(C), eScale(C), eBias(C), eX(rows * C), eSkip(rows * C);
  const double count = double(rows);
  for (size_t i = 0; i < rows * C; i++) means[i % C] += x[i] / count;
  for (size_t i = 0; i < rows * C; i++) variances[i % C] += (x[i] - means[i % C]) * (x[i] - means[i % C]) / count;
  const auto normal = [&](size_t i) { return (x[i] - means[i % C]) / std::sqrt(variances[i % C] + 1e-3); };
  for (size_t i = 0; i < rows * C; i++) {
    const double y = normal(i) * scale[i % C] + bias[i % C] + (hasSkip ? skip[i] : 0);
    expected[i] = rectifies ? std::fmax(y, 0) : y;
    eSkip[i] = rectifies && !(out[i] > 0) ? 0 : double(dy[i]);
    eBias[i % C] += eSkip[i], eScale[i % C] += eSkip[i] * normal(i);
  }
  for (size_t i = 0; i < rows * C; i++) {
    const size_t c = i % C;
    eX[i] = (eSkip[i] - (eBias[c] + normal(i) * eScale[c]) / count) * scale[c] / std::sqrt(variances[c] + 1e-3);
  }
  const double sums = 1e-5 * std::sqrt(count);
  compare("batchNormTraining", out, expected, 1e-4);
  compare("batchNormTraining mean", mean, means, 1e-5);
  compare("batchNormTraining variance", variance, variances, 1e-5);
  compare("batchNormTraining dx", dx, eX, 1e-3);
  compare("batchNormTraining dscale", dScale, eScale, sums);
  compare("batchNormTraining dbias", dBias, eBias, sums);
  if (hasSkip) compare("batchNormTraining dskip", dSkip, eSkip, 0);
}

inline void checkGradients(const Kernels& kernels) {
  checkActivationGradient(kernels);
  checkLayerNormGradient(kernels);
  checkBatchNormTraining(kernels);
  checkReduceSum(kernels);
  checkStridedCopy(kernels);
  checkAttentionGradient(kernels);
}

}  // namespace patchlens
