#pragma once

#include "chunked-product.h"
#include "convolution-gradients.h"
#include "linear.h"
#include "strided-copy.h"
#include "transposed-product.h"

namespace patchlens {

/** Rows of A for each of its columns from which on the sum of Aᵀ·B is a long one. */
constexpr size_t TALL = 4;

/** One product of a batch; its operands may be transposed. */
template <class S>
struct Product {
  const MatMulArguments& args;
  size_t index;

  const float* a() const { return args.a + size_t(args.pairs[2 * index]) * args.M * args.K; }
  const float* b() const { return args.b + size_t(args.pairs[2 * index + 1]) * args.K * args.N; }
  float* out() const { return args.out + index * args.M * args.N; }
  size_t bStride() const { return args.transposeB ? args.K : args.N; }

  /** Floats of scratch space: packed B, or a panel of it where A is transposed. */
  static size_t scratchSize(const MatMulArguments& args) {
    return args.transposeA ? BLOCK_DEPTH<S> * TILE_COLUMNS<S> : packedSize<S>(args.K, args.N);
  }

  /** The whole product on this thread. */
  void onOneThread(float* space) const {
    const size_t panels = ceilDivide(args.N, TILE_COLUMNS<S>);
    const Part all{0, args.M, 0, panels};
    if (args.transposeA) {
      multiplyTransposedPart<S>(a(), b(), bStride(), args.transposeB, out(), args.M, args.N, args.K, all, space);
    } else {
      packPanels<S>(b(), bStride(), args.transposeB, space, args.K, args.N, 0, panels);
      multiplyPart<S>(Stored{a(), args.K}, space, out(), args.N, args.N, args.K, all, {});
    }
  }

  /** The product on all threads. */
  void onAllThreads(float* space) const {
    if (args.inStretches && args.transposeA && !args.transposeB && args.K >= TALL * args.M) {
      multiplyTall();
    } else if (args.transposeA) {
      multiplyTransposed<S>(a(), b(), bStride(), args.transposeB, out(), args.M, args.N, args.K);
    } else {
      pack<S>(b(), bStride(), args.transposeB, space, args.K, args.N);
      multiply<S>(a(), space, out(), args.M, args.N, args.K, {});
    }
  }

 private:
  /** A and B come from memory once: this is the gradient of a filter on images of one pixel. Its rows are the fewer. */
  void multiplyTall() const {
    const bool turns = args.M > args.N;
    const size_t M = turns ? args.N : args.M, N = turns ? args.M : args.N;
    float* const c = turns ? scratch(Scratch::rows, M * N) : out();
    const Windows pixels{args.K, 1, 1, M, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0};
    FilterGradient<S>({turns ? b() : a(), turns ? a() : b(), c, pixels, N}).compute();
    if (turns) transpose(c, out(), M, N);
  }
};

template <class S>
void matMul(const MatMulArguments& args) {
  if (args.M == 0 || args.N == 0) return;
  const size_t size = Product<S>::scratchSize(args);
  const bool isSmall = args.batch * args.M * args.N * args.K < WORTH_A_THREAD;
  // Enough products to occupy every thread: each takes whole ones, and what it packs stays in its own cache.
  if (args.batch >= 2 * threads() || isSmall) {
    const size_t parts = isSmall ? 1 : least(args.batch, 8 * threads());
    parallel(parts, [&](size_t part) {
      float* const space = scratch(Scratch::own, size);
      for (size_t i = part; i < args.batch; i += parts) Product<S>{args, i}.onOneThread(space);
    });
  } else {
    float* const space = scratch(Scratch::shared, size);
    for (size_t i = 0; i < args.batch; i++) Product<S>{args, i}.onAllThreads(space);
  }
}

/** The products in an arithmetic P that prepares its operands, one after the other, each on all threads. */
template <class S, class P>
void matMulPrepared(const MatMulArguments& args) {
  const size_t M = args.M, N = args.N, K = args.K;
  if (M == 0 || N == 0) return;
  const size_t rowFloats = args.transposeA ? wholeLines(M * K) : 0;
  float* const rows = scratch(Scratch::shared, rowFloats + P::packedFloats(K, N));
  float* const packed = rows + rowFloats;
  for (size_t i = 0; i < args.batch; i++) {
    const Product<S> product{args, i};
    if (args.transposeA) transpose(product.a(), rows, K, M);
    pack<S, P>(product.b(), product.bStride(), args.transposeB, packed, K, N);
    const Stored a{args.transposeA ? rows : product.a(), K};
    ChunkedProduct<S, P, Stored>(a, packed, product.out(), M, N, K, Epilogue{}).run();
  }
}

}  // namespace patchlens
