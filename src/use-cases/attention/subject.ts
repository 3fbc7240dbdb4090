import type { AttentionMap, AttentionMethod } from './methods.ts';
import type { TokenGrid, TokenName } from '../../attribution/token-grid.ts';
import { ArgumentError } from '../../errors.ts';
import type { LoadedNetwork } from '../load/load.ts';
import type { ModelInfo } from '../model-info.ts';

/** What is explained. */
export type Subject = Pick<LoadedNetwork, 'info' | 'network' | 'logitsOf' | 'vit' | 'resample'>;

/** What one image of a batch comes to. */
export interface ImageMaps {
  readonly method: AttentionMethod;
  readonly grid: TokenGrid;
  readonly query?: TokenName | undefined;
  readonly target?: number | undefined;
  readonly logits: Float32Array;
  readonly maps: readonly AttentionMap[];
  readonly outliers?: readonly (readonly [row: number, column: number])[] | undefined;
}

/** The class that is explained: by index or label, or the likeliest. */
export function targetOf(info: ModelInfo, logits: Float32Array, target: number | string | undefined): number {
  if (target === undefined) return logits.indexOf(logits.reduce((best, value) => Math.max(best, value), -Infinity));
  const index = typeof target === 'number' ? target : info.classes.indexOf(target);
  if (Number.isInteger(index) && index >= 0 && index < logits.length) return index;
  throw new ArgumentError(
    `target: expected a class of ${info.name} by its label or its index from 0 to ${logits.length - 1}, got ${target}`,
  );
}
