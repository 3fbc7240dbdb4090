/** The strides by which an operand of shape `from` is read at each place of the broadcast shape `to`. */
export function broadcastStrides(from: readonly number[], to: readonly number[]): number[] {
  const strides = to.map(() => 0);
  let stride = 1;
  for (let axis = 1; axis <= from.length; axis += 1) {
    const size = from.at(-axis) ?? 1;
    if (size > 1) strides[to.length - axis] = stride;
    stride *= size;
  }
  return strides;
}

/** Where each element of `shape`, in order, lies under `strides`. */
export function positionsOf(shape: readonly number[], strides: readonly number[]): number[] {
  let positions = [0];
  for (const [axis, size] of shape.entries()) {
    const stride = strides[axis] ?? 0;
    positions = positions.flatMap((start) => Array.from({ length: size }, (_, i) => start + i * stride));
  }
  return positions;
}
