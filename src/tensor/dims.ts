import { ShapeError } from '../errors.ts';

/** The axis names of a spec: `'B N D'` → `'B' | 'N' | 'D'`. */
type AxisOf<Spec extends string> = Spec extends `${infer Head} ${infer Rest}` ? Head | AxisOf<Rest> : Spec;

/**
 * Names the axes of a shape and checks the known ones.
 *
 * `dims('attention query', x, 'B N D', { D: 192 })` → `{ B, N, D }`.
 *
 * @throws ShapeError «attention query: expected [B, N, D=192], got [1, 197, 384]».
 */
export function dims<const Spec extends string>(
  where: string,
  x: { readonly shape: readonly number[] },
  spec: Spec,
  known: { readonly [Axis in AxisOf<Spec>]?: number } = {},
): { readonly [Axis in AxisOf<Spec>]: number } {
  const axes = spec === '' ? [] : spec.split(' ');
  const expected: Readonly<Record<string, number | undefined>> = known;
  const sizes: Record<string, number> = {};
  let matches = axes.length === x.shape.length;
  for (const [i, axis] of axes.entries()) {
    const size = x.shape[i] ?? 0;
    matches &&= size === (expected[axis] ?? sizes[axis] ?? size);
    sizes[axis] = size;
  }
  if (!matches) {
    const wanted = axes.map((axis) => (expected[axis] === undefined ? axis : `${axis}=${expected[axis]}`));
    throw new ShapeError(`${where}: expected [${wanted.join(', ')}], got [${x.shape.join(', ')}]`);
  }
  // Every axis of the spec was just written.
  return sizes as { readonly [Axis in AxisOf<Spec>]: number };
}
