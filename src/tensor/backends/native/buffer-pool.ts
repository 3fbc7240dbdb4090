/** Floats that may always wait for reuse: 128 MiB, more than one encoder block of ViT-B/16 leaves behind at batch 16. */
const MAY_WAIT = 32 * 2 ** 20;

/**
 * Arrays that kernels have filled and that a later kernel of the same size may fill again: new memory costs the system a
 * page fault for every 4 KiB and the collector a sweep, together a tenth of a forward pass.
 *
 * An array is reused only while nobody but its tensor can know it: once its values are read out, or another tensor is
 * made over the same memory, `escape` takes it out of circulation for good.
 */
export class BufferPool {
  readonly #ours = new WeakSet<ArrayBufferLike>();
  readonly #waiting = new Map<number, Float32Array[]>();
  #floatsWaiting = 0;
  #floatsInUse = 0;
  /** The most at once. Twice as many may wait: a step of training has all of its activations in use, of all sizes, then none. */
  #mostInUse = MAY_WAIT / 2;

  /** An array with arbitrary contents. */
  take(length: number): Float32Array {
    this.#floatsInUse += length;
    this.#mostInUse = Math.max(this.#mostInUse, this.#floatsInUse);
    const found = this.#waiting.get(length)?.pop();
    if (found !== undefined) {
      this.#floatsWaiting -= length;
      return found;
    }
    const made = new Float32Array(length);
    this.#ours.add(made.buffer);
    return made;
  }

  /** Whoever made this array knows it no more. */
  give(array: Float32Array): void {
    const { length, buffer } = array;
    if (length === 0 || !this.#ours.has(buffer)) return;
    this.#floatsInUse -= length;
    // Rather than hold on to sizes that nobody asks for any more, begin again.
    if (this.#floatsWaiting + length > 2 * this.#mostInUse) this.clear();
    const sameSize = this.#waiting.get(length);
    if (sameSize === undefined) this.#waiting.set(length, [array]);
    else sameSize.push(array);
    this.#floatsWaiting += length;
  }

  escape(array: ArrayBufferView): void {
    if (this.#ours.delete(array.buffer)) this.#floatsInUse -= array.byteLength / Float32Array.BYTES_PER_ELEMENT;
  }

  clear(): void {
    this.#waiting.clear();
    this.#floatsWaiting = 0;
  }
}
