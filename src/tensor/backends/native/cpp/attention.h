#pragma once

#include "gemm.h"
#include "scratch.h"
#include "softmax.h"

namespace patchlens {

/** Query rows that share one pass over the keys: a few tiles, so that their scores stay in the second-level cache. */
template <class S>
constexpr size_t QUERY_ROWS = 48 / S::TILE_ROWS * S::TILE_ROWS;

/** One head's packed keys and values, and how its operands lie. */
template <class S>
class Head {
 public:
  Head(const AttentionArguments& args, size_t index, float* packed)
      : args_(args), b_(index / args.H), h_(index % args.H), packed_(packed) {}

  static size_t packedSpan(const AttentionArguments& args) {
    return packedSize<S>(args.Dh, args.Nk) + packedSize<S>(args.Nk, args.Dvh);
  }
  /** Floats of a row of scores, whole panels of them. */
  static size_t scoreStride(const AttentionArguments& args) {
    return ceilDivide(args.Nk, TILE_COLUMNS<S>) * TILE_COLUMNS<S>;
  }

  void packKeysAndValues() const {
    const size_t stride = args_.H * args_.Dh;
    const size_t vStride = args_.H * args_.Dvh;
    const float* const k = args_.k + b_ * args_.Nk * stride + h_ * args_.Dh;
    const float* const v = args_.v + b_ * args_.Nk * vStride + h_ * args_.Dvh;
    packPanels<S>(k, stride, true, packed_, args_.Dh, args_.Nk, 0, keyPanels());
    packPanels<S>(v, vStride, false, values(), args_.Nk, args_.Dvh, 0, valuePanels());
  }

  /** The output, and the weights if they are asked for, of queries [first, last). */
  void attend(size_t first, size_t last, float* scores) const {
    const size_t stride = args_.H * args_.Dh;
    const size_t vStride = args_.H * args_.Dvh;
    const size_t rows = last - first;
    const float* const q = args_.q + (b_ * args_.Nq + first) * stride + h_ * args_.Dh;
    float* const out = args_.out + (b_ * args_.Nq + first) * vStride + h_ * args_.Dvh;
    const size_t span = scoreStride(args_);
    multiplyPart<S>(Stored{q, stride}, packed_, scores, span, args_.Nk, args_.Dh, {0, rows, 0, keyPanels()}, {});
    for (size_t r = 0; r < rows; r++) {
      float* const row = scores + r * span;
      const float greatest = scaleRow<S>(row, maskRow(first + r), row, args_.Nk, args_.scale);
      const float factor = 1 / exponentiateRow<S>(row, args_.Nk, greatest);
      multiplyRow<S>(row, row, args_.Nk, factor);
      if (args_.weights != nullptr) copyWeights(row, first + r);
    }
    multiplyPart<S>(Stored{scores, span}, values(), out, vStride, args_.Dvh, args_.Nk, {0, rows, 0, valuePanels()}, {});
  }

 private:
  size_t keyPanels() const { return ceilDivide(args_.Nk, TILE_COLUMNS<S>); }
  size_t valuePanels() const { return ceilDivide(args_.Dvh, TILE_COLUMNS<S>); }
  float* values() const { return packed_ + packedSize<S>(args_.Dh, args_.Nk); }

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
template <class S>
void attention(const AttentionArguments& args) {
  const size_t heads = args.B * args.H;
  const size_t blocks = ceilDivide(args.Nq, QUERY_ROWS<S>);
  const size_t span = Head<S>::packedSpan(args);
  float* const packed = scratch(Scratch::shared, heads * span);
  parallel(heads, [&](size_t i) { Head<S>(args, i, packed + i * span).packKeysAndValues(); });
  parallel(heads * blocks, [&](size_t i) {
    const size_t first = i % blocks * QUERY_ROWS<S>;
    float* const scores = scratch(Scratch::own, QUERY_ROWS<S> * Head<S>::scoreStride(args));
    const size_t head = i / blocks;
    Head<S>(args, head, packed + head * span).attend(first, least(first + QUERY_ROWS<S>, args.Nq), scores);
  });
}

}  // namespace patchlens
