import type { Tensor, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';

import { dispose, mul, tensor2d, tensor3d, tidy } from '../../tensor/tfjs.ts';
import { parseExample } from './example.ts';
import type { AttentionExample } from './example.ts';
import { attentionMask } from '../../nn/masks.ts';
import type { ExplainedHead, Explanation, Matrix } from '../../report/explanation.ts';
import { useBackend } from '../../tensor/backends/index.ts';
import type { BackendName } from '../../tensor/backends/index.ts';
import { attentionWithWeights, scoresOf, splitHeads } from '../../tensor/ops/attention.ts';
import { linear } from '../../tensor/ops/linear.ts';

export interface ExplainOptions {
  /** Default `auto`: the fastest that loads here. */
  readonly backend?: BackendName | 'auto' | undefined;
  readonly title?: string | undefined;
}

/**
 * Self-attention on given vectors and matrices, with every number on the way; they come from the operations that the
 * models run.
 *
 * @throws ArgumentError when the parts of the example do not fit together, or a mask leaves a vector nothing to attend to.
 */
export async function explain(given: AttentionExample, options: ExplainOptions = {}): Promise<Explanation> {
  const example = parseExample(given);
  const { vectors, wq, wk, wv, heads: numHeads = 1 } = example;
  const tokens = example.tokens ?? vectors.map((_, i) => `a${i + 1}`);
  const mask = visibilityOf(example);
  const { backend = 'auto', title = 'Self-attention, step by step' } = options;
  const lease = await useBackend(backend);
  const owned: Tensor[] = [];
  try {
    // Before anything else is made: it says when a vector has nothing to attend to.
    const visible = mask && attentionMask(sizeOf(vectors), (query, key) => mask[query]?.[key] === true);
    if (visible !== undefined) owned.push(visible);
    const [q, k, v] = tidy(() => {
      const x = tensor3d([copyOf(vectors)]);
      return [wq, wk, wv].map((weights) => linear(x, tensorOf(weights)));
    });
    owned.push(q!, k!, v!);
    const { heads, outputs } = await headsOf(q!, k!, v!, { numHeads, mask: visible });
    const scale = scaleOf(q!, numHeads);
    return {
      title,
      queryTokens: tokens,
      keyTokens: tokens,
      input: { vectors, wq, wk, wv },
      scale,
      mask,
      heads,
      outputs,
    };
  } finally {
    dispose(owned);
    lease.release();
  }
}

/** 1/√d for heads of width d. */
export function scaleOf(query: Tensor3D, numHeads: number): number {
  return 1 / Math.sqrt(query.shape[2] / numHeads);
}

/** Every step of attention on one sequence, [1, N, D] each, head by head. */
export async function headsOf(
  q: Tensor3D,
  k: Tensor3D,
  v: Tensor3D,
  { numHeads, mask }: { readonly numHeads: number; readonly mask?: Tensor4D | undefined },
): Promise<{ heads: ExplainedHead[]; outputs: Matrix }> {
  const steps = tidy(() => {
    const { output, weights } = attentionWithWeights(q, k, v, { numHeads, mask });
    const scores = scoresOf(q, k, numHeads);
    const parts = { queries: q, keys: k, values: v, outputs: output };
    const [queries, keys, values, outputs] = Object.values(parts).map((part) => splitHeads(part, numHeads));
    return [queries!, keys!, values!, scores, mul<Tensor4D>(scores, scaleOf(q, numHeads)), weights, outputs!];
  });
  try {
    const [queries, keys, values, scores, scaledScores, weights, outputs] = await Promise.all(
      steps.map(async (step) => (await step.array())[0] ?? []),
    );
    const heads = Array.from({ length: numHeads }, (_, h): ExplainedHead => {
      const of = (perHead: number[][][] | undefined): Matrix => perHead?.[h] ?? [];
      return {
        queries: of(queries),
        keys: of(keys),
        values: of(values),
        scores: of(scores),
        scaledScores: of(scaledScores),
        weights: of(weights),
        outputs: of(outputs),
      };
    });
    const rows = heads[0]?.outputs ?? [];
    return { heads, outputs: rows.map((_, i) => heads.flatMap((head) => head.outputs[i] ?? [])) };
  } finally {
    dispose(steps);
  }
}

function visibilityOf({ mask, vectors }: AttentionExample): boolean[][] | undefined {
  if (mask === 'causal') return vectors.map((_, i) => vectors.map((_key, j) => j <= i));
  return mask?.map((row) => row.map(Boolean));
}

function sizeOf(vectors: Matrix): { numQueries: number; numKeys: number } {
  return { numQueries: vectors.length, numKeys: vectors.length };
}

function tensorOf(matrix: Matrix) {
  return tensor2d(copyOf(matrix));
}

function copyOf(matrix: Matrix): number[][] {
  return matrix.map((row) => row.slice());
}
