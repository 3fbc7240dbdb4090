import { ArgumentError } from './errors.ts';
import type { ResampleKernel } from './image/resample.ts';
import { IMAGENET_1K } from './labels/imagenet-1k.ts';
import { planCnn } from './load-cnn.ts';
import type { Plan, PlanContext } from './load-plan.ts';
import { planViT } from './load-vit.ts';
import type { LoadOptions, ModelInfo } from './model-info.ts';
import { locateModel } from './models.ts';
import { networkIn } from './nn/network.ts';
import type { Network } from './nn/network.ts';
import { BACKEND_NAMES, PRECISIONS, useBackend } from './tensor/backends/index.ts';
import type { BackendLease, Precision } from './tensor/backends/index.ts';
import type { ViT } from './vit/forward.ts';
import type { NetworkConfig, ViTConfig } from './weights/architecture.ts';
import { assemble } from './weights/assemble.ts';
import { readCheckpoint } from './weights/checkpoint.ts';
import { describe } from './weights/describe.ts';
import type { Description } from './weights/family.ts';

/** A network on its backend with what is known about it. */
export interface LoadedNetwork extends Disposable {
  readonly info: ModelInfo;
  readonly network: Network;
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
  const { backend = 'auto', threads, signal } = options;
  checkOptions(options);
  signal?.throwIfAborted();
  const { path, notice } = await locateModel(name, options);
  const checkpoint = await readCheckpoint(path);
  signal?.throwIfAborted();
  const { family, description } = describe(checkpoint);
  const plan = planOf(description, { where: path, options });
  const precision = precisionFor(plan.config, options.precision ?? 'auto');
  const arrays = assemble(checkpoint, description, plan.shapes);
  const lease = await useBackend(backend, { threads, precision });
  const { network, vit } = onLease(lease, () => plan.build(arrays));
  const info: ModelInfo = {
    name,
    architecture: description.architecture,
    family: family.name,
    classes: description.labels ?? defaultLabels(plan.config.numClasses),
    numParameters: plan.numParameters,
    config: plan.config,
    preprocessing: description.preprocessingAt(plan.imageSize),
    backend: lease.name,
    precision: lease.precision,
    threads: lease.threads,
    notice,
    assumption: description.assumption,
  };
  return {
    info,
    network: networkIn(lease.precision, network),
    vit,
    resample: lease.resample,
    [Symbol.dispose]: () => {
      network[Symbol.dispose]();
      lease.release();
    },
  };
}

function planOf({ config, imageSize }: Description, context: PlanContext): Plan {
  switch (config.kind) {
    case 'vit':
      return planViT(config, imageSize, context);
    case 'resnet':
    case 'mobilenet-v2':
    case 'convnext':
      return planCnn(config, imageSize, context);
  }
}

/** @throws ArgumentError for one that a network of convolutions is asked for and does not have. */
function precisionFor({ kind }: NetworkConfig, wanted: Precision | 'auto'): Precision | 'auto' {
  if (kind === 'vit' || wanted === 'f32') return wanted;
  if (wanted === 'auto') return 'f32';
  throw new ArgumentError(
    `precision: expected auto or f32 for ${kind}, whose convolutions have no other, got ${wanted}`,
  );
}

function onLease<T>(lease: BackendLease, build: () => T): T {
  try {
    return build();
  } catch (error) {
    lease.release();
    throw error;
  }
}

/** More than any one machine has; each is a thread of the system, and ten thousand of them bring it to a halt. */
const MAX_THREADS = 1024;

/** Callers without types can ask for anything. */
function checkOptions({ backend, precision, threads }: LoadOptions): void {
  const choices = [
    ['backend', backend, BACKEND_NAMES],
    ['precision', precision, PRECISIONS],
  ] as const;
  for (const [option, value, known] of choices) {
    if (value === undefined || ['auto', ...known].includes(value)) continue;
    throw new ArgumentError(`${option}: expected one of auto, ${known.join(', ')}, got ${value}`);
  }
  if (threads !== undefined && !(Number.isInteger(threads) && threads > 0 && threads <= MAX_THREADS)) {
    throw new ArgumentError(`threads: expected a whole number from 1 to ${MAX_THREADS}, got ${threads}`);
  }
}

/** Checkpoints without names: ImageNet's where the number of classes is ImageNet's, as timm does. */
function defaultLabels(numClasses: number): string[] {
  if (numClasses === IMAGENET_1K.length) return IMAGENET_1K.map(([, label]) => label);
  return Array.from({ length: numClasses }, (_, index) => `class ${index}`);
}
