import { massThreshold } from '../../../attribution/mass.ts';
import { visible } from '../../markup.ts';
import { rangeOf } from '../../figure/colour-range.ts';
import type { Range } from '../../figure/colour-range.ts';
import type { ExplorerData } from '../explorer-data.ts';
import { columnOf, errorAt, errorOf, rowOf } from '../quantise.ts';
import { ATTENTION, tokenPhrase } from './view.ts';
import type { View } from './view.ts';

/** One map as it is drawn. */
export interface ShownMap {
  /** [Gh · Gw] */
  readonly values: Float32Array;
  /** Of the tokens before the patches; empty where there is nothing to say of them. */
  readonly prefix: readonly number[];
  readonly range: Range;
  /** Some values are beyond the range's end. */
  readonly isClipped: boolean;
  readonly quantity: string;
  readonly isSigned: boolean;
  /** The most that a value can be off by, where it is not exact. */
  readonly error: number;
  /** The most that one token's value can be off by. */
  readonly errorAt: (token: number) => number;
  /** What the map is, in words. */
  readonly caption: string;
}

/** The map of a view; `token` asks, which may be another one than the view's while the pointer is over it. */
export function shownMap(data: ExplorerData, view: View, token: number): ShownMap {
  return view.method === ATTENTION ? attentionMap(data, view, token) : methodMap(data, view);
}

/** One of the maps of layers × heads, whichever method the view is of. */
export function attentionMap(data: ExplorerData, view: View, token: number): ShownMap {
  const { attention, grid } = data;
  const { layer, head, direction } = view;
  const place = { layer: attention.layers.indexOf(layer), head };
  const all = direction === 'from' ? rowOf(attention, grid, place, token) : columnOf(attention, grid, place, token);
  const values = all.subarray(grid.prefix.length);
  return {
    values,
    prefix: Array.from(all.subarray(0, grid.prefix.length)),
    ...spanOf(values, view.range, () => sharedRange(data, view, token)),
    quantity: 'share of attention',
    isSigned: false,
    error: direction === 'from' ? errorOf(attention, grid, place, token) : columnError(data, view),
    errorAt: (other) =>
      errorAt(
        attention,
        grid,
        place,
        direction === 'from' ? { query: token, key: other } : { query: other, key: token },
      ),
    caption: attentionCaption(data, view, token),
  };
}

/** Of a scale that leaves the few greatest patches out, which one token may outshine a hundredfold. */
const CLIPPED = 0.95;

/** What the colours span. */
function spanOf(
  values: Float32Array,
  wanted: View['range'],
  shared: () => Range,
): Pick<ShownMap, 'range' | 'isClipped'> {
  switch (wanted) {
    case 'own':
      return { range: rangeOf([values]), isClipped: false };
    case 'shared':
      return { range: shared(), isClipped: false };
    case 'clipped': {
      const own = rangeOf([values]);
      const greatest = values.toSorted()[Math.floor(CLIPPED * (values.length - 1))] ?? 0;
      // A map of little more than zeros has no smaller scale.
      return greatest > 0
        ? { range: { least: own.least, greatest }, isClipped: greatest < own.greatest }
        : { range: own, isClipped: false };
    }
  }
}

function attentionCaption({ grid }: ExplorerData, { layer, head, direction }: View, token: number): string {
  const name = tokenPhrase(grid, token);
  const who = direction === 'from' ? `Where ${name} looks` : `Who looks at ${name}`;
  return `${who} in layer ${layer}, ${head === 'mean' ? 'mean of all heads' : `head ${head}`}.`;
}

function columnError({ attention, grid }: ExplorerData, { layer, head }: View): number {
  const place = { layer: attention.layers.indexOf(layer), head };
  const N = grid.prefix.length + grid.Gh * grid.Gw;
  let most = 0;
  for (let query = 0; query < N; query += 1) most = Math.max(most, errorOf(attention, grid, place, query));
  return most;
}

/** Of all layers and heads and the mean of heads, for one token. The wall asks for it once for each of its maps. */
const sharedRange = remembered((data: ExplorerData, { direction }: View, token: number): Range => {
  const { attention, grid } = data;
  const read = direction === 'from' ? rowOf : columnOf;
  const maps = attention.layers.flatMap((_, layer) =>
    Array.from({ length: attention.numHeads }, (_head, head) =>
      read(attention, grid, { layer, head }, token).subarray(grid.prefix.length),
    ),
  );
  return rangeOf(maps);
});

function remembered(find: (data: ExplorerData, view: View, token: number) => Range): typeof find {
  let last: { readonly key: string; readonly range: Range } | undefined;
  return (data, view, token) => {
    const key = `${view.direction} ${token}`;
    if (last?.key !== key) last = { key, range: find(data, view, token) };
    return last.range;
  };
}

function methodMap(data: ExplorerData, { method, target, range }: View): ShownMap {
  const map = data.maps.find((one) => one.method === method && (one.target === undefined || one.target === target));
  if (map === undefined) throw new Error(`map ${method} of class ${target}: expected one, got none`);
  const { values, prefix, quantity, isSigned, layer } = map;
  const label = data.predictions.find(({ index }) => index === map.target)?.label;
  const where = layer === undefined ? 'all layers' : `layer ${layer}`;
  const what = label === undefined ? 'The same for every class.' : `For the class «${visible(label)}».`;
  return {
    values,
    prefix,
    ...(isSigned || range !== 'clipped'
      ? { range: rangeOf([values], isSigned), isClipped: false }
      : spanOf(values, range, () => rangeOf([values]))),
    quantity,
    isSigned,
    error: 0,
    errorAt: () => 0,
    caption: `${METHOD_NAMES[method] ?? method}, ${where}. ${what}`,
  };
}

export const METHOD_NAMES: Readonly<Record<string, string>> = {
  attention: 'Attention',
  rollout: 'Rollout',
  'gradient-rollout': 'Gradient rollout',
  relevance: 'Relevance',
  'attention-gradient': 'Attention × gradient',
  'attention-cam': 'Attention CAM',
  'grad-cam': 'Grad-CAM',
};

/** The least value that is still covered when `mass` percent of a map's sum are. */
export function thresholdOf(values: Float32Array, mass: number): number {
  return mass >= 100 ? -Infinity : massThreshold(values, mass / 100);
}
