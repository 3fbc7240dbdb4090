import { expect, test } from 'vitest';

import { BufferPool } from '../../../src/tensor/backends/native/buffer-pool.ts';

test('an array that was given back is taken again, unless it escaped', () => {
  const pool = new BufferPool();
  const [first, second] = [pool.take(10), pool.take(10)];
  pool.escape(second);
  pool.give(first);
  pool.give(second);
  expect(pool.take(10) === first).toBe(true);
  expect(pool.take(10) === second).toBe(false);
});

test('keeps all that a step had in use at once for the next one, however much that was', () => {
  const pool = new BufferPool();
  // 160 MiB, of sizes that cannot stand in for each other.
  const lengths = Array.from({ length: 10 }, (_, i) => 2 ** 22 + i);
  const arrays = lengths.map((length) => pool.take(length));
  for (const array of arrays) pool.give(array);
  expect(lengths.every((length, i) => pool.take(length) === arrays[i])).toBe(true);
});

test('forgets sizes that are no longer asked for', () => {
  const pool = new BufferPool();
  const old = pool.take(1);
  pool.give(old);
  for (let i = 0; i < 40; i += 1) pool.give(pool.take(2 ** 20 + i));
  expect(pool.take(1) === old).toBe(false);
});
