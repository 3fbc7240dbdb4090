import type { AttentionMethod, AttentionOptions } from './methods.ts';
import { tokenGridOf } from './token-grid.ts';
import type { Discard } from '../../attribution/rollout.ts';
import { PATCHES, tokenWeights } from '../../attribution/token-grid.ts';
import type { TokenGrid, TokenName } from '../../attribution/token-grid.ts';
import { ArgumentError } from '../../errors.ts';
import type { ViTConfig } from '../../weights/architecture.ts';
import { checkIndex } from '../whole-number.ts';

/** Options with the method that they are of. */
export type Chosen = AttentionOptions & { readonly method: AttentionMethod };

/** What a method is asked for, checked against the network. */
export interface Question {
  readonly method: AttentionMethod;
  readonly grid: TokenGrid;
  readonly layers: readonly number[];
  readonly heads: readonly number[] | undefined;
  readonly fusion: NonNullable<AttentionOptions['fusion']>;
  readonly query: TokenName;
  /** The token that asks as weights of a sum [N]. */
  readonly asking: Float64Array;
  readonly direction: 'from' | 'to';
  readonly discard: Discard | undefined;
}

/** @throws ArgumentError for layers, heads or a fusion that the network or the method has not. */
export function questionOf(config: ViTConfig, options: Chosen): Question {
  const { method, heads, fusion = 'mean', direction = 'from', discard } = options;
  const grid = tokenGridOf(config);
  const query = options.query ?? (grid.prefix.includes('class') ? 'class' : PATCHES);
  if (fusion === 'none' && method !== 'attention') {
    throw new ArgumentError(`fusion: expected mean, max or min for ${method}, got none`);
  }
  for (const head of heads ?? []) checkIndex('head', head, config.numHeads);
  const classRow = grid.prefix.indexOf('class');
  return {
    method,
    grid,
    heads,
    fusion,
    query,
    direction,
    layers: layersOf(config.depth, options),
    asking: tokenWeights(grid, query),
    // Where there is no class token, no row stands out.
    discard: discard === undefined ? undefined : { ratio: discard, keepRow: classRow < 0 ? undefined : classRow },
  };
}

const THROUGH_LAYERS: ReadonlySet<AttentionMethod> = new Set(['rollout', 'gradient-rollout', 'relevance']);

function layersOf(depth: number, { method, layers }: Chosen): number[] {
  const all = Array.from({ length: depth }, (_, i) => i);
  const chosen = layers ?? (THROUGH_LAYERS.has(method) ? 'all' : [depth - 1]);
  if (chosen === 'all') return all;
  if (chosen.length === 0) throw new ArgumentError('layers: expected at least one, got none');
  for (const layer of chosen) checkIndex('layer', layer, depth);
  // Through the layers is in their order, whatever the order they were named in.
  return all.filter((layer) => chosen.includes(layer));
}
