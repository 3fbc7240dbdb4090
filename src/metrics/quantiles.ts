/** Half below, and what 95 in 100 stay below. */
export interface Spread {
  readonly median: number;
  readonly p95: number;
}

/** @returns null without values. */
export function spreadOf(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  const ascending = Float64Array.from(values).toSorted();
  return { median: quantile(ascending, 0.5), p95: quantile(ascending, 0.95) };
}

/** Between the two nearest values in proportion, as numpy's default. */
export function quantile(ascending: ArrayLike<number>, share: number): number {
  const place = share * (ascending.length - 1);
  const below = Math.floor(place);
  const value = ascending[below]!;
  return value + (place - below) * ((ascending[below + 1] ?? value) - value);
}
