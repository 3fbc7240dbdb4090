// The backward pass of attention with the weights computed again, a few query rows at a time: memory grows with Nk, not
// with Nq·Nk. With P the weights, dP = dO·Vᵀ and dS = P∘(dP − rowsum(P∘dP)): dV = Pᵀ·dO, dQ = dS·K·scale,
// dK = dSᵀ·Q·scale, and the mask's gradient is dS.
#pragma once

#include "attention.h"

namespace patchlens {

/** One head's operands, and this thread's space for it. */
template <class S>
class HeadGradient {
 public:
  HeadGradient(const AttentionGradientArguments& args, size_t index, float* space)
      : args_(args),
        b_(index / args.H),
        h_(index % args.H),
        keysTransposed_(space),
        valuesTransposed_(keysTransposed_ + packedSize<S>(args.Dh, args.Nk)),
        keys_(valuesTransposed_ + packedSize<S>(args.Dvh, args.Nk)),
        weights_(keys_ + packedSize<S>(args.Nk, args.Dh)),
        slopes_(weights_ + QUERY_ROWS<Float32Product<S>> * span()),
        rows_(slopes_ + QUERY_ROWS<Float32Product<S>> * span()) {}

  static size_t spaceSize(const AttentionGradientArguments& args) {
    const size_t span = ceilDivide(args.Nk, TILE_COLUMNS<S>) * TILE_COLUMNS<S>;
    const size_t widest = args.Dh > args.Dvh ? args.Dh : args.Dvh;
    return packedSize<S>(args.Dh, args.Nk) + packedSize<S>(args.Dvh, args.Nk) + packedSize<S>(args.Nk, args.Dh) +
           2 * QUERY_ROWS<Float32Product<S>> * span + packedSize<S>(QUERY_ROWS<Float32Product<S>>, widest);
  }

  /** What `weigh` needs. */
  void packForScores() const {
    packPanels<S>(k(), args_.stride, true, keysTransposed_, args_.Dh, args_.Nk, 0, keyPanels());
    packPanels<S>(v(), args_.vStride, true, valuesTransposed_, args_.Dvh, args_.Nk, 0, keyPanels());
  }

  /** P and factor·dS of queries [first, last), rows `span` floats apart. */
  void weigh(size_t first, size_t last, float factor) const {
    const size_t rows = last - first;
    const Part all{0, rows, 0, keyPanels()};
    multiplyPart<S>(Stored{q(first), args_.stride}, keysTransposed_, weights_, span(), args_.Nk, args_.Dh, all, {});
    multiplyPart<S>(Stored{dOut(first), outStride()}, valuesTransposed_, slopes_, span(), args_.Nk, args_.Dvh, all, {});
    for (size_t r = 0; r < rows; r++) {
      float* const row = weights_ + r * span();
      const float greatest = scaleRow<S>(row, maskRow(first + r), row, args_.Nk, args_.scale);
      multiplyRow<S>(row, row, args_.Nk, 1 / exponentiateRow<S>(row, args_.Nk, greatest));
      slopeRow(row, slopes_ + r * span(), upstreamRow(first + r), factor);
    }
  }

  /** dq, dk and dv of this head. */
  void differentiate() const {
    packForScores();
    packPanels<S>(k(), args_.stride, false, keys_, args_.Nk, args_.Dh, 0, panelsOf(args_.Dh));
    if (args_.Nq == 0) clear();
    for (size_t first = 0; first < args_.Nq; first += QUERY_ROWS<Float32Product<S>>) {
      const size_t last = least(first + QUERY_ROWS<Float32Product<S>>, args_.Nq);
      const size_t rows = last - first;
      weigh(first, last, args_.scale);
      const Part all{0, rows, 0, panelsOf(args_.Dh)};
      multiplyPart<S>(Stored{slopes_, span()}, keys_, args_.dq + ofQuery(first), args_.stride, args_.Dh, args_.Nk, all, {});
      addTransposed(slopes_, {q(first), args_.stride}, rows, args_.dk + ofKey(0), args_.stride, args_.Dh, first > 0);
      addTransposed(weights_, {dOut(first), outStride()}, rows, args_.dv + ofValue(0), args_.vStride, args_.Dvh, first > 0);
    }
  }

  const float* slopes() const { return slopes_; }
  size_t span() const { return ceilDivide(args_.Nk, TILE_COLUMNS<S>) * TILE_COLUMNS<S>; }

 private:
  size_t outStride() const { return args_.H * args_.Dvh; }
  static size_t panelsOf(size_t columns) { return ceilDivide(columns, TILE_COLUMNS<S>); }
  size_t keyPanels() const { return panelsOf(args_.Nk); }

  /** Where this head's part of token n begins. */
  size_t ofQuery(size_t n) const { return (b_ * args_.Nq + n) * args_.stride + h_ * args_.Dh; }
  size_t ofKey(size_t n) const { return (b_ * args_.Nk + n) * args_.stride + h_ * args_.Dh; }
  size_t ofValue(size_t n) const { return (b_ * args_.Nk + n) * args_.vStride + h_ * args_.Dvh; }
  const float* q(size_t n) const { return args_.q + ofQuery(n); }
  const float* k() const { return args_.k + ofKey(0); }
  const float* v() const { return args_.v + ofValue(0); }
  const float* dOut(size_t n) const { return args_.dOut + (b_ * args_.Nq + n) * outStride() + h_ * args_.Dvh; }

  const float* maskRow(size_t n) const {
    if (args_.mask == nullptr) return nullptr;
    const size_t b = args_.maskB == 1 ? 0 : b_;
    const size_t h = args_.maskH == 1 ? 0 : h_;
    return args_.mask + ((b * args_.maskH + h) * args_.Nq + n) * args_.Nk;
  }
  const float* upstreamRow(size_t n) const {
    if (args_.dWeights == nullptr) return nullptr;
    return args_.dWeights + ((b_ * args_.H + h_) * args_.Nq + n) * args_.Nk;
  }

  /** dk and dv where there are no queries. */
  void clear() const {
    for (size_t n = 0; n < args_.Nk; n++) {
      std::memset(args_.dk + ofKey(n), 0, args_.Dh * sizeof(float));
      std::memset(args_.dv + ofValue(n), 0, args_.Dvh * sizeof(float));
    }
  }

  /** slope = factor·P∘(dP − ΣP∘dP), where `slope` holds dO·Vᵀ before and dP is that plus what comes from upstream. */
  void slopeRow(const float* weight, float* slope, const float* upstream, float factor) const {
    using V = typename S::V;
    const size_t D = args_.Nk;
    V sum{};
    for (size_t i = 0; i < D; i += S::W) {
      const size_t rest = D - i;
      V dP = S::loadFirst(slope + i, rest);
      if (upstream != nullptr) {
        dP = dP + S::loadFirst(upstream + i, rest);
        S::storeFirst(slope + i, dP, rest);
      }
      sum = S::fma(dP, S::loadFirst(weight + i, rest), sum);
    }
    const V mean = S::splat(S::sumOf(sum));
    for (size_t i = 0; i < D; i += S::W) {
      const size_t rest = D - i;
      const V dS = S::loadFirst(weight + i, rest) * (S::loadFirst(slope + i, rest) - mean);
      S::storeFirst(slope + i, dS * factor, rest);
    }
  }

  /** out (+)= leftᵀ·right over a block of queries: left [rows, Nk], right [rows, width], out [Nk, width], rows `stride` apart. */
  void addTransposed(const float* left, Stored right, size_t rows, float* out, size_t stride, size_t width, bool accumulate) const {
    constexpr size_t C = TILE_COLUMNS<S>;
    packPanels<S>(right.a, right.stride, false, rows_, rows, width, 0, panelsOf(width));
    for (size_t n = 0; n < args_.Nk; n += S::TILE_ROWS) {
      const size_t tileRows = least(S::TILE_ROWS, args_.Nk - n);
      float* const row = out + n * stride;
      for (size_t p = 0; p < panelsOf(width); p++) {
        const Columns tile{left + n, span()};
        const size_t columns = least(C, width - p * C);
        multiplyRows<S>(tile, rows_ + p * rows * C, rows, row + p * C, stride, tileRows, columns, accumulate);
      }
    }
  }

  const AttentionGradientArguments& args_;
  const size_t b_;
  const size_t h_;
  /** Packed K and V as the right side of products with their transposes, and K as it is. */
  float* const keysTransposed_;
  float* const valuesTransposed_;
  float* const keys_;
  float* const weights_;
  float* const slopes_;
  /** A packed block of query rows. */
  float* const rows_;
};

template <class S>
void attentionGradient(const AttentionGradientArguments& args) {
  parallel(args.B * args.H, [&](size_t i) {
    HeadGradient<S>(args, i, scratch(Scratch::own, HeadGradient<S>::spaceSize(args))).differentiate();
  });
}

/**
 * The mask's gradient: dS of each head that a plane of the mask serves, summed. A task has all of them for a few query
 * rows, so that no other task writes there.
 */
template <class S>
void attentionMaskGradient(const AttentionGradientArguments& args) {
  const size_t blocks = ceilDivide(args.Nq, QUERY_ROWS<Float32Product<S>>);
  parallel(args.maskB * args.maskH * blocks, [&](size_t task) {
    const size_t plane = task / blocks;
    const size_t first = task % blocks * QUERY_ROWS<Float32Product<S>>;
    const size_t last = least(first + QUERY_ROWS<Float32Product<S>>, args.Nq);
    float* const out = args.dMask + (plane * args.Nq + first) * args.Nk;
    std::memset(out, 0, (last - first) * args.Nk * sizeof(float));
    float* const space = scratch(Scratch::own, HeadGradient<S>::spaceSize(args));
    for (size_t i = 0; i < args.B * args.H; i++) {
      const size_t b = args.maskB == 1 ? 0 : i / args.H;
      const size_t h = args.maskH == 1 ? 0 : i % args.H;
      if (b * args.maskH + h != plane) continue;
      const HeadGradient<S> head(args, i, space);
      head.packForScores();
      head.weigh(first, last, 1);
      for (size_t r = 0; r < last - first; r++) {
        addRow<S>(head.slopes() + r * head.span(), out + r * args.Nk, args.Nk);
      }
    }
  });
}

}  // namespace patchlens
