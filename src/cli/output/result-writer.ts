import type { Classification } from '../../index.ts';
import type { ResultFormat } from './result-format.ts';
import type { Sink } from './sink.ts';

/** Puts results into a sink as they come and leaves a whole document behind, whatever ends the run. */
export class ResultWriter {
  /** Results written so far, and how many of them are errors. */
  count = 0;
  failed = 0;

  readonly #sink: Sink;
  readonly #format: ResultFormat;
  #isWhole = true;

  constructor(sink: Sink, format: ResultFormat) {
    this.#sink = sink;
    this.#format = format;
  }

  async add(result: Classification): Promise<void> {
    const { head } = this.#format;
    const text = this.#format.result(result, this.count);
    this.#isWhole = false;
    await this.#sink.write(this.count === 0 ? head + text : text);
    this.#isWhole = true;
    this.count++;
    if (result.status === 'error') this.failed++;
  }

  /**
   * Closes the document and makes it final; a run without any result, or with a write that failed, leaves what was
   * there before.
   */
  async finish(): Promise<void> {
    if (this.count === 0 || !this.#isWhole) return this.#sink.discard();
    await this.#sink.write(this.#format.tail);
    await this.#sink.commit();
  }
}
