import { describe, expect, test } from 'vitest';

import { batched, mapAhead } from '../../src/use-cases/map-ahead.ts';

/** A promise and the functions that settle it. */
function deferred<T>() {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

async function all<T>(results: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const result of results) list.push(result);
  return list;
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('mapAhead', () => {
  test('gives results in the order of the items, whichever is done first', async () => {
    const work = async (n: number): Promise<number> => {
      for (let turn = 0; turn < (7 - n) * 3; turn += 1) await Promise.resolve();
      return n;
    };
    expect(await all(mapAhead(numbers(7), 4, work))).toEqual(numbers(7));
  });

  test('never has more than `ahead` under way or waiting', async () => {
    let waiting = 0;
    let most = 0;
    const work = async (n: number): Promise<number> => {
      waiting += 1;
      most = Math.max(most, waiting);
      await Promise.resolve();
      return n;
    };
    for await (const _ of mapAhead(numbers(50), 5, work)) waiting -= 1;
    expect(most).toBe(5);
  });

  test('hands a result over while the source keeps it waiting for the next item', async () => {
    const second = deferred<number>();
    async function* slow(): AsyncGenerator<number> {
      yield 1;
      yield await second.promise;
    }
    const results = mapAhead(slow(), 8, async (n) => n);
    expect(await results.next()).toEqual({ done: false, value: 1 });
    second.resolve(2);
    expect(await all(results)).toEqual([2]);
  });

  test('delivers a failure when its turn comes, not before', async () => {
    const results = mapAhead(numbers(3), 3, async (n) => {
      if (n === 1) throw new Error('one');
      return n;
    });
    expect(await results.next()).toEqual({ done: false, value: 0 });
    await expect(results.next()).rejects.toThrow('one');
  });

  test('closes the source and lets started work end when it is left early', async () => {
    let isClosed = false;
    const ended: number[] = [];
    function* source(): Generator<number> {
      try {
        yield* numbers(10);
      } finally {
        isClosed = true;
      }
    }
    const work = async (n: number): Promise<number> => {
      await Promise.resolve();
      ended.push(n);
      return n;
    };
    for await (const _ of mapAhead(source(), 3, work)) break;
    expect(isClosed).toBe(true);
    expect(ended).toEqual(numbers(ended.length));
    expect(ended.length).toBeLessThanOrEqual(4);
  });

  test('an abort ends it even while the source is silent', async () => {
    const controller = new AbortController();
    const results = mapAhead(
      (async function* silent(): AsyncGenerator<number> {
        yield 1;
        await new Promise(() => undefined);
      })(),
      4,
      async (n) => n,
      controller.signal,
    );
    expect(await results.next()).toEqual({ done: false, value: 1 });
    const next = results.next();
    controller.abort(new Error('enough'));
    await expect(next).rejects.toThrow('enough');
  });
});

test('batched groups by size, the last group shorter', async () => {
  async function* source(): AsyncGenerator<number> {
    yield* numbers(5);
  }
  expect(await all(batched(source(), 2))).toEqual([[0, 1], [2, 3], [4]]);
});
