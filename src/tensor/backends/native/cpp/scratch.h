// Memory that kernels borrow and that the next kernel finds again.
#pragma once

#include <cstddef>

namespace patchlens {

constexpr size_t CACHE_LINE = 64;

/** Floats rounded up to whole cache lines. */
constexpr size_t wholeLines(size_t floats) {
  constexpr size_t LINE = CACHE_LINE / sizeof(float);
  return (floats + LINE - 1) / LINE * LINE;
}

/**
 * `shared` and `rows` are asked for once by the thread that calls a kernel and handed to all, `rows` by a product within it
 * for the rows that it prepares; `own` by each thread for itself. They are apart because the caller works too.
 */
enum class Scratch { shared, rows, own };
constexpr size_t SCRATCHES = 3;

/** At least `floats` floats of this thread's, aligned to a cache line, with arbitrary contents, until the next call. */
float* scratch(Scratch kind, size_t floats);

}  // namespace patchlens
