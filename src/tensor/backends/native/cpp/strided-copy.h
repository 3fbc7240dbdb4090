#pragma once

#include <cstring>

#include "elementwise.h"

namespace patchlens {

/** A plane's part: rows × columns floats, `xRow`, `xColumn` floats apart in x and `outRow`, `outColumn` in out. */
struct Plane {
  const float* x;
  float* out;
  size_t rows, columns, xRow, xColumn, outRow, outColumn;
};

inline void copyPlane(const Plane& plane) {
  if (plane.xColumn == 1 && plane.outColumn == 1) {
    for (size_t r = 0; r < plane.rows; r++) {
      std::memcpy(plane.out + r * plane.outRow, plane.x + r * plane.xRow, plane.columns * sizeof(float));
    }
    return;
  }
  // In squares, so that a transposition reads and writes whole cache lines.
  constexpr size_t SQUARE = 16;
  for (size_t r0 = 0; r0 < plane.rows; r0 += SQUARE) {
    const size_t r1 = least(r0 + SQUARE, plane.rows);
    for (size_t c0 = 0; c0 < plane.columns; c0 += SQUARE) {
      const size_t c1 = least(c0 + SQUARE, plane.columns);
      for (size_t r = r0; r < r1; r++) {
        const float* const x = plane.x + r * plane.xRow;
        float* const out = plane.out + r * plane.outRow;
        for (size_t c = c0; c < c1; c++) out[c * plane.outColumn] = x[c * plane.xColumn];
      }
    }
  }
}

/** out [columns, rows] = xᵀ, x [rows, columns]. */
inline void transpose(const float* x, float* out, size_t rows, size_t columns) {
  const size_t step = columns == 0 ? 0 : ceilDivide(TASK_FLOATS, columns);
  parallel(columns == 0 ? 0 : ceilDivide(rows, step), [=](size_t task) {
    const size_t row = task * step;
    copyPlane({x + row * columns, out + row, least(step, rows - row), columns, columns, 1, 1, rows});
  });
}

/** The planes of the last two axes, or parts of large ones, are shared among the threads. */
template <class S>
void stridedCopy(const CopyArguments& args) {
  const size_t last = args.rank - 1;
  const size_t rows = args.shape[last - 1];
  const size_t columns = args.shape[last];
  size_t planes = 1;
  for (size_t axis = 0; axis < last - 1; axis++) planes *= args.shape[axis];
  const size_t step = least(rows, ceilDivide(TASK_FLOATS, columns));
  const size_t parts = ceilDivide(rows, step);
  const size_t each = parts > 1 ? 1 : ceilDivide(TASK_FLOATS, rows * columns);
  parallel(ceilDivide(planes * parts, each), [&](size_t task) {
    for (size_t part = task * each; part < least((task + 1) * each, planes * parts); part++) {
      const size_t row = part % parts * step;
      size_t x = row * args.xStrides[last - 1];
      size_t out = row * args.outStrides[last - 1];
      for (size_t axis = last - 1, index = part / parts; axis-- > 0; index /= args.shape[axis]) {
        x += index % args.shape[axis] * args.xStrides[axis];
        out += index % args.shape[axis] * args.outStrides[axis];
      }
      copyPlane({args.x + x, args.out + out, least(step, rows - row), columns, args.xStrides[last - 1],
                 args.xStrides[last], args.outStrides[last - 1], args.outStrides[last]});
    }
  });
}

}  // namespace patchlens
