import { F32 } from './vector';

/** [rows, columns] → [columns, rows]. */
export function transpose(x: usize, out: usize, rows: i32, columns: i32): void {
  for (let c = 0; c < columns; c++) {
    let source = x + <usize>c * F32;
    for (let r = 0; r < rows; r++) {
      f32.store(out, f32.load(source));
      out += F32;
      source += <usize>columns * F32;
    }
  }
}
