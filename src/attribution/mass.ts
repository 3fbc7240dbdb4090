import { ArgumentError } from '../errors.ts';

/**
 * The value from which on the greatest values of a map together make a share of its whole, 0…1 (the masks of DINO: 0.6);
 * what is not positive counts for nothing.
 */
export function massThreshold(values: ArrayLike<number>, share: number): number {
  if (!(share > 0 && share < 1)) throw new ArgumentError(`contour: expected a share between 0 and 1, got ${share}`);
  const sorted = Array.from(values)
    .filter((value) => value > 0)
    .toSorted((a, b) => b - a);
  const whole = sorted.reduce((sum, value) => sum + value, 0);
  let mass = 0;
  for (const value of sorted) {
    mass += value;
    if (mass >= share * whole) return value;
  }
  return 0;
}
