// A vector of float32 as GCC and Clang know it: arithmetic, comparison and selection are operators of the language, and
// what is not is a member of the instruction set's class, which every kernel takes as its template argument.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace patchlens {

/** ROWS is how many rows of two vectors the instruction set's registers hold beside the operands of a product. */
template <size_t WIDTH, size_t ROWS>
struct Vector {
  static constexpr size_t W = WIDTH;
  static constexpr size_t TILE_ROWS = ROWS;
  typedef float V __attribute__((vector_size(WIDTH * sizeof(float))));
  typedef int32_t I __attribute__((vector_size(WIDTH * sizeof(int32_t))));
  typedef uint32_t U __attribute__((vector_size(WIDTH * sizeof(uint32_t))));
  /** A vector somewhere in an array of floats. */
  typedef float Unaligned __attribute__((vector_size(WIDTH * sizeof(float)), aligned(sizeof(float)), may_alias));

  static V load(const float* p) { return *reinterpret_cast<const Unaligned*>(p); }
  static void store(float* p, V x) { *reinterpret_cast<Unaligned*>(p) = x; }
  static V splat(float x) { return x - V{}; }

  /** The first `count` lanes, the others 0; `count` may exceed W. */
  static V loadFirst(const float* p, size_t count) {
    if (count >= W) return load(p);
    V x{};
    std::memcpy(&x, p, count * sizeof(float));
    return x;
  }
  static void storeFirst(float* p, V x, size_t count) {
    if (count >= W) return store(p, x);
    std::memcpy(p, &x, count * sizeof(float));
  }

  /** W bytes as whole numbers. */
  static U widened(const uint8_t* p) {
    uint32_t lanes[W];
    for (size_t i = 0; i < W; i++) lanes[i] = p[i];
    U x;
    std::memcpy(&x, lanes, sizeof x);
    return x;
  }

  static I bitsOf(V x) { return reinterpret_cast<I>(x); }
  static V fromBits(I x) { return reinterpret_cast<V>(x); }
  static V abs(V x) { return fromBits(bitsOf(x) & 0x7fffffff); }
  /** x < least ? least : x, which keeps a NaN in x. */
  static V atLeast(V x, V least) { return x < least ? least : x; }

  static float sumOf(V x) {
    float lanes[W];
    std::memcpy(lanes, &x, sizeof x);
    float sum = 0;
    for (const float lane : lanes) sum += lane;
    return sum;
  }
  static float greatestOf(V x) {
    float lanes[W];
    std::memcpy(lanes, &x, sizeof x);
    float greatest = lanes[0];
    for (const float lane : lanes) greatest = lane > greatest ? lane : greatest;
    return greatest;
  }
  /** All bits set in the first `count` lanes. */
  static I firstLanes(size_t count) {
    int32_t lanes[W];
    for (size_t i = 0; i < W; i++) lanes[i] = i < count ? -1 : 0;
    I mask;
    std::memcpy(&mask, lanes, sizeof mask);
    return mask;
  }
};

}  // namespace patchlens
