import { ArgumentError } from '../errors.ts';

/** The least and the greatest that are allowed. */
interface Span {
  readonly least: number;
  readonly most?: number | undefined;
}

/** @throws ArgumentError for what is no whole number of the span: callers without types can give anything. */
export function checkWhole(name: string, value: number, { least, most }: Span): void {
  if (Number.isInteger(value) && value >= least && value <= (most ?? Infinity)) return;
  const range = most === undefined ? `of at least ${least}` : `from ${least} to ${most}`;
  throw new ArgumentError(`${name}: expected a whole number ${range}, got ${value}`);
}

/** `checkWhole` for the index of one of `count`. */
export function checkIndex(name: string, index: number, count: number): void {
  checkWhole(name, index, { least: 0, most: count - 1 });
}
