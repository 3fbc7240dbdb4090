// Separable resampling of 8-bit RGB pixels in integers, after libImaging/Resample.c: each pass is rounded and clipped to
// 8 bits. Sums wrap as those of the TypeScript do, so that every implementation gives the same bytes.
#pragma once

#include <cstring>

#include "gemm.h"
#include "scratch.h"

namespace patchlens {

/** Fractional bits of a weight: WEIGHT_BITS of image/taps.ts. */
constexpr int WEIGHT_BITS = 22;
constexpr size_t CHANNELS = 3;

inline uint8_t clipped(uint32_t sum) {
  const int32_t value = int32_t(sum) >> WEIGHT_BITS;
  return uint8_t(value < 0 ? 0 : value > 255 ? 255 : value);
}

/**
 * The horizontal weights once for each channel, with zeros to the end of the last group of vectors: lane i of a group
 * belongs to channel i % 3.
 */
template <class S>
class SampleWeights {
 public:
  static constexpr size_t GROUP = CHANNELS * S::W;

  static size_t stride(const ResampleTaps& taps) { return ceilDivide(taps.stride * CHANNELS, GROUP) * GROUP; }

  static void expand(const ResampleTaps& taps, uint32_t* out) {
    std::memset(out, 0, taps.length * stride(taps) * sizeof(uint32_t));
    for (size_t i = 0; i < taps.length; i++, out += stride(taps)) {
      for (size_t t = 0; t < size_t(taps.count[i]) * CHANNELS; t++) {
        out[t] = uint32_t(taps.weights[i * taps.stride + t / CHANNELS]);
      }
    }
  }
};

/** One pixel of the horizontal pass from samples at `x`, none of them at `end` or behind. */
template <class S>
inline void resamplePixel(const uint8_t* x, const uint8_t* end, const uint32_t* weights, size_t samples, uint8_t* out) {
  using U = typename S::U;
  constexpr size_t GROUP = SampleWeights<S>::GROUP;
  U sums[CHANNELS]{};
  for (size_t i = 0; i < samples; i += GROUP, weights += GROUP) {
    uint8_t tail[GROUP];
    const uint8_t* from = x + i;
    // Behind the samples the weights are zero, but behind the image there may be no memory.
    if (size_t(end - from) < GROUP) {
      std::memset(tail, 0, GROUP);
      std::memcpy(tail, from, size_t(end - from));
      from = tail;
    }
    for (size_t part = 0; part < CHANNELS; part++) {
      U weight;
      std::memcpy(&weight, weights + part * S::W, sizeof weight);
      sums[part] += S::widened(from + part * S::W) * weight;
    }
  }
  uint32_t lanes[GROUP];
  std::memcpy(lanes, sums, sizeof lanes);
  for (size_t channel = 0; channel < CHANNELS; channel++) {
    uint32_t sum = uint32_t{1} << (WEIGHT_BITS - 1);
    for (size_t lane = channel; lane < GROUP; lane += CHANNELS) sum += lanes[lane];
    out[channel] = clipped(sum);
  }
}

/** One row of the vertical pass: `samples` sums over rows of the intermediate image. */
template <class S>
void resampleColumns(const uint8_t* rows, const int32_t* weights, size_t taps, size_t samples, uint8_t* out) {
  using U = typename S::U;
  size_t i = 0;
  for (; i + S::W <= samples; i += S::W) {
    U sum = U{} + (uint32_t{1} << (WEIGHT_BITS - 1));
    for (size_t t = 0; t < taps; t++) sum += S::widened(rows + t * samples + i) * uint32_t(weights[t]);
    uint32_t lanes[S::W];
    std::memcpy(lanes, &sum, sizeof lanes);
    for (size_t lane = 0; lane < S::W; lane++) out[i + lane] = clipped(lanes[lane]);
  }
  for (; i < samples; i++) {
    uint32_t sum = uint32_t{1} << (WEIGHT_BITS - 1);
    for (size_t t = 0; t < taps; t++) sum += uint32_t(rows[t * samples + i]) * uint32_t(weights[t]);
    out[i] = clipped(sum);
  }
}

/** Both passes: of the input only the rows that the output needs, from `firstRow` on. */
template <class S>
void resample(const ResampleArguments& args) {
  const ResampleTaps& across = args.horizontal;
  const size_t samples = across.length * CHANNELS;
  const size_t stride = SampleWeights<S>::stride(across);
  const size_t weightFloats = across.length * stride;
  float* const space = scratch(Scratch::shared, weightFloats + ceilDivide(args.numRows * samples, sizeof(float)));
  uint32_t* const weights = reinterpret_cast<uint32_t*>(space);
  uint8_t* const between = reinterpret_cast<uint8_t*>(space + weightFloats);
  SampleWeights<S>::expand(across, weights);
  const uint8_t* const end = args.x + args.width * args.height * CHANNELS;
  const size_t step = ceilDivide(size_t{1} << 12, samples);
  parallel(ceilDivide(args.numRows, step), [&](size_t task) {
    for (size_t row = task * step; row < least((task + 1) * step, args.numRows); row++) {
      const uint8_t* const x = args.x + (args.firstRow + row) * args.width * CHANNELS;
      uint8_t* const out = between + row * samples;
      for (size_t i = 0; i < across.length; i++) {
        resamplePixel<S>(x + size_t(across.first[i]) * CHANNELS, end, weights + i * stride,
                         size_t(across.count[i]) * CHANNELS, out + i * CHANNELS);
      }
    }
  });
  const ResampleTaps& down = args.vertical;
  parallel(ceilDivide(down.length, step), [&](size_t task) {
    for (size_t row = task * step; row < least((task + 1) * step, down.length); row++) {
      const uint8_t* const rows = between + (size_t(down.first[row]) - args.firstRow) * samples;
      resampleColumns<S>(rows, down.weights + row * down.stride, size_t(down.count[row]), samples, args.out + row * samples);
    }
  });
}

}  // namespace patchlens
