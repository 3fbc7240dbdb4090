#pragma once

#include "activation-gradient.h"
#include "attention-gradient.h"
#include "batch-norm.h"
#include "batch-norm-training.h"
#include "convolution-gradients.h"
#include "depthwise-gradients.h"
#include "elementwise.h"
#include "layer-norm-gradient.h"
#include "pool.h"
#include "precision.h"
#include "reduce.h"
#include "resample.h"
#include "softmax.h"
#include "strided-copy.h"
#include "updates.h"

namespace patchlens {

/** Every kernel for the instruction set S, which multiplies bfloat16 as B does. */
template <class S, class B = ByRounding<S>>
constexpr Kernels tableOf(const char* name) {
  return {name,
          B::AUTOMATIC,
          packedSizeIn<S, B>,
          packIn<S, B>,
          linearIn<S, B>,
          matMulIn<S, B>,
          attentionIn<S, B>,
          layerNorm<S>,
          activate<S>,
          softmax<S>,
          binary<S>,
          activationGradient<S>,
          layerNormGradient<S>,
          attentionGradient<S>,
          attentionMaskGradient<S>,
          reduceSum<S>,
          stridedCopy<S>,
          resample<S>,
          transformsFilter,
          packedFilterSizeIn<S, B>,
          packFilterIn<S, B>,
          convolutionIn<S, B>,
          convolutionInputGradient<S>,
          convolutionFilterGradient<S>,
          depthwise<S>,
          invertedResidualIn<S, B>,
          depthwiseInputGradient<S>,
          depthwiseFilterGradient<S>,
          maxPool<S>,
          maxPoolGradient<S>,
          averagePool<S>,
          averagePoolGradient<S>,
          batchNorm<S>,
          batchNormTraining<S>,
          batchNormTrainingGradient<S>,
          adamW<S>,
          moveAverage<S>};
}

}  // namespace patchlens
