// For x86-64 with AVX2 and FMA; compiled with both, so that nothing here may run before they are known to be there.
#include <immintrin.h>

#include "table.h"

namespace patchlens {
namespace {

struct Avx2 : Vector<8, 6> {
  static V fma(V a, V b, V c) { return _mm256_fmadd_ps(a, b, c); }

  static V loadFirst(const float* p, size_t count) {
    return count >= W ? load(p) : V(_mm256_maskload_ps(p, __m256i(firstLanes(count))));
  }
  static void storeFirst(float* p, V x, size_t count) {
    if (count >= W) return store(p, x);
    _mm256_maskstore_ps(p, __m256i(firstLanes(count)), x);
  }
  static U widened(const uint8_t* p) {
    return U(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
  }
  static I firstLanes(size_t count) { return I{0, 1, 2, 3, 4, 5, 6, 7} < int32_t(count); }
};

}  // namespace

const Kernels avx2Kernels = tableOf<Avx2>("avx2");

}  // namespace patchlens
