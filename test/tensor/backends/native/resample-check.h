#pragma once

#include "harness.h"

namespace patchlens {

/** Random taps of one axis, with the arrays that they lie in. */
struct RandomTaps {
  std::vector<int32_t> first, count, weights;
  size_t stride;

  RandomTaps(size_t length, size_t axis) : stride(1 + below(axis)) {
    for (size_t i = 0; i < length; i++) {
      const size_t taps = 1 + below(stride);
      count.push_back(int32_t(taps));
      first.push_back(int32_t(below(axis - taps + 1)));
      for (size_t t = 0; t < stride; t++) weights.push_back(int32_t(below(1 << 23)) - (1 << 21));
    }
  }
  ResampleTaps taps() const { return {first.data(), count.data(), weights.data(), first.size(), stride}; }
};

/** One sum of a pass, `step` bytes from tap to tap. */
inline uint8_t resampled(const uint8_t* x, size_t step, const RandomTaps& taps, size_t i) {
  uint32_t sum = 1u << 21;
  for (size_t t = 0; t < size_t(taps.count[i]); t++) {
    sum += uint32_t(x[(size_t(taps.first[i]) + t) * step]) * uint32_t(taps.weights[i * taps.stride + t]);
  }
  const int32_t value = int32_t(sum) >> 22;
  return uint8_t(value < 0 ? 0 : value > 255 ? 255 : value);
}

inline void checkResample(const Kernels& kernels) {
  const size_t width = 1 + below(90), height = 1 + below(40), outWidth = 1 + below(40), outHeight = 1 + below(40);
  std::vector<uint8_t> x(width * height * 3), out(outWidth * outHeight * 3);
  for (uint8_t& value : x) value = uint8_t(below(256));
  const RandomTaps across(outWidth, width), down(outHeight, height);
  size_t first = height, end = 0;
  for (size_t i = 0; i < outHeight; i++) {
    const size_t start = size_t(down.first[i]), after = start + size_t(down.count[i]);
    first = start < first ? start : first;
    end = after > end ? after : end;
  }
  kernels.resample({x.data(), out.data(), width, height, first, end - first, across.taps(), down.taps()});
  std::vector<uint8_t> between(height * outWidth * 3);
  for (size_t i = 0; i < between.size(); i++) {
    between[i] = resampled(x.data() + i / (outWidth * 3) * width * 3 + i % 3, 3, across, i / 3 % outWidth);
  }
  for (size_t i = 0; i < out.size(); i++) {
    const size_t column = i % (outWidth * 3);
    const uint8_t expected = resampled(between.data() + column, outWidth * 3, down, i / (outWidth * 3));
    if (out[i] == expected) continue;
    failures += std::printf("resample: at %zu expected %d, got %d\n", i, expected, out[i]) > 0;
    return;
  }
}

}  // namespace patchlens
