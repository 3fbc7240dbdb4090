// What a kernel file offers: one table of functions per instruction set, all compiled from the same templates.
// Matrices are row-major float32; an optional operand that is absent is null; every output is written whole and never
// read before that.
#pragma once

#include <cstddef>
#include <cstdint>

namespace patchlens {

/** ACTIVATION_CODES on the TypeScript side is the same list. */
enum class Activation : int32_t { none, relu, gelu, geluTanh, geluQuick, relu6 };
constexpr size_t ACTIVATIONS = 6;

/**
 * Arithmetic of the products in `linear`, `attention` and convolutions but depthwise ones; PRECISION_CODES on the TypeScript side is the same list. `bf16`:
 * operands rounded to bfloat16, sums in float32. `bf16x3`: operands as the sum of two bfloat16, three of the four products
 * of those; there an infinite operand may give NaN.
 */
enum class Precision : int32_t { f32, bf16x3, bf16 };

/** BINARY_CODES on the TypeScript side is the same list. */
enum class Binary : int32_t { add, subtract, multiply, divide };

/** out = activation(x·W + bias) + residual: x [M, K], W [K, N] packed, bias [N], residual and out [M, N]. */
struct LinearArguments {
  const float* x;
  const float* packed;
  const float* bias;
  const float* residual;
  float* out;
  size_t M, N, K;
  Activation activation;
  /** That `packed` was packed for. */
  Precision precision;
};

/**
 * out[i] = A[pairs[2i]]·B[pairs[2i + 1]] for each of `batch` products [M, K]·[K, N]; a transposed A is stored as
 * [K, M], a transposed B as [N, K].
 */
struct MatMulArguments {
  const float* a;
  const float* b;
  float* out;
  const int32_t* pairs;
  size_t batch, M, N, K;
  bool transposeA, transposeB;
  /** Whether a long sum may be cut, whose rounding then is not that of the same product in a batch. */
  bool inStretches;
  Precision precision;
};

/**
 * out = softmax(QKᵀ·scale + mask)·V with the heads side by side: q [B, Nq, H·Dh] and k [B, Nk, H·Dh], tokens `stride` floats
 * apart, v [B, Nk, H·Dvh], tokens `vStride` apart, mask [maskB, maskH, Nq, Nk], out [B, Nq, H·Dvh], weights [B, H, Nq, Nk].
 */
struct AttentionArguments {
  const float* q;
  const float* k;
  const float* v;
  const float* mask;
  float* out;
  float* weights;
  size_t B, H, Nq, Nk, Dh, Dvh, maskB, maskH, stride, vStride;
  float scale;
  Precision precision;
};

/** out = (x − μ)/√(σ² + ε)·scale + bias for each of `rows` rows of D floats. */
struct LayerNormArguments {
  const float* x;
  const float* scale;
  const float* bias;
  float* out;
  size_t rows, D;
  float epsilon;
};

/** The most axes an element-wise kernel takes, after axes that are stored as one have been joined. */
constexpr size_t MAX_AXES = 6;

/** out[i] = a[i] op b[i] over `rank` axes; a stride counts floats and is 0 where the operand is broadcast. */
struct BinaryArguments {
  const float* a;
  const float* b;
  float* out;
  Binary operation;
  size_t rank;
  size_t shape[MAX_AXES];
  size_t aStrides[MAX_AXES];
  size_t bStrides[MAX_AXES];
};

/** dx, dscale and dbias of ⟨layerNorm(x), dy⟩; dScale and dBias have D floats. */
struct LayerNormGradientArguments {
  const float* dy;
  const float* x;
  const float* scale;
  float* dx;
  float* dScale;
  float* dBias;
  size_t rows, D;
  float epsilon;
};

/**
 * The gradients of attention from dOut [B, Nq, H·Dvh] and, unless null, dWeights [B, H, Nq, Nk]: dq, dk and dv, which lie as
 * q, k and v do, or of the mask alone dMask [maskB, maskH, Nq, Nk].
 */
struct AttentionGradientArguments {
  const float* q;
  const float* k;
  const float* v;
  const float* mask;
  const float* dOut;
  const float* dWeights;
  float* dq;
  float* dk;
  float* dv;
  float* dMask;
  size_t B, H, Nq, Nk, Dh, Dvh, maskB, maskH, stride, vStride;
  float scale;
};

/** out = factor·Σ x over the middle axis of [outer, R, inner]. */
struct ReduceArguments {
  const float* x;
  float* out;
  size_t outer, R, inner;
  float factor;
};

/** out[i] = x[i] over `rank` axes from 2 up, none of them empty; strides count floats. */
struct CopyArguments {
  const float* x;
  float* out;
  size_t rank;
  size_t shape[MAX_AXES];
  size_t xStrides[MAX_AXES];
  size_t outStrides[MAX_AXES];
};

/**
 * Windows of Kh×Kw taps on images [B, H, W, C], Oh×Ow of them on each: tap (i, j) of window (y, x) is the pixel at
 * y·strideY + i·dilationY − top, x·strideX + j·dilationX − left, which may lie outside.
 */
struct Windows {
  size_t B, H, W, C, Kh, Kw, Oh, Ow;
  ptrdiff_t strideY, strideX, dilationY, dilationX, top, left;

  size_t count() const { return B * Oh * Ow; }
  size_t taps() const { return Kh * Kw; }
  size_t pixels() const { return B * H * W; }
};

/** out [B, Oh, Ow, N] = activation(x * filter + bias + skip): filter [Kh, Kw, C, N], as it is and packed; taps outside are zero. */
struct ConvolutionArguments {
  const float* x;
  const float* filter;
  const float* packed;
  const float* bias;
  const float* skip;
  float* out;
  Windows windows;
  size_t N;
  Activation activation;
  /** That `packed` was packed for. */
  Precision precision;
};

/** The gradients of ⟨x * filter, dy⟩, dilation 1: dx [B, H, W, C] and dFilter [Kh, Kw, C, N] from dy [B, Oh, Ow, N]. */
struct ConvolutionInputGradientArguments {
  const float* dy;
  const float* filter;
  float* dx;
  Windows windows;
  size_t N;
};
struct ConvolutionFilterGradientArguments {
  const float* x;
  const float* dy;
  float* dFilter;
  Windows windows;
  size_t N;
};

/**
 * out [B, Oh, Ow, C·multiplier] = activation(x * filter + bias), each channel by itself: filter [Kh, Kw, C, multiplier],
 * taps outside are zero.
 */
struct DepthwiseArguments {
  const float* x;
  const float* filter;
  const float* bias;
  float* out;
  Windows windows;
  size_t multiplier;
  Activation activation;
};

/** A 1×1 convolution: its filter as a packed matrix, and a bias. */
struct PointwiseConvolution {
  const float* packed;
  const float* bias;
};

/**
 * out [B, Oh, Ow, N] = project(activation(expand'(x) * filter + filterBias)) + x, where expand' is the activation of expand:
 * x [B, H, W, C], the windows those of a filter [Kh, Kw, E] on E channels. x is added where it is a residual, and as wide as
 * the filter where there is no expansion.
 */
struct InvertedResidualArguments {
  const float* x;
  /** [C, E] */
  PointwiseConvolution expand;
  const float* filter;
  const float* filterBias;
  /** [E, N] */
  PointwiseConvolution project;
  float* out;
  Windows windows;
  size_t C, N;
  Activation activation;
  bool isResidual;
  /** That `expand` and `project` were packed for. */
  Precision precision;
};

/** The gradients of ⟨x * filter, dy⟩ of a depthwise convolution. */
struct DepthwiseInputGradientArguments {
  const float* dy;
  const float* filter;
  float* dx;
  Windows windows;
  size_t multiplier;
};
struct DepthwiseFilterGradientArguments {
  const float* x;
  const float* dy;
  float* dFilter;
  Windows windows;
  size_t multiplier;
};

/** out = (x − mean)/√(variance + ε)·scale + offset for each of `rows` rows of C floats; scale 1, offset 0 where null. */
struct BatchNormArguments {
  const float* x;
  const float* mean;
  const float* variance;
  const float* offset;
  const float* scale;
  float* out;
  size_t rows, C;
  double epsilon;
};

/** One axis of a resampling: output i is the sum of weights[i·stride + t] times the input at first[i] + t, t < count[i]. */
struct ResampleTaps {
  const int32_t* first;
  const int32_t* count;
  const int32_t* weights;
  size_t length, stride;
};

/** out [vertical.length, horizontal.length, 3] from x [height, width, 3], of which rows [firstRow, + numRows) are read. */
struct ResampleArguments {
  const uint8_t* x;
  uint8_t* out;
  size_t width, height, firstRow, numRows;
  ResampleTaps horizontal, vertical;
};

/**
 * Batch norm with the moments of the batch itself, and what may follow it: out = f((x − μ)/√(σ² + ε)·scale + bias + skip),
 * for each of `rows` rows of C floats; no skip where null, f the ReLU or nothing.
 */
struct BatchNormTrainingArguments {
  const float* x;
  const float* scale;
  const float* bias;
  const float* skip;
  size_t rows, C;
  double epsilon;
  bool rectifies;
};
/** out has the shape of x; mean and variance (the biased one) have C floats. */
struct BatchNormTrainingOutputs {
  float* out;
  float* mean;
  float* variance;
};
/** dx and, unless null, dSkip have the shape of x. */
struct BatchNormTrainingGradients {
  float* dx;
  float* dScale;
  float* dBias;
  float* dSkip;
};

/** One step of Adam with decoupled weight decay (Loshchilov & Hutter 2019) on `size` floats, all but the gradient in place. */
struct AdamWArguments {
  float* values;
  const float* gradient;
  /** The moving averages of the gradient and of its square. */
  float* first;
  float* second;
  size_t size;
  /** rest1 and rest2: 1 − β, where that is too near 0 to be made of a float32 β. */
  float beta1, rest1, beta2, rest2, epsilon;
  /** Of the gradient. */
  float gradientScale;
  /** The share of its value that weight decay leaves a parameter. */
  float kept;
  /** The learning rate and the inverse of √second, corrected for what the averages began with. */
  float stepSize, deviationScale;
};

struct Kernels {
  /** Name in PATCHLENS_ISA and in `doctor`. */
  const char* name;
  /** The fastest that keeps the accuracy of float32. */
  Precision automatic;
  /** Floats that a packed [K, N] matrix takes. */
  size_t (*packedSize)(size_t K, size_t N, Precision);
  /** Packs a matrix for `linear`; `packed` is aligned to a cache line. */
  void (*pack)(const float* matrix, float* packed, size_t K, size_t N, Precision);
  void (*linear)(const LinearArguments&);
  void (*matMul)(const MatMulArguments&);
  void (*attention)(const AttentionArguments&);
  void (*layerNorm)(const LayerNormArguments&);
  void (*activate)(const float* x, float* out, size_t size, Activation activation);
  /** Softmax of each of `rows` rows of D floats. */
  void (*softmax)(const float* x, float* out, size_t rows, size_t D);
  void (*binary)(const BinaryArguments&);
  /** dx = dy·f′(x) of an activation f. */
  void (*activationGradient)(const float* dy, const float* x, float* dx, size_t size, Activation activation);
  void (*layerNormGradient)(const LayerNormGradientArguments&);
  void (*attentionGradient)(const AttentionGradientArguments&);
  void (*attentionMaskGradient)(const AttentionGradientArguments&);
  void (*reduceSum)(const ReduceArguments&);
  void (*stridedCopy)(const CopyArguments&);
  void (*resample)(const ResampleArguments&);
  /** Whether `convolution` takes the filter of these windows transformed, and not as a matrix. */
  bool (*transformsFilter)(const Windows&, size_t N, Precision);
  /** Floats that a filter for such windows takes. */
  size_t (*packedFilterSize)(const Windows&, size_t N, Precision);
  /** Packs a filter [Kh, Kw, C, N] for `convolution`; `packed` is aligned to a cache line. */
  void (*packFilter)(const float* filter, float* packed, const Windows&, size_t N, Precision);
  void (*convolution)(const ConvolutionArguments&);
  void (*convolutionInputGradient)(const ConvolutionInputGradientArguments&);
  void (*convolutionFilterGradient)(const ConvolutionFilterGradientArguments&);
  void (*depthwise)(const DepthwiseArguments&);
  void (*invertedResidual)(const InvertedResidualArguments&);
  void (*depthwiseInputGradient)(const DepthwiseInputGradientArguments&);
  void (*depthwiseFilterGradient)(const DepthwiseFilterGradientArguments&);
  void (*maxPool)(const float* x, float* out, const Windows&);
  void (*maxPoolGradient)(const float* dy, const float* x, float* dx, const Windows&);
  void (*averagePool)(const float* x, float* out, const Windows&);
  void (*averagePoolGradient)(const float* dy, float* dx, const Windows&);
  void (*batchNorm)(const BatchNormArguments&);
  void (*batchNormTraining)(const BatchNormTrainingArguments&, const BatchNormTrainingOutputs&);
  void (*batchNormTrainingGradient)(const BatchNormTrainingArguments&, const float* dy, const BatchNormTrainingGradients&);
  void (*adamW)(const AdamWArguments&);
  /** average ← average + share·(values − average). */
  void (*moveAverage)(float* average, const float* values, size_t size, float share);
};

extern const Kernels portableKernels;
#if defined(__x86_64__)
extern const Kernels avx2Kernels;
extern const Kernels avx512Kernels;
extern const Kernels avx512Bf16Kernels;
extern const Kernels amxKernels;
#elif defined(__aarch64__)
extern const Kernels neonKernels;
#endif

}  // namespace patchlens
