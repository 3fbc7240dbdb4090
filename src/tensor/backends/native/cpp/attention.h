#pragma once

#include "float32-product.h"
#include "gemm.h"
#include "scratch.h"
#include "softmax.h"

#include <algorithm>

namespace patchlens {

/** Query rows that share one pass over the keys: a few tiles, so that their scores stay in the second-level cache. */
template <class P>
constexpr size_t QUERY_ROWS = ceilDivide(48, P::ROWS) * P::ROWS;

/** One head's packed keys and values, and how its operands lie. P multiplies. */
template <class S, class P>
class Head {
 public:
  Head(const AttentionArguments& args, size_t index, float* packed)
      : args_(args), b_(index / args.H), h_(index % args.H), packed_(packed) {}

  static size_t packedSpan(const AttentionArguments& args) {
    return keySpan(args) + P::packedFloats(args.Nk, args.Dvh);
  }
  /** Floats of a row of scores, whole panels of them. */
  static size_t scoreStride(const AttentionArguments& args) {
    return ceilDivide(args.Nk, TILE_COLUMNS<S>) * TILE_COLUMNS<S>;
  }

  /** Floats that `attend` works in. */
  static size_t workSpan(const AttentionArguments& args) {
    return scoreSpan(args) + P::preparedFloats(QUERY_ROWS<P>, std::max(args.Dh, args.Nk));
  }

  void packKeysAndValues() const {
    const float* const k = args_.k + b_ * args_.Nk * args_.stride + h_ * args_.Dh;
    const float* const v = args_.v + b_ * args_.Nk * args_.vStride + h_ * args_.Dvh;
    P::packPanels(k, args_.stride, true, packed_, args_.Dh, args_.Nk, 0, keyPanels());
    P::packPanels(v, args_.vStride, false, values(), args_.Nk, args_.Dvh, 0, valuePanels());
  }

  /** The output, and the weights if they are asked for, of queries [first, last). */
  void attend(size_t first, size_t last, float* work) const {
    const size_t outStride = args_.H * args_.Dvh;
    const size_t rows = last - first;
    const float* const q = args_.q + (b_ * args_.Nq + first) * args_.stride + h_ * args_.Dh;
    float* const out = args_.out + (b_ * args_.Nq + first) * outStride + h_ * args_.Dvh;
    const size_t span = scoreStride(args_);
    float* const scores = work;
    float* const prepared = work + scoreSpan(args_);
    P::prepareRows(q, args_.stride, prepared, rows, args_.Dh, 0, rows);
    P::multiplyPart(q, args_.stride, prepared, packed_, scores, span, rows, args_.Nk, args_.Dh, {0, rows, 0, keyPanels()}, {});
    for (size_t r = 0; r < rows; r++) {
      float* const row = scores + r * span;
      const float greatest = scaleRow<S>(row, maskRow(first + r), row, args_.Nk, args_.scale);
      const float factor = 1 / exponentiateRow<S>(row, args_.Nk, greatest);
      multiplyRow<S>(row, row, args_.Nk, factor);
      if (args_.weights != nullptr) copyWeights(row, first + r);
    }
    P::prepareRows(scores, span, prepared, rows, args_.Nk, 0, rows);
    P::multiplyPart(scores, span, prepared, values(), out, outStride, rows, args_.Dvh, args_.Nk, {0, rows, 0, valuePanels()}, {});
  }

 private:
  size_t keyPanels() const { return ceilDivide(args_.Nk, TILE_COLUMNS<S>); }
  size_t valuePanels() const { return ceilDivide(args_.Dvh, TILE_COLUMNS<S>); }
  float* values() const { return packed_ + keySpan(args_); }

  /** Whole cache lines, so that the values begin at one. */
  static size_t keySpan(const AttentionArguments& args) { return wholeLines(P::packedFloats(args.Dh, args.Nk)); }
  static size_t scoreSpan(const AttentionArguments& args) { return wholeLines(QUERY_ROWS<P> * scoreStride(args)); }

  const float* maskRow(size_t n) const {
    if (args_.mask == nullptr) return nullptr;
    const size_t b = args_.maskB == 1 ? 0 : b_;
    const size_t h = args_.maskH == 1 ? 0 : h_;
    return args_.mask + ((b * args_.maskH + h) * args_.Nq + n) * args_.Nk;
  }

  void copyWeights(const float* row, size_t n) const {
    float* const target = args_.weights + ((b_ * args_.H + h_) * args_.Nq + n) * args_.Nk;
    std::memcpy(target, row, args_.Nk * sizeof(float));
  }

  const AttentionArguments& args_;
  const size_t b_;
  const size_t h_;
  float* const packed_;
};

/** Memory grows with Nk, not with Nq·Nk. */
template <class S, class P>
void attention(const AttentionArguments& args) {
  const size_t heads = args.B * args.H;
  const size_t blocks = ceilDivide(args.Nq, QUERY_ROWS<P>);
  const size_t span = wholeLines(Head<S, P>::packedSpan(args));
  float* const packed = scratch(Scratch::shared, heads * span);
  parallel(heads, [&](size_t i) { Head<S, P>(args, i, packed + i * span).packKeysAndValues(); });
  parallel(heads * blocks, [&](size_t i) {
    const size_t first = i % blocks * QUERY_ROWS<P>;
    float* const work = scratch(Scratch::own, Head<S, P>::workSpan(args));
    const size_t head = i / blocks;
    Head<S, P>(args, head, packed + head * span).attend(first, least(first + QUERY_ROWS<P>, args.Nq), work);
  });
}

}  // namespace patchlens
