// For x86-64 with the AVX-512 of every server processor since Skylake: foundation, byte and word, double and quad word,
// shorter vectors. Compiled with all of them, so that nothing here may run before they are known to be there.
#include <immintrin.h>

#include "table.h"

namespace patchlens {
namespace {

/** Twelve rows of two vectors leave eight of the thirty-two registers for operands. */
struct Avx512 : Vector<16, 12> {
  static V fma(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }

  static V loadFirst(const float* p, size_t count) {
    return count >= W ? load(p) : V(_mm512_maskz_loadu_ps(maskOf(count), p));
  }
  static void storeFirst(float* p, V x, size_t count) {
    if (count >= W) return store(p, x);
    _mm512_mask_storeu_ps(p, maskOf(count), x);
  }
  static U widened(const uint8_t* p) {
    // The form without a mask starts from an undefined register, of which GCC 12 warns.
    return U(_mm512_maskz_cvtepu8_epi32(__mmask16(-1), _mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
  }
  static I firstLanes(size_t count) { return count >= W ? I(_mm512_set1_epi32(-1)) : I(_mm512_movm_epi32(maskOf(count))); }

 private:
  /** For counts below W. */
  static __mmask16 maskOf(size_t count) { return __mmask16((1u << count) - 1); }
};

}  // namespace

const Kernels avx512Kernels = tableOf<Avx512>("avx512");

}  // namespace patchlens
