import { ATTENTION_METHODS, METHOD_FACTS } from './methods.ts';
import type { AttentionMethod, AttentionOptions } from './methods.ts';
import { cellsOf, DEFAULT_PASS, normalisedImage, targetProbabilities } from './perturbed.ts';
import type { Cells } from './perturbed.ts';
import { targetOf } from './subject.ts';
import type { Subject } from './subject.ts';
import { traceOf } from './trace.ts';
import { attentionOf } from './attention.ts';
import { randomAreas, verdictOn } from '../../attribution/faithfulness.ts';
import type { RandomAreas, Verdict } from '../../attribution/faithfulness.ts';
import { onGrid } from '../../attribution/field.ts';
import { filled, FILLS, withoutCells } from '../../image/fills.ts';
import type { Fill } from '../../image/fills.ts';
import {
  areaUnder,
  centreOrder,
  CURVES,
  descendingOrder,
  removedCells,
  stepCounts,
} from '../../attribution/perturbation.ts';
import type { CurveKind } from '../../attribution/perturbation.ts';
import { ArgumentError } from '../../errors.ts';
import { permutation, randomOf } from '../../metrics/random.ts';
import { labelOf } from '../prediction.ts';
import type { Prediction } from '../prediction.ts';
import { checkWhole } from '../whole-number.ts';

export interface FaithfulnessOptions {
  /** Default all that explain and suit the network. */
  readonly methods?: readonly AttentionMethod[] | undefined;
  /** Default both. */
  readonly fills?: readonly Fill[] | undefined;
  /** The class whose probability is watched, by index or label; default the likeliest. */
  readonly target?: number | string | undefined;
  /** Points of a curve after the first; default 14. */
  readonly steps?: number | undefined;
  /** Random orders to compare with, at least 32 (default). */
  readonly orders?: number | undefined;
  /** Of the random orders and of RISE; default 1. */
  readonly seed?: number | undefined;
  /** How the maps are made. */
  readonly maps?: Pick<AttentionOptions, 'layers' | 'heads' | 'fusion' | 'query' | 'discard' | 'masks'> | undefined;
  /** Images computed together; default 16. */
  readonly batchSize?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A method's curve under one fill. */
export interface CurveScore extends Verdict {
  /** Probabilities from none of the cells to all. */
  readonly curve: readonly number[];
  readonly area: number;
}

/** The orders that a map is compared with: random ones, and from the middle of the image outwards. */
const CENTRE = 'centre';

export interface MethodScore extends Readonly<Record<CurveKind, CurveScore>> {
  readonly method: AttentionMethod | typeof CENTRE;
  readonly fill: Fill;
}

/** How well maps say which patches a prediction depends on. Deletion: less is better; insertion: more. */
export interface Faithfulness {
  readonly target: Prediction;
  readonly grid: Cells;
  readonly steps: number;
  readonly orders: number;
  /** The class's probability when all is replaced. */
  readonly emptied: Readonly<Partial<Record<Fill, number>>>;
  /** Of random orders, for which deletion and insertion come to the same. */
  readonly random: readonly (RandomAreas & { readonly fill: Fill })[];
  readonly scores: readonly MethodScore[];
}

const LEAST_ORDERS = 32;
const MOST_ORDERS = 10_000;
const STEPS = 14;
const SHOW_ONLY: ReadonlySet<AttentionMethod> = new Set(['token-similarity', 'token-norm', 'token-colours']);

/**
 * Deletion and insertion curves of each method's map on one image, [H, W, 3] as the checkpoint's recipe makes it, against
 * random orders and the image centre. Cells are removed from the greatest value on; equal values in random order.
 *
 * @throws ArgumentError for options outside their range, or as `attentionOf`.
 */
export async function faithfulnessOf(
  subject: Subject,
  image: Float32Array,
  options: FaithfulnessOptions,
  between: () => void,
): Promise<Faithfulness> {
  const { fills = FILLS, steps = STEPS, orders = LEAST_ORDERS, seed = 1, batchSize = DEFAULT_PASS } = options;
  const grid = cellsOf(subject);
  const cells = grid.Gh * grid.Gw;
  checkFills(fills);
  checkWhole('steps', steps, { least: 2, most: cells });
  checkWhole('orders', orders, { least: LEAST_ORDERS, most: MOST_ORDERS });
  const { target, ranked } = await rankedCells(subject, image, options, grid, between);
  const random = randomOf(seed);
  const chance = Array.from({ length: orders }, () => Int32Array.from(permutation(cells, random)));
  const named = [...ranked, { method: CENTRE, order: centreOrder(grid) }] as const;
  const walks = [
    ...named.flatMap(({ order }) => CURVES.map((kind) => ({ kind, order }))),
    // The insertion of an order is the deletion of its reverse, which is as random: their areas are those of both.
    ...chance.map((order) => ({ kind: 'deletion', order }) as const),
  ];
  const pass = { target: target.index, batchSize, between };
  const scores: MethodScore[] = [];
  const found: Faithfulness['random'][number][] = [];
  const emptied: Partial<Record<Fill, number>> = {};
  for (const fill of fills) {
    const curves = await curvesOf(subject, { image, fill, grid, steps }, walks, pass);
    const byChance = randomAreas(curves.slice(2 * named.length).map(areaUnder));
    found.push({ fill, ...byChance });
    emptied[fill] = curves[0]?.at(-1) ?? 0;
    for (const [i, { method }] of named.entries()) {
      const scored = (kind: CurveKind): CurveScore => {
        const curve = curves[2 * i + CURVES.indexOf(kind)]!;
        const area = areaUnder(curve);
        return { curve, area, ...verdictOn(kind, area, byChance) };
      };
      scores.push({ method, fill, deletion: scored('deletion'), insertion: scored('insertion') });
    }
  }
  return { target, grid, steps, orders, emptied, random: found, scores };
}

/** Callers without types can ask for anything. */
function checkFills(fills: readonly Fill[]): void {
  if (fills.length > 0 && fills.every((fill) => FILLS.includes(fill))) return;
  throw new ArgumentError(`fills: expected at least one of ${FILLS.join(', ')}, got ${fills.join(', ') || 'none'}`);
}

interface Ranked {
  readonly method: AttentionMethod;
  /** Cells from the greatest value to the least. */
  readonly order: Int32Array;
}

async function rankedCells(
  subject: Subject,
  image: Float32Array,
  { methods, target, seed = 1, maps, batchSize }: FaithfulnessOptions,
  grid: Cells,
  between: () => void,
): Promise<{ target: Prediction; ranked: Ranked[] }> {
  const ranked: Ranked[] = [];
  const [logits] = await logitsOf(subject, image, between);
  const index = targetOf(subject.info, logits ?? new Float32Array(), target);
  for (const method of methods ?? defaultMethods(subject)) {
    if (method === 'token-colours') throw new ArgumentError('methods: expected one with values, got token-colours');
    const options = { ...maps, method, target: index, seed, batchSize };
    const [found] = await attentionOf(subject, [image], options, between);
    const { values } = found!.maps[0]!;
    const [Gh = 0, Gw = 0] = values.shape;
    const onCells = onGrid({ values: values.data, Gh, Gw }, grid);
    const ties = permutation(onCells.length, randomOf(seed));
    ranked.push({ method, order: descendingOrder(onCells, ties) });
  }
  const [before = 0] = await targetProbabilities(subject, [image], { target: index, batchSize: 1, between });
  return { target: { index, label: labelOf(subject.info.classes, index), probability: before }, ranked };
}

async function logitsOf(subject: Subject, image: Float32Array, between: () => void): Promise<Float32Array[]> {
  const input = subject.network.inputOf([image]);
  try {
    return [...(await traceOf(subject.network, input, { between })).logits];
  } finally {
    input.dispose();
  }
}

function defaultMethods({ vit }: Subject): AttentionMethod[] {
  return ATTENTION_METHODS.filter(
    (method) => !SHOW_ONLY.has(method) && (vit !== undefined || !METHOD_FACTS[method].needsAttention),
  );
}

interface Removal {
  readonly image: Float32Array;
  readonly fill: Fill;
  readonly grid: Cells;
  readonly steps: number;
}

interface Walk {
  readonly kind: CurveKind;
  readonly order: Int32Array;
}

/** A curve for each walk, all images in one stream of batches. The whole image and none of it are computed once. */
async function curvesOf(
  subject: Subject,
  { image, fill, grid, steps }: Removal,
  walks: readonly Walk[],
  pass: Parameters<typeof targetProbabilities>[2],
): Promise<number[][]> {
  const whole = normalisedImage(subject, image);
  const filling = filled(whole, fill);
  const inner = stepCounts(grid.Gh * grid.Gw, steps).slice(1, -1);
  const changed = function* (): Generator<Float32Array> {
    yield image;
    yield filling;
    for (const { kind, order } of walks) {
      for (const count of inner) {
        yield withoutCells(whole, filling, removedCells(kind, order, count), grid, new Float32Array(image.length));
      }
    }
  };
  const [full = 0, none = 0, ...between] = await targetProbabilities(subject, changed(), pass);
  return walks.map(({ kind }, i) => {
    const [first, last] = kind === 'deletion' ? [full, none] : [none, full];
    return [first, ...between.slice(i * inner.length, (i + 1) * inner.length), last];
  });
}
