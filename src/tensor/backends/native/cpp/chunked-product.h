#pragma once

#include "gemm.h"
#include "scratch.h"

namespace patchlens {

/**
 * out [M, N] = A·B with an epilogue, A from a source, in an arithmetic P that prepares the rows of A: a chunk of them at a
 * time, so that neither the rows that a source gathers nor what is made of them is ever there as a whole.
 */
template <class S, class P, class Source>
class ChunkedProduct {
 public:
  ChunkedProduct(const Source& source, const float* packed, float* out, size_t M, size_t N, size_t K, const Epilogue& epilogue)
      : source_(source), packed_(packed), out_(out), M_(M), N_(N), K_(K), epilogue_(epilogue), rows_(rowsOfChunk(M, N, K)) {}

  void run() const {
    const size_t chunks = ceilDivide(M_, rows_), panels = ceilDivide(N_, TILE_COLUMNS<S>);
    const size_t span = wholeLines(P::preparedFloats(rows_, K_)), gathered = source_.gatheredFloats(rows_, K_);
    if (chunks >= CHUNKS_APART * threads()) {
      parallel(chunks, [&](size_t chunk) {
        float* const prepared = scratch(Scratch::own, span + gathered);
        prepare(chunk, prepared, prepared + span);
        multiply(chunk, prepared, 0, panels);
      });
      return;
    }
    float* const prepared = scratch(Scratch::rows, chunks * span);
    parallel(chunks, [&](size_t chunk) { prepare(chunk, prepared + chunk * span, scratch(Scratch::own, gathered)); });
    const size_t parts = isSmall(M_, N_, K_) ? 1 : least(panels, ceilDivide(CHUNKS_APART * threads(), chunks));
    parallel(chunks * parts, [&](size_t i) {
      const size_t chunk = i / parts, part = i % parts;
      multiply(chunk, prepared + chunk * span, panels * part / parts, panels * (part + 1) / parts);
    });
  }

 private:
  /** Chunks for each thread from which on each is one thread's own; with fewer all are prepared before any is multiplied. */
  static constexpr size_t CHUNKS_APART = 4;
  /** A chunk as the source has it takes 256 KiB and no more as it is prepared: both stay in a second-level cache. */
  static constexpr size_t CHUNK_FLOATS = size_t{1} << 16;
  static constexpr size_t MOST_ROWS = 256;

  static bool isSmall(size_t M, size_t N, size_t K) { return threads() == 1 || M * N * K < WORTH_A_THREAD; }

  /** Whole tiles, at least one; fewer of them where there would be no chunk for each thread. */
  static size_t rowsOfChunk(size_t M, size_t N, size_t K) {
    const size_t most = K == 0 ? MOST_ROWS : least(MOST_ROWS, CHUNK_FLOATS / K);
    const size_t wanted = isSmall(M, N, K) ? most : least(most, ceilDivide(M, threads()));
    return wanted <= P::ROWS ? P::ROWS : wanted / P::ROWS * P::ROWS;
  }

  size_t rowsIn(size_t chunk) const { return least(rows_, M_ - chunk * rows_); }

  void prepare(size_t chunk, float* prepared, float* gathered) const {
    const size_t rows = rowsIn(chunk);
    const Rows a = source_.rows(chunk * rows_, rows, K_, gathered);
    P::prepareRows(a.a, a.stride, prepared, rows, K_, 0, rows);
  }

  /** Panels [first, last) of a chunk's rows of C. */
  void multiply(size_t chunk, const float* prepared, size_t first, size_t last) const {
    const size_t place = chunk * rows_ * N_, rows = rowsIn(chunk);
    P::multiplyPart(nullptr, 0, prepared, packed_, out_ + place, N_, rows, N_, K_, {0, rows, first, last}, epilogue_.from(place));
  }

  const Source& source_;
  const float* packed_;
  float* out_;
  size_t M_, N_, K_;
  const Epilogue& epilogue_;
  size_t rows_;
};

}  // namespace patchlens
