// The bfloat16 kernels with their instructions imitated, for processors that have none: the same packing, blocks, edges
// and threads, and the arithmetic of the Intel Software Developer's Manual, which flushes what is below 2⁻¹²⁶ to zero.
#include "amx-engine.h"
#include "table.h"
#include "vector-engine.h"

namespace patchlens {
namespace {

struct Wide : Vector<16, 12> {
  static V fma(V a, V b, V c) { return a * b + c; }
};

float flushed(float x) { return __builtin_fabsf(x) < 0x1p-126f ? __builtin_copysignf(0, x) : x; }

/** a·b + c as FMA rounds it: the product of two bfloat16 is exact. */
float multiplyAdd(float a, float b, float c) { return flushed(flushed(a) * flushed(b) + flushed(c)); }

float upper(uint32_t pair) {
  const uint32_t bits = pair & 0xffff0000u;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}
float lower(uint32_t pair) { return upper(pair << 16); }

/** VDPBF16PS: the upper products first. */
struct Pairs {
  static Wide::V dot(Wide::V sum, Wide::U a, Wide::U b) {
    for (size_t i = 0; i < Wide::W; i++) {
      sum[i] = multiplyAdd(lower(a[i]), lower(b[i]), multiplyAdd(upper(a[i]), upper(b[i]), sum[i]));
    }
    return sum;
  }
};

/** TILELOADD, TILESTORED, TILEZERO and TDPBF16PS with sixteen rows of 64 bytes. */
struct Tiles {
  struct Tile {
    uint32_t cells[16][16];
  };
  static thread_local Tile registers[8];
  static thread_local int sessions;

  struct Session {
    Session() { std::memset(registers, 0, sizeof registers), sessions++; }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() { sessions--; }
  };

  template <int TILE>
  static void clear() {
    registers[TILE] = {};
  }
  template <int TILE>
  static void load(const void* from, size_t stride) {
    // Without a session the processor would raise an exception.
    if (sessions == 0) __builtin_trap();
    for (size_t r = 0; r < 16; r++) std::memcpy(registers[TILE].cells[r], static_cast<const char*>(from) + r * stride, 64);
  }
  template <int TILE>
  static void store(void* to, size_t stride) {
    for (size_t r = 0; r < 16; r++) std::memcpy(static_cast<char*>(to) + r * stride, registers[TILE].cells[r], 64);
  }
  template <int SUMS, int A, int B>
  static void multiply() {
    for (size_t m = 0; m < 16; m++) {
      float odd[16] = {};
      float even[16] = {};
      for (size_t k = 0; k < 16; k++) {
        const uint32_t a = registers[A].cells[m][k];
        for (size_t n = 0; n < 16; n++) {
          const uint32_t b = registers[B].cells[k][n];
          even[n] = multiplyAdd(lower(a), lower(b), even[n]);
          odd[n] = multiplyAdd(upper(a), upper(b), odd[n]);
        }
      }
      for (size_t n = 0; n < 16; n++) {
        float sum;
        std::memcpy(&sum, &registers[SUMS].cells[m][n], sizeof sum);
        sum = flushed(flushed(sum) + flushed(flushed(even[n] + odd[n])));
        std::memcpy(&registers[SUMS].cells[m][n], &sum, sizeof sum);
      }
    }
  }
};

thread_local Tiles::Tile Tiles::registers[8];
thread_local int Tiles::sessions = 0;

struct ByPairs {
  template <size_t PARTS>
  using Product = PairedProduct<Wide, VectorEngine<Wide, Pairs>, PARTS>;
  static constexpr Precision AUTOMATIC = Precision::f32;
};

struct ByTiles {
  template <size_t PARTS>
  using Product = PairedProduct<Wide, AmxEngine<Tiles>, PARTS>;
  static constexpr Precision AUTOMATIC = Precision::bf16x3;
};

}  // namespace

extern const Kernels emulatedPairsKernels;
extern const Kernels emulatedTilesKernels;
const Kernels emulatedPairsKernels = tableOf<Wide, ByPairs>("avx512-bf16-emulated");
const Kernels emulatedTilesKernels = tableOf<Wide, ByTiles>("amx-emulated");

}  // namespace patchlens
