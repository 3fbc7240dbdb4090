import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';

import { gather, tidy } from '../../tensor/tfjs.ts';
import { ArgumentError } from '../../errors.ts';
import { loadNetwork } from '../load/load.ts';
import type { LoadOptions, ModelInfo } from '../model-info.ts';
import { forward } from '../../nn/network.ts';
import type { Network } from '../../nn/network.ts';
import { ranked } from '../../tensor/ranked.ts';
import { inputLength } from '../../training/batch.ts';
import type { InputForm } from '../../training/batch.ts';
import type { Teacher } from '../../training/gradients.ts';
import { guidanceTargets } from '../../training/guidance.ts';
import type { Distillation } from '../../training/loss.ts';
import type { Guidance } from '../../training/recipe.ts';

/** A model that another one learns from, on its backend until it is disposed of. */
export interface LoadedTeacher extends Disposable {
  readonly teacher: Teacher;
  /** How it takes images. */
  readonly form: InputForm;
  /** Of its last feature map, where it guides. */
  readonly map: MapShape | undefined;
  /** What a run that goes on must have too. */
  readonly identity: string;
}

/** Rows, columns and channels of a feature map. */
type MapShape = readonly [height: number, width: number, channels: number];

/** What a teacher is loaded for. */
export interface Teaching {
  readonly classes: readonly string[];
  readonly how: Distillation;
  readonly guidance: Guidance | null;
}

/**
 * Loads a model of any architecture as a teacher of the given classes, whatever their order in it; one that guides must be
 * convolutional.
 *
 * @throws ArgumentError when it does not know all of them, or has no feature map to guide by; what `loadModel` throws.
 */
export async function loadTeacher(
  model: string,
  { classes, how, guidance }: Teaching,
  options: LoadOptions,
): Promise<LoadedTeacher> {
  const loaded = await loadNetwork(model, options);
  try {
    const { info, network } = loaded;
    const columns = columnsOf(info, classes, model);
    const form: InputForm = { preprocessing: info.preprocessing, layout: { kind: 'pixels' } };
    return {
      teacher: {
        how,
        guidanceWeight: guidance?.weight,
        answer: (inputs, batchSize) => {
          const length = inputs.length / batchSize;
          const images = Array.from({ length: batchSize }, (_, i) => inputs.subarray(i * length, (i + 1) * length));
          return tidy(() => {
            const { features, logits } = answerOf(network, images);
            const ordered = gather<Tensor2D>(logits, columns, 1);
            if (guidance === null) return { logits: ordered };
            return { logits: ordered, features: guidanceTargets(ranked('feature map of the teacher', features, 4)) };
          });
        },
      },
      form,
      map: guidance === null ? undefined : mapShapeOf(network, form, model),
      identity: `${info.architecture} ${model}`,
      [Symbol.dispose]: () => loaded[Symbol.dispose](),
    };
  } catch (error) {
    loaded[Symbol.dispose]();
    throw error;
  }
}

/** Where the classes stand in its logits. */
function columnsOf(info: ModelInfo, classes: readonly string[], model: string): number[] {
  const columns = classes.map((name) => info.classes.indexOf(name));
  const unknown = classes.filter((_, i) => columns[i] === -1);
  if (unknown.length === 0) return columns;
  throw new ArgumentError(
    `teacher ${model}: expected a model that knows the classes ${classes.join(', ')}; got one without ${unknown.join(', ')}`,
  );
}

interface Answer {
  /** What the last layer takes: a feature map, or tokens. */
  readonly features: Tensor;
  readonly logits: Tensor2D;
}

function answerOf(network: Network, images: readonly Float32Array[]): Answer {
  const features = forward(network.layers.slice(0, -1), network.inputOf(images));
  return { features, logits: ranked('logits of the teacher', forward(network.layers.slice(-1), features), 2) };
}

/** Of the features of an empty image. */
function mapShapeOf(network: Network, form: InputForm, model: string): MapShape {
  const shape = tidy(() => [...answerOf(network, [new Float32Array(inputLength(form))]).features.shape]);
  const [, height, width, channels] = shape;
  if (network.layers.length > 1 && shape.length === 4) return [height!, width!, channels!];
  throw new ArgumentError(
    `guidance: expected a convolutional teacher, whose last feature map patches can learn from, got ${model}`,
  );
}
