import { z } from 'zod';

import { ArgumentError } from '../../errors.ts';
import type { Matrix } from '../../report/explanation.ts';

/** What self-attention is to be explained on. Vectors are rows: the query of a is a·Wq. */
export interface AttentionExample {
  /** Names of the vectors; a1, a2, … when absent. */
  readonly tokens?: readonly string[] | undefined;
  /** [N, D] */
  readonly vectors: Matrix;
  /** [D, width], the heads side by side. */
  readonly wq: Matrix;
  readonly wk: Matrix;
  readonly wv: Matrix;
  /** Default 1. */
  readonly heads?: number | undefined;
  /** Who may attend to whom: each to itself and those before it, or a row of 1 and 0 for each query. */
  readonly mask?: 'causal' | readonly (readonly (0 | 1 | boolean)[])[] | undefined;
}

/** Two vectors whose numbers can be checked by hand. */
export const BUILT_IN_EXAMPLE = {
  tokens: ['a1', 'a2'],
  vectors: [
    [1, 1],
    [1, 0],
  ],
  wq: [
    [1, 1],
    [0, 1],
  ],
  wk: [
    [0, 1],
    [1, -1],
  ],
  wv: [
    [1, 0],
    [0, 1],
  ],
} as const satisfies AttentionExample;

const matrix = z
  .array(z.array(z.number()).min(1))
  .min(1)
  .refine((rows) => rows.every((row) => row.length === rows[0]?.length), 'rows of one length');

const SCHEMA = z.strictObject({
  tokens: z.array(z.string()).optional(),
  vectors: matrix,
  wq: matrix,
  wk: matrix,
  wv: matrix,
  heads: z.int().min(1).optional(),
  mask: z.union([z.literal('causal'), z.array(z.array(z.union([z.literal(0), z.literal(1), z.boolean()])))]).optional(),
});

/**
 * Checks an example from outside: its form, and that its sizes fit together.
 *
 * @throws ArgumentError that names the part.
 */
export function parseExample(given: unknown): AttentionExample {
  const result = SCHEMA.safeParse(given);
  if (!result.success) {
    const [issue] = result.error.issues;
    const where = ['example', ...(issue?.path ?? [])].join('.');
    throw new ArgumentError(
      `${where}: ${issue?.message ?? 'invalid'}. Expected {"vectors", "wq", "wk", "wv"} as rows of numbers, and ` +
        'perhaps "tokens", "heads", "mask".',
    );
  }
  checkSizes(result.data);
  return result.data;
}

function checkSizes({ tokens, vectors, wq, wk, wv, heads = 1, mask }: AttentionExample): void {
  const [N, D] = [vectors.length, widthOf(vectors)];
  if (tokens !== undefined) expectSize('tokens', 'names', tokens.length, N);
  for (const [name, weights] of Object.entries({ wq, wk, wv })) expectSize(name, 'rows', weights.length, D);
  expectSize('wk', 'columns', widthOf(wk), widthOf(wq));
  for (const [name, weights] of Object.entries({ wq, wv })) {
    if (widthOf(weights) % heads === 0) continue;
    throw new ArgumentError(
      `example.heads: expected a divisor of the ${widthOf(weights)} columns of ${name}, got ${heads}`,
    );
  }
  if (mask === undefined || mask === 'causal') return;
  expectSize('mask', 'rows', mask.length, N);
  for (const row of mask) expectSize('mask', 'columns', row.length, N);
}

function expectSize(part: string, what: string, got: number, expected: number): void {
  if (got === expected) return;
  throw new ArgumentError(`example.${part}: expected ${expected} ${what}, got ${got}`);
}

function widthOf(matrixRows: Matrix): number {
  return matrixRows[0]?.length ?? 0;
}
