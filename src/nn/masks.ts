import type { Tensor4D } from '@tensorflow/tfjs-core';

import { tensor4d } from '../tensor/tfjs.ts';
import { ArgumentError } from '../errors.ts';
import type { Grid } from './blocks.ts';

/** Whether a query may attend to a key, both by their position, in one sequence of a batch. */
export type MaskRule = (query: number, key: number, sequence: number) => boolean;

export interface MaskSize {
  readonly numQueries: number;
  readonly numKeys: number;
  /** Sequences of the batch whose masks differ; one mask for all when absent. */
  readonly numSequences?: number;
}

/**
 * What `attention` adds to the scores: 0 where every rule allows a query its key and −∞ where one does not, so that the
 * weight there is exactly zero: [sequences, 1, Nq, Nk].
 *
 * @throws ArgumentError when a query is left without any key, of which softmax would make NaN.
 */
export function attentionMask(size: MaskSize, ...rules: readonly MaskRule[]): Tensor4D {
  const { numQueries, numKeys, numSequences = 1 } = size;
  const values = new Float32Array(numSequences * numQueries * numKeys);
  let next = 0;
  for (let sequence = 0; sequence < numSequences; sequence += 1) {
    for (let query = 0; query < numQueries; query += 1) {
      let numAllowed = 0;
      for (let key = 0; key < numKeys; key += 1, next += 1) {
        const isAllowed = rules.every((rule) => rule(query, key, sequence));
        values[next] = isAllowed ? 0 : -Infinity;
        numAllowed += Number(isAllowed);
      }
      if (numAllowed === 0) throw nothingToAttendTo(query, sequence);
    }
  }
  return tensor4d(values, [numSequences, 1, numQueries, numKeys]);
}

function nothingToAttendTo(query: number, sequence: number): ArgumentError {
  return new ArgumentError(
    `attention mask: expected a key for every query, got none for query ${query} of sequence ${sequence}. ` +
      'Let it attend to itself.',
  );
}

/** No query sees a later key. */
export function causal(): MaskRule {
  return (query, key) => key <= query;
}

/** Sequence b of the batch has `lengths[b]` tokens; what follows is padding that nobody attends to. */
export function padding(lengths: readonly number[]): MaskRule {
  return (_query, key, sequence) => key < (lengths[sequence] ?? 0);
}

/** A window of before + 1 + after positions around each query. */
export function windowed({ before, after }: { readonly before: number; readonly after: number }): MaskRule {
  return (query, key) => key >= query - before && key <= query + after;
}

/** The (2·radius + 1)² patches around each patch of a grid, fewer at its border. */
export function neighbourhood({ Gw }: Grid, radius: number): MaskRule {
  return (query, key) => {
    const rows = Math.floor(query / Gw) - Math.floor(key / Gw);
    const columns = (query % Gw) - (key % Gw);
    return Math.abs(rows) <= radius && Math.abs(columns) <= radius;
  };
}

/** Along the edges of a graph alone: `edges[i]` lists whom token i attends to. */
export function alongEdges(edges: readonly (readonly number[])[]): MaskRule {
  const targets = edges.map((keys) => new Set(keys));
  return (query, key) => targets[query]?.has(key) ?? false;
}

/** The rule for what follows the first `numPrefix` tokens, which themselves see all and are seen by all. */
export function afterPrefix(numPrefix: number, rule: MaskRule): MaskRule {
  return (query, key, sequence) =>
    query < numPrefix || key < numPrefix || rule(query - numPrefix, key - numPrefix, sequence);
}
