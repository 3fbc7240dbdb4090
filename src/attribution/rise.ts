import { ArgumentError } from '../errors.ts';
import type { Random } from '../metrics/random.ts';
import { mixed } from './field.ts';

export interface RiseOptions {
  /** Masks; the estimate's error falls with their square root. */
  readonly count: number;
  /** Cells of the coarse grid along the shorter side of the image. */
  readonly cells: number;
  /** Probability that a cell is shown, 0…1. */
  readonly shown: number;
}

export const RISE_DEFAULTS: RiseOptions = { count: 1000, cells: 7, shown: 0.5 };

/**
 * One random mask of RISE (Petsiuk, Das & Saenko 2018, section 3.2) [height, width], 0…1: a coarse random grid, enlarged
 * bilinearly and cut out at a random place, so that its cells begin anywhere.
 */
export function riseMask(random: Random, height: number, width: number, options: RiseOptions): Float32Array {
  checkOptions(options);
  const { cells, shown } = options;
  const cell = Math.min(height, width) / cells;
  const [rows, columns] = [Math.ceil(height / cell) + 2, Math.ceil(width / cell) + 2];
  const coarse = Float32Array.from({ length: rows * columns }, () => Number(random.uniform() < shown));
  const [top, left] = [random.uniform(), random.uniform()];
  const across = Array.from({ length: width }, (_, x) => between(left + (x + 0.5) / cell));
  const mask = new Float32Array(height * width);
  for (let y = 0; y < height; y += 1) {
    const row = between(top + (y + 0.5) / cell);
    for (const [x, column] of across.entries()) {
      const at = row.first * columns + column.first;
      const upper = mixed(coarse[at]!, coarse[at + 1]!, column.share);
      const lower = mixed(coarse[at + columns]!, coarse[at + columns + 1]!, column.share);
      mask[y * width + x] = mixed(upper, lower, row.share);
    }
  }
  return mask;
}

/** Importance of each place: Σ score·mask / (count · shown), of masks [places] and what the network made of each. */
export class RiseAverage {
  readonly #sum: Float64Array;
  #count = 0;

  constructor(places: number) {
    this.#sum = new Float64Array(places);
  }

  add(mask: ArrayLike<number>, score: number): void {
    this.#count += 1;
    for (let i = 0; i < this.#sum.length; i += 1) this.#sum[i]! += score * mask[i]!;
  }

  values(shown: number): Float64Array {
    return this.#sum.map((sum) => sum / (Math.max(1, this.#count) * shown));
  }
}

function checkOptions({ count, cells, shown }: RiseOptions): void {
  if (isCount(count) && isCount(cells) && shown > 0 && shown < 1) return;
  throw new ArgumentError(
    `RISE: expected a count and cells of at least 1 and a share between 0 and 1, got ${count}, ${cells} and ${shown}`,
  );
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 1;
}

/** Of a place on a grid: the point before it, and how far it is on the way to the next one. */
function between(place: number): { readonly first: number; readonly share: number } {
  const first = Math.floor(place);
  return { first, share: place - first };
}
