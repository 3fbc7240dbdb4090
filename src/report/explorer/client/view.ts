import { nameOfToken, numTokensOf } from '../../../attribution/token-grid.ts';
import type { TokenGrid } from '../../../attribution/token-grid.ts';
import type { ExplorerData } from '../explorer-data.ts';

/** The method that shows one token's attention in one layer and head; the others have one map for each class, or one. */
export const ATTENTION = 'attention';

export const COLOURS = ['viridis', 'magma', 'cividis', 'grey'] as const;
export const RANGES = ['own', 'clipped', 'shared'] as const;
export type Colours = (typeof COLOURS)[number];

/** What the reader chose to see; the fragment of the page's address says the same. */
export interface View {
  readonly method: string;
  /** By its number in the network, as for all indices. */
  readonly layer: number;
  readonly head: number | 'mean';
  readonly token: number;
  /** Where the token looks, or who looks at it. */
  readonly direction: 'from' | 'to';
  /** Index of the class that gradient methods explain. */
  readonly target: number;
  /** Colours from zero to the greatest of the map, to its 95th percentile, or to the token's greatest in all layers. */
  readonly range: (typeof RANGES)[number];
  /** Percent of the map's sum whose patches are covered: 1…100. */
  readonly mass: number;
  /** Percent, 0…100. */
  readonly opacity: number;
  readonly colours: Colours;
  readonly picture: 'photograph' | 'model';
  /** The key whose numbers are shown step by step. */
  readonly key: number;
}

/**
 * What is seen first: the last layer, all heads, and the token that the network reads. The scale is clipped, since a few
 * patches often outshine all others, and the colour bar says so.
 */
export function firstView({ attention, pictures, token, target }: ExplorerData): View {
  return {
    method: ATTENTION,
    layer: attention.layers.at(-1) ?? 0,
    head: 'mean',
    token,
    direction: 'from',
    target,
    range: 'clipped',
    mass: 100,
    opacity: 60,
    colours: 'viridis',
    picture: pictures.photograph === undefined ? 'model' : 'photograph',
    key: -1,
  };
}

/** `method=attention&layer=11&head=mean&token=class`: what differs from the first view, and always where one looks. */
export function fragmentOf(view: View, data: ExplorerData): string {
  const first = firstView(data);
  const parts: readonly (readonly [keyof View, string])[] = [
    ['method', view.method],
    ['layer', String(view.layer)],
    ['head', String(view.head)],
    ['token', slugOf(data.grid, view.token)],
    ['target', String(view.target)],
    ['direction', view.direction],
    ['range', view.range],
    ['mass', String(view.mass)],
    ['opacity', String(view.opacity)],
    ['colours', view.colours],
    ['picture', view.picture],
    ['key', view.key < 0 ? '' : slugOf(data.grid, view.key)],
  ];
  // The first picture depends on the screen.
  const always: ReadonlySet<string> = new Set([
    'method',
    'layer',
    'head',
    'token',
    ...(data.pictures.photograph === undefined ? [] : ['picture']),
  ]);
  return parts
    .filter(([name]) => always.has(name) || view[name] !== first[name])
    .map(([name, value]) => `${name}=${encodeURIComponent(value).replaceAll('%2C', ',')}`)
    .join('&');
}

/** The view that a fragment asks for: what it leaves out or gets wrong is as in the first view. */
export function viewOf(fragment: string, data: ExplorerData, first: View = firstView(data)): View {
  const asked = new URLSearchParams(fragment.replace(/^#/, ''));
  const { attention, grid, maps, predictions, pictures } = data;
  const text = (name: string): string => asked.get(name) ?? '';
  const oneOf = <T extends string | number>(name: string, known: readonly T[], otherwise: T): T =>
    known.find((value) => String(value) === text(name)) ?? otherwise;
  const percent = (name: string, least: number, otherwise: number): number => {
    const value = /^\d{1,3}$/.test(text(name)) ? Number(text(name)) : -1;
    return value >= least && value <= 100 ? value : otherwise;
  };
  const methods = [ATTENTION, ...maps.map(({ method }) => method)];
  const heads = ['mean' as const, ...Array.from({ length: attention.numHeads }, (_, head) => head)];
  const targets = predictions.map(({ index }) => index);
  const pictureNames = pictures.photograph === undefined ? (['model'] as const) : (['photograph', 'model'] as const);
  return {
    method: oneOf('method', methods, first.method),
    layer: oneOf('layer', attention.layers, first.layer),
    head: oneOf<'mean' | number>('head', heads, first.head),
    token: tokenOf(grid, text('token')) ?? first.token,
    direction: oneOf('direction', ['from', 'to'] as const, first.direction),
    target: oneOf('target', targets, first.target),
    range: oneOf('range', RANGES, first.range),
    mass: percent('mass', 1, first.mass),
    opacity: percent('opacity', 0, first.opacity),
    colours: oneOf('colours', COLOURS, first.colours),
    picture: oneOf<View['picture']>('picture', pictureNames, first.picture),
    key: tokenOf(grid, text('key')) ?? first.key,
  };
}

/** `class token`, `register 0`, `patch 3,4`. */
export function tokenName(grid: TokenGrid, token: number): string {
  const name = grid.prefix[token];
  if (name !== undefined) return name.startsWith('register') ? name : `${name} token`;
  const patch = token - grid.prefix.length;
  return nameOfToken([Math.floor(patch / grid.Gw), patch % grid.Gw]);
}

/** A token in the middle of a sentence: `the class token`, `register 0`, `patch 3,4`. */
export function tokenPhrase(grid: TokenGrid, token: number): string {
  const name = tokenName(grid, token);
  return name.endsWith(' token') ? `the ${name}` : name;
}

function slugOf(grid: TokenGrid, token: number): string {
  const patch = token - grid.prefix.length;
  return grid.prefix[token]?.replaceAll(' ', '-') ?? `${Math.floor(patch / grid.Gw)},${patch % grid.Gw}`;
}

function tokenOf(grid: TokenGrid, slug: string): number | undefined {
  const prefix = grid.prefix.findIndex((name) => name.replaceAll(' ', '-') === slug);
  if (prefix >= 0) return prefix;
  const [, row, column] = /^(\d{1,5}),(\d{1,5})$/.exec(slug) ?? [];
  if (row === undefined || Number(row) >= grid.Gh || Number(column) >= grid.Gw) return undefined;
  const token = grid.prefix.length + Number(row) * grid.Gw + Number(column);
  return token < numTokensOf(grid) ? token : undefined;
}
