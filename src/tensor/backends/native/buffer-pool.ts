/** Floats that may always wait for reuse: 128 MiB, more than one encoder block of ViT-B/16 leaves behind at batch 16. */
const MAY_WAIT = 32 * 2 ** 20;

/** So that looking for one stays cheap. */
const MOST_ARRAYS = 4096;

/** Floats of a cache line; JavaScript's own arrays begin somewhere in one, where half of all vectors then lie in two lines. */
const LINE = 16;

/** How many times longer than asked for a reused array may be. */
const SPARE = 4;

/**
 * Memory that kernels have filled and that a later kernel may fill again: new memory costs the system a page fault for
 * every 4 KiB and the collector a sweep, together a tenth of a Vision Transformer's forward pass and more of a convolutional
 * network's. The layers of one of those differ in size, so a smaller array may begin the memory of a larger one.
 *
 * An array is reused only while nobody but its tensor can know it: once another tensor is made over the same memory,
 * `escape` takes it out of circulation for good, and its values are read out as a copy.
 */
export class BufferPool {
  readonly #floatsToLine: (array: Float32Array) => number;
  /** What may be used of each buffer that is ours: from the first cache line on. */
  readonly #ours = new WeakMap<ArrayBufferLike, Float32Array>();
  /** Whole arrays, the one that was given last at the end: it may still be in a cache. */
  readonly #waiting: Float32Array[] = [];
  #floatsWaiting = 0;
  #floatsInUse = 0;
  /** The most at once. Twice as many may wait: a step of training has all of its activations in use, of all sizes, then none. */
  #mostInUse = MAY_WAIT / 2;

  /** @param floatsToLine how many floats lie before the first cache line that begins in an array. */
  constructor(floatsToLine: (array: Float32Array) => number) {
    this.#floatsToLine = floatsToLine;
  }

  /** Another pool with the arrays that wait here, of which this one knows no more. */
  emptied(): BufferPool {
    const other = new BufferPool(this.#floatsToLine);
    for (const whole of this.#waiting) {
      this.#ours.delete(whole.buffer);
      other.#ours.set(whole.buffer, whole);
    }
    other.#waiting.push(...this.#waiting);
    other.#floatsWaiting = this.#floatsWaiting;
    other.#mostInUse = this.#mostInUse;
    this.forget();
    return other;
  }

  /** Leaves what waits to the collector. */
  forget(): void {
    this.#waiting.length = 0;
    this.#floatsWaiting = 0;
  }

  /** An array with arbitrary contents. */
  take(length: number): Float32Array {
    if (length === 0) return new Float32Array();
    const index = this.#closest(length);
    const whole = index < 0 ? this.#made(length) : this.#withdrawn(index);
    this.#floatsInUse += whole.length;
    this.#mostInUse = Math.max(this.#mostInUse, this.#floatsInUse);
    return whole.length === length ? whole : whole.subarray(0, length);
  }

  /** Whoever made this array knows it no more. */
  give({ buffer }: Float32Array): void {
    const whole = this.#ours.get(buffer);
    if (whole === undefined) return;
    this.#floatsInUse -= whole.length;
    this.#waiting.push(whole);
    this.#floatsWaiting += whole.length;
    while (this.#waiting.length > MOST_ARRAYS || this.#floatsWaiting > 2 * this.#mostInUse) this.#withdrawn(0);
  }

  has({ buffer }: Float32Array): boolean {
    return this.#ours.has(buffer);
  }

  escape({ buffer }: ArrayBufferView): void {
    this.#floatsInUse -= this.#ours.get(buffer)?.length ?? 0;
    this.#ours.delete(buffer);
  }

  #made(length: number): Float32Array {
    const room = new Float32Array(length + LINE - 1);
    const start = this.#floatsToLine(room);
    const made = room.subarray(start, start + length);
    this.#ours.set(made.buffer, made);
    return made;
  }

  #withdrawn(index: number): Float32Array {
    const [array] = this.#waiting.splice(index, 1);
    this.#floatsWaiting -= array!.length;
    return array!;
  }

  /** The place of the shortest array that is long enough, the last given of several; −1 where none is. */
  #closest(length: number): number {
    let best = -1;
    let bestLength = length * SPARE + 1;
    for (let i = this.#waiting.length - 1; i >= 0; i--) {
      const { length: each } = this.#waiting[i]!;
      if (each < length || each >= bestLength) continue;
      if (each === length) return i;
      best = i;
      bestLength = each;
    }
    return best;
  }
}
