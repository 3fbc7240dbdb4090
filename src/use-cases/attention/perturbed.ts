import type { AttentionOptions } from './methods.ts';
import type { Subject } from './subject.ts';
import { filled, withoutCells } from '../../image/fills.ts';
import type { View } from '../../image/view.ts';
import { RISE_DEFAULTS, RiseAverage, riseMask } from '../../attribution/rise.ts';
import { randomOf } from '../../metrics/random.ts';
import { probabilitiesOf } from '../probabilities.ts';

/** Rows and columns that an image is cut into, for removal and for the map. */
export interface Cells {
  readonly Gh: number;
  readonly Gw: number;
}

/** Pixels a side of a cell where a network has no patches of its own. */
const CELL = 16;
export const DEFAULT_PASS = 16;

/** The patches of a Vision Transformer; cells of the same size, as near as that goes, for any other network. */
export function cellsOf({ vit, info }: Subject): Cells {
  const { height, width } = info.preprocessing.imageSize;
  const side = vit?.config.patchSize ?? CELL;
  return { Gh: Math.max(1, Math.round(height / side)), Gw: Math.max(1, Math.round(width / side)) };
}

export function normalisedImage({ info }: Subject, data: Float32Array): View {
  return { data, ...info.preprocessing.imageSize };
}

/** How much the class's probability falls when each cell is replaced by the fill. */
export async function occlusionMap(
  subject: Subject,
  image: Float32Array,
  target: number,
  { fill = 'grey', batchSize = DEFAULT_PASS }: AttentionOptions,
  between: () => void,
): Promise<{ readonly grid: Cells; readonly values: Float32Array }> {
  const grid = cellsOf(subject);
  const whole = normalisedImage(subject, image);
  const filling = filled(whole, fill);
  const count = grid.Gh * grid.Gw;
  const occluded = function* (): Generator<Float32Array> {
    yield image;
    for (let cell = 0; cell < count; cell += 1) {
      const removed = new Uint8Array(count);
      removed[cell] = 1;
      yield withoutCells(whole, filling, removed, grid, new Float32Array(image.length));
    }
  };
  const [before = 0, ...after] = await targetProbabilities(subject, occluded(), { target, batchSize, between });
  return { grid, values: Float32Array.from(after, (probability) => before - probability) };
}

/** RISE on the image with its normalised pixels multiplied by each mask, so that what is hidden is the mean colour. */
export async function riseMap(
  subject: Subject,
  image: Float32Array,
  target: number,
  { masks = RISE_DEFAULTS.count, seed = 1, batchSize = DEFAULT_PASS }: AttentionOptions,
  between: () => void,
): Promise<{ readonly grid: Cells; readonly values: Float32Array }> {
  const grid = cellsOf(subject);
  const { height, width } = subject.info.preprocessing.imageSize;
  const options = { ...RISE_DEFAULTS, count: masks };
  const random = randomOf(seed);
  const coarse: Float64Array[] = [];
  const masked = function* (): Generator<Float32Array> {
    for (let i = 0; i < masks; i += 1) {
      const mask = riseMask(random, height, width, options);
      coarse.push(cellMeans(mask, { height, width }, grid));
      yield image.map((value, at) => value * mask[Math.floor(at / 3)]!);
    }
  };
  const scores = await targetProbabilities(subject, masked(), { target, batchSize, between });
  const average = new RiseAverage(grid.Gh * grid.Gw);
  for (const [i, score] of scores.entries()) average.add(coarse[i]!, score);
  return { grid, values: Float32Array.from(average.values(options.shown)) };
}

interface PassOptions {
  readonly target: number;
  readonly batchSize: number;
  readonly between: () => void;
}

/** The probability of one class for each of many images, computed some at a time; memory does not grow with their count. */
export async function targetProbabilities(
  subject: Subject,
  images: Iterable<Float32Array>,
  { target, batchSize, between }: PassOptions,
): Promise<number[]> {
  const found: number[] = [];
  let batch: Float32Array[] = [];
  const compute = async (): Promise<void> => {
    for (const probabilities of await probabilitiesOf(subject, batch, between)) found.push(probabilities[target]!);
    batch = [];
  };
  for (const image of images) {
    batch.push(image);
    if (batch.length === batchSize) await compute();
  }
  if (batch.length > 0) await compute();
  return found;
}

function cellMeans(
  mask: Float32Array,
  { height, width }: { readonly height: number; readonly width: number },
  { Gh, Gw }: Cells,
): Float64Array {
  const sums = new Float64Array(Gh * Gw);
  const counts = new Float64Array(Gh * Gw);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const cell = Math.floor((y * Gh) / height) * Gw + Math.floor((x * Gw) / width);
      sums[cell]! += mask[y * width + x]!;
      counts[cell]! += 1;
    }
  }
  return sums.map((sum, i) => sum / Math.max(1, counts[i]!));
}
