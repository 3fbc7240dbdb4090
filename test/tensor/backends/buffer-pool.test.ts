import { expect, test } from 'vitest';

import { BufferPool } from '../../../src/tensor/backends/native/buffer-pool.ts';

/** As if every array began two floats behind a cache line. */
const poolOf = (): BufferPool => new BufferPool(() => 14);

test('an array that was given back is taken again, unless it escaped', () => {
  const pool = poolOf();
  const [first, second] = [pool.take(5000), pool.take(5000)];
  pool.escape(second);
  pool.give(first);
  pool.give(second);
  expect(pool.take(5000) === first).toBe(true);
  expect(pool.take(5000).buffer === second.buffer).toBe(false);
});

test('arrays begin at a cache line', () => {
  const array = poolOf().take(5000);
  expect([array.byteOffset, array.length]).toEqual([14 * 4, 5000]);
});

test('a shorter array begins the memory of a longer one, the shortest that will do', () => {
  const pool = poolOf();
  const [short, long, longer] = [pool.take(5000), pool.take(9000), pool.take(30_000)];
  for (const array of [longer, long, short]) pool.give(array);
  const taken = pool.take(8000);
  expect([taken.buffer === long.buffer, taken.byteOffset, taken.length]).toEqual([true, long.byteOffset, 8000]);
  pool.give(taken);
  expect(pool.take(9000) === long).toBe(true);
  // More than four times too long is a waste.
  expect(pool.take(6000).buffer === longer.buffer).toBe(false);
});

test('keeps all that a step had in use at once for the next one, however much that was', () => {
  const pool = poolOf();
  // 160 MiB, of sizes that cannot stand in for each other.
  const lengths = Array.from({ length: 10 }, (_, i) => 2 ** 22 + i);
  const arrays = lengths.map((length) => pool.take(length));
  for (const array of arrays) pool.give(array);
  expect(lengths.every((length, i) => pool.take(length) === arrays[i])).toBe(true);
});

test('forgets the sizes that were given back first', () => {
  const pool = poolOf();
  const old = pool.take(5000);
  pool.give(old);
  const others = Array.from({ length: 40 }, (_, i) => pool.take(2 ** 20 + i));
  for (const array of others) pool.give(array);
  for (let i = 0; i < 40; i += 1) pool.give(pool.take(2 ** 22 + 2 ** 16 * i));
  expect(pool.take(5000) === old).toBe(false);
});
