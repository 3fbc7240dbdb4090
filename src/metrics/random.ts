/** Numbers that a seed determines. */
export interface Random {
  /** 0 ≤ x < 1 */
  uniform(): number;
  /** A whole number from 0 to one less than the bound. */
  below(bound: number): number;
  /** From the standard normal distribution. */
  normal(): number;
}

/** xoshiro128** (Blackman & Vigna 2018), its state filled from the seed by SplitMix32. The same seed gives the same numbers everywhere. */
export function randomOf(seed: number): Random {
  const seeded = splitMix(seed);
  let [a, b, c, d] = [seeded(), seeded(), seeded(), seeded()];
  const uniform = (): number => {
    const result = Math.imul(rotated(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotated(d, 11);
    return result / 2 ** 32;
  };
  return { uniform, below: (bound) => Math.floor(uniform() * bound), normal: normalsFrom(uniform) };
}

/** Box and Muller's method makes two draws at a time; the second is kept for the next call. */
function normalsFrom(uniform: () => number): () => number {
  let kept: number | undefined;
  return () => {
    if (kept !== undefined) {
      const value = kept;
      kept = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    kept = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

/** A seed of its own for each of several things, from one seed and what tells them apart. */
export function seedOf(seed: number, ...parts: readonly (string | number)[]): number {
  let hash = splitMix(seed)();
  for (const character of parts.join('\u0000')) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return splitMix(hash)() >>> 0;
}

function splitMix(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state ^ (state >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return z ^ (z >>> 15);
  };
}

function rotated(x: number, by: number): number {
  return (x << by) | (x >>> (32 - by));
}

/** Fisher and Yates: every order of 0…n−1 alike. */
export function permutation(n: number, random: Random): number[] {
  const order = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i -= 1) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
