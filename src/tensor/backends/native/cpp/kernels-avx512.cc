// For x86-64 with the AVX-512 of every server processor since Skylake: foundation, byte and word, double and quad word,
// shorter vectors. Compiled with all of them, so that nothing here may run before they are known to be there. Two more
// tables share all but the products: their instructions are written by mnemonic, which asks nothing of the compiler.
#include <immintrin.h>

#include "amx-engine.h"
#include "amx-tiles.h"
#include "table.h"
#include "vector-engine.h"

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

/** VDPBF16PS, which multiplies two pairs of bfloat16 a lane (Cooper Lake, Sapphire Rapids, Zen 4). */
struct Pairs {
  static Avx512::V dot(Avx512::V sum, Avx512::U a, Avx512::U b) {
    asm("vdpbf16ps %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
    return sum;
  }
};

/** Twice the products of float32 in a vector: too few for bf16x3, which needs three times as many. */
struct ByPairs {
  template <size_t PARTS>
  using Product = PairedProduct<Avx512, VectorEngine<Avx512, Pairs>, PARTS>;
  static constexpr Precision AUTOMATIC = Precision::f32;
};

/** The tile registers of AMX (Sapphire Rapids and later), where a bfloat16 product costs a fifteenth of a float32 one. */
struct ByTiles {
  template <size_t PARTS>
  using Product = PairedProduct<Avx512, AmxEngine<AmxTiles>, PARTS>;
  static constexpr Precision AUTOMATIC = Precision::bf16x3;
};

}  // namespace

const Kernels avx512Kernels = tableOf<Avx512>("avx512");
const Kernels avx512Bf16Kernels = tableOf<Avx512, ByPairs>("avx512-bf16");
const Kernels amxKernels = tableOf<Avx512, ByTiles>("amx");

}  // namespace patchlens
