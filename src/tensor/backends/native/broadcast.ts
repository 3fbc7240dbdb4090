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
