// The block of MobileNetV2: a 1×1 convolution to a wide middle, a depthwise one there, and a 1×1 convolution back.
#pragma once

#include "convolution.h"
#include "depthwise.h"

namespace patchlens {

/** One image after the other, so that the middle, in memory that is used again and again, stays as close as it can. */
template <class S, class P>
void invertedResidual(const InvertedResidualArguments& args) {
  Windows w = args.windows;
  const size_t images = w.B, E = w.C, pixels = w.H * w.W, outputs = w.Oh * w.Ow;
  w.B = 1;
  const bool expands = args.expand.packed != nullptr;
  const size_t wideFloats = expands ? wholeLines(pixels * E) : 0;
  float* const wide = scratch(Scratch::shared, wideFloats + outputs * E);
  float* const filtered = wide + wideFloats;
  for (size_t image = 0; image < images; image++) {
    const float* const x = args.x + image * pixels * args.C;
    if (expands) {
      const Epilogue epilogue{args.expand.bias, nullptr, args.activation};
      multiplyFrom<S, P>(Stored{x, args.C}, args.expand.packed, wide, pixels, E, args.C, 1, epilogue);
    }
    depthwise<S>({expands ? wide : x, args.filter, args.filterBias, filtered, w, 1, args.activation});
    multiplyFrom<S, P>(Stored{filtered, E}, args.project.packed, args.out + image * outputs * args.N, outputs, args.N, E, 1,
                       Epilogue{args.project.bias, args.isResidual ? x : nullptr});
  }
}

}  // namespace patchlens
