import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';

import { gather, tidy } from '../../tensor/tfjs.ts';
import { ArgumentError } from '../../errors.ts';
import type { FeatureMap } from '../../cnn/feature-map.ts';
import { loadNetwork } from '../load/load.ts';
import { locateModel } from '../models.ts';
import { modelFingerprint } from './model-fingerprint.ts';
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
  /** Its last, where it guides. */
  readonly featureMap: FeatureMap | undefined;
  /** What a run that goes on must have too: its name … */
  readonly identity: string;
  /** … and what its files hold. */
  readonly fingerprint: string;
}

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
  const { path } = await locateModel(model, options);
  const loaded = await loadNetwork(path, options);
  try {
    const { info, network } = loaded;
    const columns = columnsOf(info, classes, model);
    const form: InputForm = { preprocessing: info.preprocessing, layout: { kind: 'pixels' } };
    return {
      teacher: {
        how,
        answer: (inputs, batchSize) => {
          const length = inputs.length / batchSize;
          const images = Array.from({ length: batchSize }, (_, i) => inputs.subarray(i * length, (i + 1) * length));
          return tidy(() => {
            const { features, logits } = answerOf(network, images);
            const ordered = gather<Tensor2D>(logits, columns, 1);
            if (guidance === null) return { logits: ordered };
            const targets = guidanceTargets(ranked('feature map of the teacher', features, 4));
            return { logits: ordered, guidance: { targets, weight: guidance.weight } };
          });
        },
      },
      form,
      featureMap: guidance === null ? undefined : featureMapOf(network, form, model),
      identity: `${info.architecture} ${model}`,
      fingerprint: await modelFingerprint(path),
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

/** What is seen of an empty image. */
function featureMapOf(network: Network, form: InputForm, model: string): FeatureMap {
  const shape = tidy(() => [...answerOf(network, [new Float32Array(inputLength(form))]).features.shape]);
  const [, height = 0, width = 0, channels = 0] = shape;
  if (network.layers.length > 1 && shape.length === 4) return { height, width, channels };
  throw new ArgumentError(
    `guidance: expected a convolutional teacher, whose last feature map patches can learn from, got ${model}`,
  );
}
