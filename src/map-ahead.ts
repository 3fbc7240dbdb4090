/**
 * Maps items to results in their order, with at most `ahead` of them under way or waiting to be taken: the work of the
 * next ones goes on while the caller uses the last, in bounded memory whatever the number of items.
 */
export async function* mapAhead<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  ahead: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const underWay: Promise<R>[] = [];
  try {
    for await (const item of items) {
      const result = work(item);
      // A failure is the caller's when its turn comes; until then it must not count as unhandled.
      result.catch(() => undefined);
      underWay.push(result);
      if (underWay.length < ahead) continue;
      const oldest = underWay.shift();
      if (oldest !== undefined) yield await oldest;
    }
    while (underWay.length > 0) {
      const oldest = underWay.shift();
      if (oldest !== undefined) yield await oldest;
    }
  } finally {
    // Left early: nobody will take these results, but their work must not outlive the caller's.
    await Promise.allSettled(underWay);
  }
}

/** Groups results into lists of `size`, the last one shorter. */
export async function* batched<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[], void, undefined> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
