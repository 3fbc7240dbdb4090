import process from 'node:process';

import { ArgumentError } from '../../../errors.ts';

const VARIABLE = 'PATCHLENS_ISA';

/**
 * The index of the instruction set to use: the fastest, or the one that PATCHLENS_ISA names, so that each path can be
 * tried on one machine.
 *
 * @param runnable names, fastest first.
 * @throws ArgumentError when the one named does not run here.
 */
export function chosenInstructionSet(runnable: readonly string[]): number {
  const wanted = process.env[VARIABLE];
  if (wanted === undefined || wanted === '') return 0;
  const index = runnable.indexOf(wanted);
  if (index >= 0) return index;
  throw new ArgumentError(`${VARIABLE}: expected one of ${runnable.join(', ')} on this processor, got ${wanted}`);
}
