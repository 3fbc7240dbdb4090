// The most GFLOP/s that one core gives to AVX2 fused multiply–adds: ten independent sums in registers, nothing else.
#include <immintrin.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

int main() {
  constexpr int SUMS = 10;
  constexpr int STEPS = 1000000;
  __m256 sums[SUMS];
  for (__m256& sum : sums) sum = _mm256_set1_ps(0.5f);
  const __m256 factor = _mm256_set1_ps(0.999f);
  const __m256 term = _mm256_set1_ps(0.001f);
  double best = 0;
  for (int round = 0; round < 40; round++) {
    const auto start = std::chrono::steady_clock::now();
    for (int step = 0; step < STEPS; step++) {
      for (__m256& sum : sums) {
        sum = _mm256_fmadd_ps(sum, factor, term);
        // Otherwise the compiler may find a shorter way to the end.
        asm volatile("" : "+x"(sum));
      }
    }
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    best = std::max(best, SUMS * 16.0 * STEPS / time.count() / 1e9);
  }
  std::printf("%.1f\n", best);
}
