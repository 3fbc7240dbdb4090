// The tile instructions that the kernels use, by their mnemonics: compilers spell their intrinsics with literal register
// numbers, which a template has not.
#pragma once

#include <cstddef>
#include <cstdint>

namespace patchlens {

struct AmxTiles {
  /** All eight registers are 16 rows of 64 bytes while one lives; after it they cost the system no saving. */
  class Session {
   public:
    Session() {
      struct alignas(64) Config {
        uint8_t palette = 1;
        uint8_t startRow = 0;
        uint8_t reserved[14] = {};
        uint16_t bytesPerRow[16] = {64, 64, 64, 64, 64, 64, 64, 64};
        uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
      };
      static_assert(sizeof(Config) == 64, "as LDTILECFG reads it");
      const Config config;
      asm volatile("ldtilecfg %0" : : "m"(config));
    }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() { asm volatile("tilerelease"); }
  };

  template <int TILE>
  static void clear() {
    asm volatile("tilezero %%tmm%c0" : : "i"(TILE));
  }
  /** Rows `stride` bytes apart. */
  template <int TILE>
  static void load(const void* from, size_t stride) {
    asm volatile("tileloadd (%1,%2,1), %%tmm%c0" : : "i"(TILE), "r"(from), "r"(stride) : "memory");
  }
  template <int TILE>
  static void store(void* to, size_t stride) {
    asm volatile("tilestored %%tmm%c0, (%1,%2,1)" : : "i"(TILE), "r"(to), "r"(stride) : "memory");
  }
  /** SUMS += A·B, of pairs of bfloat16. */
  template <int SUMS, int A, int B>
  static void multiply() {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(SUMS), "i"(A), "i"(B));
  }
};

}  // namespace patchlens
