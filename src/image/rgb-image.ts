import { ArgumentError } from '../errors.ts';

/** Pixels as every later stage wants them: `data` is [H, W, 3], row by row, red green blue, 0…255. */
export interface RgbImage {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** @throws ArgumentError when the sizes are no whole pixels or `data` is not three bytes for each. */
export function checkPixels(image: unknown): asserts image is RgbImage {
  const { data, width, height } = fieldsOf(image);
  const pixels = isSize(width) && isSize(height) ? width * height : Number.NaN;
  if (!(data instanceof Uint8Array)) throw wrongPixels('something else', '');
  if (data.length === pixels * 3) return;
  const remedy = data.length === pixels * 4 ? ' Drop the fourth channel first.' : '';
  throw wrongPixels(`${data.length} bytes for ${String(width)} × ${String(height)}`, remedy);
}

/** The caller may not be TypeScript, so nothing about the value is taken for granted. */
function fieldsOf(image: unknown): Readonly<Partial<Record<keyof RgbImage, unknown>>> {
  return typeof image === 'object' && image !== null ? image : {};
}

function isSize(side: unknown): side is number {
  return typeof side === 'number' && Number.isSafeInteger(side) && side > 0;
}

function wrongPixels(got: string, remedy: string): ArgumentError {
  const expected = 'a path, the bytes of a file, or { data, width, height } with three bytes a pixel';
  return new ArgumentError(`image: expected ${expected}, got ${got}.${remedy}`);
}
