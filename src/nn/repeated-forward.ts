import type { Tensor } from '@tensorflow/tfjs-core';

import type { Replay, StartRecording } from '../tensor/backends/index.ts';
import { forwardInTurns, turnWhenDue, unseen } from './network.ts';
import type { Layer } from './network.ts';

/**
 * The forward pass of one network, asked for again and again. Where the backend can record work, the second pass in a row over
 * inputs of one shape is recorded, and every later one of that shape is the recorded kernels alone. At batch 1 that saves a
 * small network up to a third of its time.
 */
export class RepeatedForward implements Disposable {
  readonly #layers: readonly Layer[];
  #startRecording: StartRecording | undefined;
  #recorded: { readonly shape: string; readonly replay: Replay } | undefined;
  /** Shapes whose passes cannot be recorded. */
  readonly #refused = new Set<string>();
  #lastShape: string | undefined;
  #isBusy = false;

  /** @param startRecording the backend's; without it every pass is `forwardInTurns`. */
  constructor(layers: readonly Layer[], startRecording: StartRecording | undefined) {
    this.#layers = layers;
    this.#startRecording = startRecording;
  }

  /** As `forwardInTurns`: the caller owns input and logits. */
  async run(input: Tensor, between: () => void): Promise<Tensor> {
    // There is memory for one pass at a time, and another one may begin while the event loop has its turn.
    if (this.#isBusy) return forwardInTurns(this.#layers, input, between);
    this.#isBusy = true;
    try {
      return await this.#pass(input, between);
    } finally {
      this.#isBusy = false;
    }
  }

  /** Gives back what the recording holds. Later passes are not recorded. */
  [Symbol.dispose](): void {
    this.#recorded = undefined;
    this.#startRecording = undefined;
  }

  #pass(input: Tensor, between: () => void): Promise<Tensor> {
    const shape = input.shape.join();
    const isRepeated = shape === this.#lastShape;
    this.#lastShape = shape;
    if (this.#recorded?.shape === shape && this.#recorded.replay.isCurrent()) {
      return replayed(this.#recorded.replay, input, between);
    }
    if (isRepeated && this.#startRecording !== undefined && !this.#refused.has(shape)) {
      return this.#record(this.#startRecording, input, between);
    }
    return forwardInTurns(this.#layers, input, between);
  }

  async #record(start: StartRecording, input: Tensor, between: () => void): Promise<Tensor> {
    const shape = input.shape.join();
    // First of all, so that there is never the memory of two.
    this.#recorded = undefined;
    const { output, replay } = await recorded(this.#layers, start, input, between);
    if (replay === undefined) this.#refused.add(shape);
    else if (this.#startRecording !== undefined) this.#recorded = { shape, replay };
    return output;
  }
}

interface RecordedPass {
  readonly output: Tensor;
  readonly replay: Replay | undefined;
}

async function recorded(
  layers: readonly Layer[],
  start: StartRecording,
  given: Tensor,
  between: () => void,
): Promise<RecordedPass> {
  const recording = start(given);
  const { input } = recording;
  const told = layers.map((layer): Layer => ({
    name: layer.name,
    apply: (x) => recording.take(() => layer.apply(x)),
    applyUnseen: (x) => recording.take(() => unseen(layer, x)),
  }));
  const output = await forwardInTurns(told, input, between).finally(() => input.dispose());
  const replay = recording.finish(output);
  if (replay === undefined) return { output, replay };
  // The next pass will write where this output lies.
  const copy = replay.output();
  output.dispose();
  return { output: copy, replay };
}

async function replayed(replay: Replay, input: Tensor, between: () => void): Promise<Tensor> {
  replay.begin(input);
  for (const part of replay.parts) {
    part();
    await turnWhenDue();
    between();
  }
  return replay.output();
}
