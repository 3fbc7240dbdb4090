/** Indices of the `k` largest values, largest first; equal values keep the order of their indices. */
export function topK(values: ArrayLike<number>, k: number): number[] {
  const largest: number[] = [];
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i]!;
    if (largest.length === k && !(value > values[largest[k - 1]!]!)) continue;
    let at = largest.length;
    while (at > 0 && value > values[largest[at - 1]!]!) at -= 1;
    largest.splice(at, 0, i);
    if (largest.length > k) largest.pop();
  }
  return largest;
}
