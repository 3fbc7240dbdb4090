import type { Tensor } from '@tensorflow/tfjs-core';

import { ArgumentError } from '../../errors.ts';
import type { ResampleKernel } from '../../image/resample.ts';
import { IMAGENET_1K } from '../../labels/imagenet-1k.ts';
import { checkOptions } from './options.ts';
import type { Built, Opened, Plan, PlanContext } from './plan.ts';
import type { LoadOptions, ModelInfo } from '../model-info.ts';
import { locateModel } from '../models.ts';
import { networkIn } from '../../nn/network.ts';
import type { Network } from '../../nn/network.ts';
import { RepeatedForward } from '../../nn/repeated-forward.ts';
import { useBackend } from '../../tensor/backends/index.ts';
import type { BackendLease } from '../../tensor/backends/index.ts';
import type { ViT } from '../../vit/forward.ts';
import type { ViTConfig } from '../../weights/architecture.ts';
import { assemble } from '../../weights/assemble.ts';
import { readCheckpoint } from '../../weights/checkpoint.ts';
import { describe } from '../../weights/describe.ts';
import type { Description } from '../../weights/family.ts';
import { changedPreprocessing } from '../../weights/preprocessing.ts';
import { tfjsFileAt } from '../../weights/tfjs/locate.ts';

/** A network on its backend with what is known about it. */
export interface LoadedNetwork extends Disposable {
  readonly info: ModelInfo;
  readonly network: Network;
  /** Logits [B, classes] of what `network.inputOf` gives; `between` is called after each layer, and what it throws ends the pass. */
  readonly logitsOf: (input: Tensor, between: () => void) => Promise<Tensor>;
  /** The backend's own way of resampling images, for `preprocess`; undefined where it has none. */
  readonly resample: ResampleKernel | undefined;
  /** The same network as the Vision Transformer that it is; undefined for any other. */
  readonly vit: ViT | undefined;
}

/** A Vision Transformer, for what no other network has: patches and attention. */
export interface LoadedViT extends LoadedNetwork {
  readonly info: ModelInfo & { readonly config: ViTConfig };
  readonly vit: ViT;
}

/**
 * `loadNetwork` for a Vision Transformer.
 *
 * @throws ArgumentError for another architecture; what `loadNetwork` throws.
 */
export async function loadViT(name: string, options: LoadOptions = {}): Promise<LoadedViT> {
  const loaded = await loadNetwork(name, options);
  const { info, vit } = loaded;
  if (vit !== undefined) return { ...loaded, vit, info: { ...info, config: vit.config } };
  loaded[Symbol.dispose]();
  throw new ArgumentError(`model ${name}: expected a Vision Transformer, got ${info.architecture}`);
}

/**
 * Reads a checkpoint of any architecture, checks that it is whole, and puts it on a backend.
 *
 * @throws ModelNotFoundError, HubError, WeightsError, ConfigError, BackendError, ArgumentError; or the signal's reason.
 */
export async function loadNetwork(name: string, options: LoadOptions = {}): Promise<LoadedNetwork> {
  const { backend = 'auto', precision, threads, signal } = options;
  checkOptions(options);
  signal?.throwIfAborted();
  const { path, notice } = await locateModel(name, options);
  const tfjs = await tfjsFileAt(path);
  const opened =
    tfjs === undefined
      ? await openCheckpoint(path, options)
      : await (await import('./tfjs.ts')).openTfjs(tfjs, options);
  const lease = await useBackend(backend, { threads, precision });
  const { network, vit, labels, ...facts } = await onLease(lease, opened);
  const info: ModelInfo = {
    ...facts,
    name,
    classes: labels ?? defaultLabels(facts.config.numClasses),
    weightBytes: facts.numParameters * Float32Array.BYTES_PER_ELEMENT,
    preprocessing: changedPreprocessing(facts.preprocessing, options.preprocessing ?? {}),
    backend: lease.name,
    precision: lease.precision,
    threads: lease.threads,
    notice,
  };
  const precise = networkIn(lease.precision, network);
  // What a TensorFlow.js model does is not known: it may make filters of its input, or numbers at random.
  const startRecording = facts.config.kind === 'tfjs' ? undefined : lease.startRecording;
  const repeated = new RepeatedForward(precise.layers, startRecording);
  return {
    info,
    network: precise,
    logitsOf: (input, between) => repeated.run(input, between),
    vit,
    resample: lease.resample,
    [Symbol.dispose]: () => {
      repeated[Symbol.dispose]();
      network[Symbol.dispose]();
      lease.release();
    },
  };
}

async function openCheckpoint(path: string, options: LoadOptions): Promise<Opened> {
  const checkpoint = await readCheckpoint(path);
  options.signal?.throwIfAborted();
  const { family, description } = describe(checkpoint);
  const plan = await planOf(description, { where: path, options });
  const arrays = assemble(checkpoint, description, plan.shapes);
  const build = (): Built => ({
    ...plan.build(arrays),
    architecture: description.architecture,
    family: family.name,
    labels: description.labels,
    numParameters: plan.numParameters,
    cost: plan.cost,
    config: plan.config,
    preprocessing: description.preprocessingAt(plan.imageSize),
    assumption: description.assumption,
  });
  return { build };
}

/** An architecture is loaded with its first model. */
async function planOf({ config, imageSize }: Description, context: PlanContext): Promise<Plan> {
  switch (config.kind) {
    case 'vit':
      return (await import('./vit.ts')).planViT(config, imageSize, context);
    case 'resnet':
    case 'mobilenet-v2':
    case 'convnext':
      return (await import('./cnn.ts')).planCnn(config, imageSize, context);
  }
}

async function onLease(lease: BackendLease, opened: Opened): Promise<Built> {
  try {
    return await opened.build();
  } catch (error) {
    lease.release();
    throw error;
  }
}

/**
 * Checkpoints without names: ImageNet's where the number of classes is ImageNet's, as timm does, or one more: the first
 * stands for none of them in Google's.
 */
function defaultLabels(numClasses: number): string[] {
  const labels = IMAGENET_1K.map(([, label]) => label);
  if (numClasses === labels.length) return labels;
  if (numClasses === labels.length + 1) return ['background', ...labels];
  return Array.from({ length: numClasses }, (_, index) => `class ${index}`);
}
