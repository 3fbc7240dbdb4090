import { checkLength } from './token-grid.ts';

/**
 * Removes cells in an order (deletion), or shows them in that order on an image without any (insertion), and what the
 * probability of a class becomes on the way (Petsiuk, Das & Saenko 2018, section 3.3).
 */
export const CURVES = ['deletion', 'insertion'] as const;
export type CurveKind = (typeof CURVES)[number];

/** Cells from the greatest value to the least; equal values by `ties`, and where that is absent in reading order. */
export function descendingOrder(values: ArrayLike<number>, ties?: ArrayLike<number>): Int32Array {
  const order = Int32Array.from({ length: values.length }, (_, i) => i);
  const tie = (i: number): number => ties?.[i] ?? i;
  return order.toSorted((a, b) => values[b]! - values[a]! || tie(a) - tie(b));
}

/** From the middle of the grid outwards: what knows nothing of the image but that things tend to be in its centre. */
export function centreOrder({ Gh, Gw }: { readonly Gh: number; readonly Gw: number }): Int32Array {
  const distance = (i: number): number => Math.hypot(Math.floor(i / Gw) - (Gh - 1) / 2, (i % Gw) - (Gw - 1) / 2);
  return descendingOrder(Float64Array.from({ length: Gh * Gw }, (_, i) => -distance(i)));
}

/** How many cells are gone, or shown, at each of the steps from none to all. */
export function stepCounts(cells: number, steps: number): number[] {
  return Array.from({ length: steps + 1 }, (_, step) => Math.round((cells * step) / steps));
}

/** 1 for each cell that is removed when `count` cells of an order are done. */
export function removedCells(kind: CurveKind, order: Int32Array, count: number): Uint8Array {
  const removed = new Uint8Array(order.length).fill(Number(kind === 'insertion'));
  for (const cell of order.subarray(0, count)) removed[cell] = Number(kind === 'deletion');
  return removed;
}

/** Area under probabilities at even steps from 0 to 1, by the trapezoidal rule. */
export function areaUnder(curve: ArrayLike<number>): number {
  checkLength('curve of at least two points', Number(curve.length >= 2), 1);
  let sum = 0;
  for (let i = 1; i < curve.length; i += 1) sum += (curve[i - 1]! + curve[i]!) / 2;
  return sum / (curve.length - 1);
}
