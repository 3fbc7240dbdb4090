import { WeightsError } from '../errors.ts';
import type { NamedArray, NamedArrays } from './arrays.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Description } from './family.ts';

const MAX_LISTED = 8;

/**
 * Finds every parameter of an architecture among a checkpoint's tensors: all of them there, all of the right shape, none
 * left over.
 *
 * @param shapes what the architecture needs, by dotted name.
 * @throws WeightsError that lists what is missing, misshapen and unexpected.
 */
export function assemble(
  checkpoint: Checkpoint,
  description: Description,
  shapes: ReadonlyMap<string, readonly number[]>,
): NamedArrays {
  const assembled = new Map<string, NamedArray>();
  checkTensors(checkpoint, description, shapes, (parameter, array) => assembled.set(parameter, array));
  return assembled;
}

/**
 * The checks of `assemble`, without a second copy of the tensors.
 *
 * @param visit is given each parameter that is there and of the right shape.
 * @throws WeightsError as `assemble` does, after the last visit.
 */
export function checkTensors(
  { where, arrays }: Checkpoint,
  description: Description,
  shapes: ReadonlyMap<string, readonly number[]>,
  visit?: (parameter: string, array: NamedArray) => void,
): void {
  const missing: string[] = [];
  const misshapen: string[] = [];
  const unexpected = new Set(arrays.keys());
  for (const [parameter, shape] of shapes) {
    const { name, convert } = description.sourceOf(parameter);
    const array = arrays.get(name);
    unexpected.delete(name);
    if (array === undefined) {
      missing.push(name);
      continue;
    }
    const converted = convert(array);
    if (converted.shape.join() === shape.join()) visit?.(parameter, converted);
    else misshapen.push(`${name} [${array.shape.join(', ')}] for ${parameter} [${shape.join(', ')}]`);
  }
  for (const name of unexpected) {
    if (description.unused.some((pattern) => pattern.test(name))) unexpected.delete(name);
  }
  const problems = [list('missing', new Set(missing)), list('wrong shape', misshapen), list('unexpected', unexpected)];
  const text = problems.filter((problem) => problem !== '').join('; ');
  if (text !== '') throw new WeightsError(`${where}: expected the tensors of ${description.architecture}: ${text}`);
}

/**
 * Each parameter by its dotted name, made from its tensor when it is asked for, so that a checkpoint is in memory once.
 *
 * @throws WeightsError, when asked, for one whose tensor is not there.
 */
export function parametersOf(
  { where, arrays }: Checkpoint,
  description: Description,
): (parameter: string) => NamedArray {
  return (parameter) => {
    const { name, convert } = description.sourceOf(parameter);
    const array = arrays.get(name);
    if (array === undefined) throw new WeightsError(`${where}: expected a tensor ${name} for ${parameter}, got none`);
    return convert(array);
  };
}

function list(kind: string, names: Iterable<string>): string {
  const all = [...names];
  if (all.length === 0) return '';
  const rest = all.length > MAX_LISTED ? ` and ${all.length - MAX_LISTED} more` : '';
  return `${kind} ${all.slice(0, MAX_LISTED).join(', ')}${rest}`;
}
