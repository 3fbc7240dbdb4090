/**
 * Maps items to results in their order, with at most `ahead` of them under way or waiting to be taken: the work of the
 * next ones goes on while the caller uses the last, in bounded memory whatever the number of items. A result is handed
 * over as soon as it is there, even while the source of items keeps one waiting.
 *
 * @throws the signal's reason once it is aborted, also while the source is silent.
 */
export async function* mapAhead<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  ahead: number,
  work: (item: T) => Promise<R>,
  signal?: AbortSignal,
): AsyncGenerator<R, void, undefined> {
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const underWay: Promise<R>[] = [];
  let pull: Promise<IteratorResult<T>> | undefined;
  let isExhausted = false;
  try {
    while (!isExhausted || underWay.length > 0) {
      if (!isExhausted && underWay.length < ahead) pull ??= handled(Promise.resolve(iterator.next()));
      const candidates: Promise<Event<T, R>>[] = [];
      if (pull !== undefined) candidates.push(pull.then((item) => ({ kind: 'item', item })));
      if (underWay[0] !== undefined) candidates.push(underWay[0].then((result) => ({ kind: 'result', result })));
      const event = await firstOf(candidates, signal);
      if (event.kind === 'result') {
        void underWay.shift();
        yield event.result;
      } else {
        pull = undefined;
        if (event.item.done) isExhausted = true;
        else underWay.push(handled(work(event.item.value)));
      }
    }
  } finally {
    // The source may be waiting for something that never comes, so it is told but not waited for.
    if (!isExhausted) Promise.resolve(iterator.return?.()).catch(() => undefined);
    // Nobody will take these results any more, but their work must not outlive the caller's.
    await Promise.allSettled(underWay);
  }
}

/** What came first: the next item of the source, or the oldest result. */
type Event<T, R> =
  | { readonly kind: 'item'; readonly item: IteratorResult<T> }
  | { readonly kind: 'result'; readonly result: R };

/** A failure is the caller's when its turn comes; until then it must not count as unhandled. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/** Promise.race with an abort, whose listener goes with the race: signals outlive a hundred thousand of them. */
function firstOf<T>(promises: readonly Promise<T>[], signal: AbortSignal | undefined): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(signal?.reason);
    const end = (): void => signal?.removeEventListener('abort', abort);
    if (signal?.aborted) return abort();
    signal?.addEventListener('abort', abort, { once: true });
    for (const promise of promises) promise.finally(end).then(resolve, reject);
  });
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
