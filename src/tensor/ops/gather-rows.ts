import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';

import { expandDims, gather, scatterND, tidy } from '../tfjs.ts';
import { dims } from '../dims.ts';
import { defineOp, runOp } from '../op.ts';

/**
 * Rows of a table by their index, repeats allowed: table [R, C], indices int32 [M] → [M, C]. Unlike the stock gather it
 * has a gradient on tfjs-wasm, which lacks the segment sum of the stock one.
 *
 * @throws ShapeError when the table or the indices have another rank; what the backend throws for an index beyond the table.
 */
export function gatherRows(table: Tensor2D, indices: Tensor1D): Tensor2D {
  dims('gatherRows table', table, 'R C');
  dims('gatherRows indices', indices, 'M');
  // One output, [M, C].
  return runOp(GATHER_ROWS, [table, indices], {})[0] as Tensor2D;
}

export const GATHER_ROWS = defineOp<object>({
  name: 'PatchlensGatherRows',
  compose: ([table, indices]) => [gather(table!, indices as Tensor1D)],
  // Of the table alone: indices are whole numbers. scatterND adds up the rows that share an index.
  gradient: ([dy], [table, indices]) => [
    () => tidy(() => scatterND(expandDims(indices!, 1), dy!, table!.shape as [number, number])),
  ],
});
