/** Values of a grid [Gh, Gw], row by row. */
export interface Field {
  readonly values: ArrayLike<number>;
  readonly Gh: number;
  readonly Gw: number;
}

/** Bilinear between the middles of cells, by a place in cells; beyond the outermost middles it stays as it is there. */
export function smooth({ values, Gh, Gw }: Field, row: number, column: number): number {
  const [y, x] = [clamped(row - 0.5, Gh - 1), clamped(column - 0.5, Gw - 1)];
  const [top, left] = [Math.floor(y), Math.floor(x)];
  const [bottom, right] = [Math.min(top + 1, Gh - 1), Math.min(left + 1, Gw - 1)];
  const upper = mixed(values[top * Gw + left]!, values[top * Gw + right]!, x - left);
  const lower = mixed(values[bottom * Gw + left]!, values[bottom * Gw + right]!, x - left);
  return mixed(upper, lower, y - top);
}

/** A field on another grid over the same picture, smoothed: its values where the middles of the new cells are. */
export function onGrid(field: Field, { Gh, Gw }: { readonly Gh: number; readonly Gw: number }): Float64Array {
  return Float64Array.from({ length: Gh * Gw }, (_, i) =>
    smooth(field, ((Math.floor(i / Gw) + 0.5) / Gh) * field.Gh, (((i % Gw) + 0.5) / Gw) * field.Gw),
  );
}

function clamped(value: number, most: number): number {
  return Math.min(most, Math.max(0, value));
}

/** From `a` on, a share of the way to `b`. */
export function mixed(a: number, b: number, share: number): number {
  return a + (b - a) * share;
}
