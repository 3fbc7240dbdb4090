// The most GFLOP/s that one core gives to AVX2 fused multiply–adds: ten independent sums in registers, nothing else. By the
// time that the processor gave to this thread, so that other programs do not lower it.
#include <immintrin.h>

#include <algorithm>
#include <cstdio>
#include <ctime>

namespace {

constexpr int SUMS = 10;

/** Named one by one: of an array GCC 12 would store each sum again and again. */
struct Sums {
  __m256 a, b, c, d, e, f, g, h, i, j;
};

double seconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return double(time.tv_sec) + double(time.tv_nsec) * 1e-9;
}

void multiplyAdd(Sums& sums, __m256 factor, __m256 term) {
  asm volatile(
      "vfmadd132ps %10, %11, %0\n vfmadd132ps %10, %11, %1\n vfmadd132ps %10, %11, %2\n vfmadd132ps %10, %11, %3\n"
      "vfmadd132ps %10, %11, %4\n vfmadd132ps %10, %11, %5\n vfmadd132ps %10, %11, %6\n vfmadd132ps %10, %11, %7\n"
      "vfmadd132ps %10, %11, %8\n vfmadd132ps %10, %11, %9\n"
      : "+x"(sums.a), "+x"(sums.b), "+x"(sums.c), "+x"(sums.d), "+x"(sums.e), "+x"(sums.f), "+x"(sums.g), "+x"(sums.h),
        "+x"(sums.i), "+x"(sums.j)
      : "x"(factor), "x"(term));
}

}  // namespace

int main() {
  constexpr int STEPS = 200000;
  const __m256 half = _mm256_set1_ps(0.5f);
  const __m256 factor = _mm256_set1_ps(0.999f);
  const __m256 term = _mm256_set1_ps(0.001f);
  double best = 0;
  for (int round = 0; round < 100; round++) {
    Sums sums{half, half, half, half, half, half, half, half, half, half};
    const double start = seconds();
    for (int step = 0; step < STEPS; step++) multiplyAdd(sums, factor, term);
    best = std::max(best, SUMS * 16.0 * STEPS / (seconds() - start) / 1e9);
  }
  std::printf("%.1f\n", best);
}
