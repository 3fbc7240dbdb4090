import type { Random } from '../metrics/random.ts';

export type { Random };

/**
 * The stream of a list of whole numbers, such as (seed, purpose, epoch, image): the same keys give the same numbers
 * whatever was drawn before, so that a run that goes on from a checkpoint needs no generator's state but its step.
 */
export function randomOf(...keys: readonly number[]): Random {
  const next = sfc32(keys);
  const uniform = (): number => next() / 2 ** 32;
  return {
    uniform,
    below: (end) => Math.floor(uniform() * end),
    // 1 − u, because the logarithm of zero is not finite.
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  };
}

/** What the streams of a run are for: the second of their keys, so that none of them repeats another. */
export const STREAM = { initial: 0, order: 1, augment: 2, mix: 3, depth: 4, subset: 5 } as const;

const ROUNDS_UNTIL_MIXED = 12;

/** Chris Doty-Humphrey's small fast counting generator: 32 bits a call from 128 bits of state. */
function sfc32(keys: readonly number[]): () => number {
  let [a, b, c] = [0x9e3779b9, 0x243f6a88, 0xb7e15162];
  let counter = 1;
  for (const key of keys) {
    a = mixed(a ^ key);
    b = mixed(b ^ a ^ Math.floor(key / 2 ** 32));
    c = mixed(c ^ b);
  }
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  for (let i = 0; i < ROUNDS_UNTIL_MIXED; i += 1) next();
  return next;
}

/** MurmurHash3's finaliser: every bit of the result depends on every bit of the key. */
function mixed(key: number): number {
  let bits = key | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}
