import { InvalidArgumentError, Option } from 'commander';

import type {
  AttentionMethod,
  AttentionOptions,
  ColourMapName,
  FigureStyle,
  FigureTheme,
  Fill,
  HeadFusion,
  Range,
  TokenName,
  Upsampling,
} from '../index.ts';
import { choice, positiveInteger } from './options.ts';

/** How maps are made and drawn, as flags say it. */
export interface MapFlags {
  readonly method?: readonly AttentionMethod[];
  readonly layer?: readonly number[] | 'all';
  readonly head?: readonly number[] | 'all';
  readonly fusion?: HeadFusion;
  readonly query?: TokenName;
  readonly direction: 'from' | 'to';
  readonly target?: string;
  readonly discard?: number;
  readonly fill: Fill;
  readonly masks?: number;
  readonly seed?: number;
}

export interface DrawFlags {
  readonly colours?: ColourMapName;
  readonly alpha?: number;
  readonly upsampling: Upsampling;
  readonly contour?: number;
  readonly view: 'photograph' | 'model';
  readonly range: 'own' | 'shared' | Range;
  readonly panelSize?: number;
  readonly columns?: number;
  readonly theme: FigureTheme;
}

// Records, so that a name added to the library and forgotten here breaks the build.
const METHODS: Record<AttentionMethod, true> = {
  rollout: true,
  attention: true,
  relevance: true,
  'gradient-rollout': true,
  'attention-gradient': true,
  'attention-cam': true,
  'grad-cam': true,
  occlusion: true,
  rise: true,
  'token-similarity': true,
  'token-norm': true,
  'token-colours': true,
};
const FUSIONS: Record<HeadFusion, true> = { mean: true, max: true, min: true };
const FILLS: Record<Fill, true> = { grey: true, blur: true };
const COLOUR_MAPS: Record<ColourMapName, true> = {
  viridis: true,
  magma: true,
  inferno: true,
  plasma: true,
  cividis: true,
  grey: true,
  'blue-red': true,
  turbo: true,
};
const UPSAMPLINGS: Record<Upsampling, true> = { nearest: true, smooth: true };
const THEMES: Record<FigureTheme, true> = { light: true, dark: true };

export const METHOD_NAMES = Object.keys(METHODS);
export const FILL_NAMES = Object.keys(FILLS);

export function mapOptions(): Option[] {
  return [
    severalOf('--method <names...>', 'what the maps are', METHOD_NAMES),
    new Option('--layer <list>', 'encoder blocks from 0: 11, 0-3,11 or all (default: the last, or all)').argParser(
      indices,
    ),
    new Option('--head <list>', 'heads from 0: 2, 0-2 or all; for attention a map for each, unless fused').argParser(
      indices,
    ),
    optional('--fusion <name>', 'how heads become one map', Object.keys(FUSIONS)),
    new Option('--query <token>', 'who asks: class, "register 0", patches, or a patch by row,column').argParser(token),
    choice('--direction <name>', 'attention from that token, or to it', ['from', 'to'], 'from'),
    new Option('--target <class>', 'the class that is explained, by label or index (default: the likeliest)'),
    new Option('--discard <ratio>', 'rollout without this share of each layer, 0 to 1').argParser(share),
    choice('--fill <name>', 'what replaces an occluded patch', Object.keys(FILLS), 'grey'),
    new Option('--masks <n>', 'random masks of rise (default: 1000)').argParser(positiveInteger),
    new Option('--seed <n>', 'of rise (default: 1)').argParser(positiveInteger),
  ].map((option) => option.helpGroup('Maps:'));
}

export function drawOptions(): Option[] {
  return [
    optional('--colours <name>', 'colour map', Object.keys(COLOUR_MAPS)),
    new Option('--alpha <share>', 'of the colours over the photograph, 0 to 1 (default: 0.6)').argParser(share),
    choice('--upsampling <name>', 'patches as they are, or smoothed', Object.keys(UPSAMPLINGS), 'nearest'),
    new Option('--contour <share>', 'line around the patches that hold this share of the map').argParser(share),
    choice(
      '--view <name>',
      'the whole photograph, or what the model sees of it',
      ['photograph', 'model'],
      'photograph',
    ),
    new Option('--range <span>', 'of the colours: own, shared by all maps, or two numbers as 0,0.02')
      .default('own')
      .argParser(range),
    new Option('--panel-size <n>', 'pixels of a panel').argParser(positiveInteger),
    new Option('--columns <n>', 'panels in a row').argParser(positiveInteger),
    choice('--theme <name>', 'of the figure', Object.keys(THEMES), 'light'),
  ].map((option) => option.helpGroup('Drawing:'));
}

/** The library's options for one method. A target that is a whole number is an index, anything else a label. */
export function attentionOptions(flags: MapFlags, method: AttentionMethod | undefined): AttentionOptions {
  const { layer, head, query, direction, target, discard, fill, masks, seed } = flags;
  const isByHead = method === 'attention' && head !== undefined && flags.fusion === undefined;
  return {
    method,
    layers: layer,
    heads: head === 'all' ? undefined : head,
    fusion: isByHead ? 'none' : flags.fusion,
    query,
    direction,
    target: target !== undefined && /^\d+$/.test(target) ? Number(target) : target,
    discard,
    fill,
    masks,
    seed,
  };
}

export function figureStyle(flags: DrawFlags, format: FigureStyle['format']): FigureStyle {
  const { colours, alpha, upsampling, contour, view, range: span, panelSize, columns, theme } = flags;
  return { format, colours, alpha, upsampling, contour, view, range: span, panelSize, columns, theme };
}

/** `choice` without a default. */
function optional(flags: string, description: string, values: readonly string[]): Option {
  const option = choice(flags, description, values, '');
  return option.default(undefined);
}

export function severalOf(flags: string, description: string, values: readonly string[]): Option {
  const one = choice('--one <name>', description, values, '');
  return new Option(flags, `${description}: ${values.join(', ')}`).argParser((value: string, before?: string[]) => [
    ...(before ?? []),
    String(one.parseArg?.(value, undefined)),
  ]);
}

const MOST_INDICES = 4096;

function indices(value: string): readonly number[] | 'all' {
  if (value === 'all') return 'all';
  const found = value.split(',').flatMap((part) => {
    const [, from, to = from] = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part) ?? [];
    if (from === undefined || Number(to) < Number(from))
      throw new InvalidArgumentError('Expected as 11, 0-3,11 or all.');
    return Array.from({ length: Number(to) - Number(from) + 1 }, (_, i) => Number(from) + i);
  });
  if (found.length > MOST_INDICES) throw new InvalidArgumentError(`Expected at most ${MOST_INDICES} of them.`);
  return found;
}

function token(value: string): TokenName {
  const [, row, column] = /^(\d{1,6}),(\d{1,6})$/.exec(value) ?? [];
  return row === undefined || column === undefined ? value : [Number(row), Number(column)];
}

function share(value: string): number {
  const number = Number(value);
  if (value.trim() !== '' && number >= 0 && number <= 1) return number;
  throw new InvalidArgumentError('Expected a number from 0 to 1.');
}

function range(value: string): DrawFlags['range'] {
  if (value === 'own' || value === 'shared') return value;
  const [least, greatest, ...rest] = value.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (least !== undefined && greatest !== undefined && least < greatest && rest.length === 0)
    return { least, greatest };
  throw new InvalidArgumentError('Expected own, shared, or two numbers as 0,0.02.');
}
