import { ArgumentError } from '../../../errors.ts';
import type { Forward } from './forward.ts';

/** Rows of a table, copied whole: the stock kernel finds the place of every single value anew. */
export const gatherRowsForward: Forward<object> = ([table, indices], _attrs, { backend }) => {
  const [R = 0, C = 0] = table!.shape;
  const source = backend.floatsOf('gatherRows', table!);
  const rows = backend.readSync(indices!.dataId) as Int32Array;
  const { info, values } = backend.output([rows.length, C]);
  for (const [at, row] of rows.entries()) {
    if (!(row >= 0 && row < R)) throw new ArgumentError(`gatherRows: expected indices from 0 to ${R - 1}, got ${row}`);
    values.set(source.subarray(row * C, (row + 1) * C), at * C);
  }
  return info;
};
