import { ArgumentError } from '../../errors.ts';
import type { LoadOptions } from '../model-info.ts';
import { BACKEND_NAMES, PRECISIONS } from '../../tensor/backends/index.ts';
import { RESIZES, TENSORFLOW_INTERPOLATIONS } from '../../weights/preprocessing.ts';
import type { PreprocessingChanges } from '../../weights/preprocessing.ts';
import { checkWhole } from '../whole-number.ts';

/** More than any one machine has; each is a thread of the system, and ten thousand of them bring it to a halt. */
const MAX_THREADS = 1024;

/**
 * Callers without types can ask for anything.
 *
 * @throws ArgumentError.
 */
export function checkOptions({ backend, precision, threads, preprocessing }: LoadOptions): void {
  const choices = [
    ['backend', backend, BACKEND_NAMES],
    ['precision', precision, PRECISIONS],
  ] as const;
  for (const [option, value, known] of choices) {
    if (value === undefined || ['auto', ...known].includes(value)) continue;
    throw new ArgumentError(`${option}: expected one of auto, ${known.join(', ')}, got ${value}`);
  }
  if (threads !== undefined) checkWhole('threads', threads, { least: 1, most: MAX_THREADS });
  if (preprocessing !== undefined) checkChanges(preprocessing);
}

/** Less of an image would be no picture any more, and a resize by more would ask for too much. */
const MIN_CROP = 0.01;

function checkChanges({ resize, crop, interpolation, mean, std }: PreprocessingChanges): void {
  expectOne('resize', resize, RESIZES);
  expectOne('interpolation', interpolation, TENSORFLOW_INTERPOLATIONS);
  if (crop !== undefined && !(crop >= MIN_CROP && crop <= 1)) {
    throw new ArgumentError(`preprocessing.crop: expected a share from ${MIN_CROP} to 1, got ${crop}`);
  }
  for (const [name, values] of Object.entries({ mean, std })) {
    const isRight = (value: number): boolean => Number.isFinite(value) && (name === 'mean' || value > 0);
    if (values === undefined || (values.length === 3 && values.every(isRight))) continue;
    throw new ArgumentError(
      `preprocessing.${name}: expected three ${name === 'std' ? 'positive ' : ''}numbers, got ${values.join(', ')}`,
    );
  }
}

function expectOne(option: string, value: string | undefined, known: readonly string[]): void {
  if (value === undefined || known.includes(value)) return;
  throw new ArgumentError(`preprocessing.${option}: expected one of ${known.join(', ')}, got ${value}`);
}
