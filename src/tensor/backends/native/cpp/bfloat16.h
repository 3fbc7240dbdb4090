// bfloat16, the upper half of a float32: made from float32 by rounding to nearest, ties to even.
#pragma once

#include "vector.h"

namespace patchlens {

/** x rounded to bfloat16, as the bits of that float32, whose lower half is 0. A NaN stays one. */
template <class S>
inline typename S::U roundedBits(typename S::V x) {
  using U = typename S::U;
  const U bits = reinterpret_cast<U>(x);
  const U rounded = bits + 0x7fffu + ((bits >> 16) & 1u);
  // Adding could carry a NaN's bits into an infinity.
  return (x == x ? rounded : bits | 0x400000u) & 0xffff0000u;
}

template <class S>
inline typename S::V roundToBf16(typename S::V x) {
  return reinterpret_cast<typename S::V>(roundedBits<S>(x));
}

/**
 * What rounding left of x: x ≈ roundToBf16(x) + roundToBf16(remainder), within 2⁻¹⁷ of x. 0 where x is too large to have
 * one, so that the first part alone tells of an infinity or a NaN.
 */
template <class S>
inline typename S::V remainderOf(typename S::V x) {
  using V = typename S::V;
  const V remainder = x - roundToBf16<S>(x);
  return remainder - remainder == 0 ? remainder : V{};
}

/** Part 0 of x is x itself, part 1 what rounding leaves of it. */
template <class S>
inline typename S::V partOf(typename S::V x, size_t part) {
  return part == 0 ? x : remainderOf<S>(x);
}

/** Which parts of A and B multiply. */
struct Term {
  size_t a, b;
};
/** All pairs but the smallest, the greatest last: small terms keep their digits while the sum is small. */
constexpr Term TERMS[] = {{1, 0}, {0, 1}, {0, 0}};
constexpr size_t NUM_TERMS = 3;

/** The first of the terms of operands of one part or two. */
constexpr size_t firstTerm(size_t parts) { return parts == 1 ? NUM_TERMS - 1 : 0; }

}  // namespace patchlens
