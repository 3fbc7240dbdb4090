import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Random choices that are the same for the same seed, on every machine. */
export interface Random {
  /** 0…1, 1 excluded. */
  uniform(): number;
  /** 0…count − 1 in random order. */
  permutation(count: number): Int32Array;
}

export function randomFrom(seed: number): Random {
  const generator = xoroshiro128plus(seed);
  return {
    uniform: () => uniformFloat64(generator),
    permutation: (count) => {
      const order = Int32Array.from({ length: count }, (_, i) => i);
      // Fisher–Yates.
      for (let i = count - 1; i > 0; i -= 1) {
        const j = uniformInt(generator, 0, i);
        [order[i], order[j]] = [order[j]!, order[i]!];
      }
      return order;
    },
  };
}
