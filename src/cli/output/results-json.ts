import type { Classification } from '../../index.ts';
import { printableJson } from './printable.ts';
import type { ResultFormat } from './result-format.ts';

/** One array, an element a line. */
export const jsonResults: ResultFormat = {
  head: '[',
  result: (result, position) => `${position === 0 ? '' : ','}\n${printableJson(recordOf(result))}`,
  tail: '\n]\n',
};

/** One object a line. */
export const jsonLineResults: ResultFormat = {
  head: '',
  result: (result) => `${printableJson(recordOf(result))}\n`,
  tail: '',
};

// Spelt out field by field: this shape is a contract, and what the library adds to its records is not part of it.
function recordOf(result: Classification): Classification {
  const { path } = result;
  if (result.status === 'error') {
    const { code, message } = result.error;
    return { path, status: 'error', error: { code, message } };
  }
  const predictions = result.predictions.map(({ index, label, probability }) => ({ index, label, probability }));
  return { path, status: 'ok', predictions };
}
