import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';

/** A TensorFlow.js model on the current backend, whatever its format. */
export interface TfjsModel extends Disposable {
  /** As its file calls it. */
  readonly name: string;
  /** Layers, or operations of the graph. */
  readonly numSteps: number;
  /** Values that training moved. */
  readonly numParameters: number;
  /** Of its one input, [B, H, W, C]; null where any size will do. */
  readonly inputShape: readonly (number | null)[];
  /** Whether the outputs have been through a softmax. */
  readonly endsInSoftmax: boolean;
  /** Whether a layer of it scales pixels of 0 … 255 itself. */
  readonly rescales: boolean;
  /** Images [B, H, W, C] → [B, classes], to the caller. */
  run(images: Tensor4D): Tensor;
}
