import { ArgumentError, ConfigError } from './errors.ts';
import { IMAGENET_1K } from './labels/imagenet-1k.ts';
import type { LoadOptions, ModelInfo } from './model-info.ts';
import { locateModel } from './models.ts';
import { BACKEND_NAMES, PRECISIONS, useBackend } from './tensor/backends/index.ts';
import type { BackendLease } from './tensor/backends/index.ts';
import { buildViT } from './vit/build.ts';
import type { ViT } from './vit/forward.ts';
import { geometryOf } from './vit/geometry.ts';
import { countParameters, paramShapes } from './vit/params.ts';
import type { ViTConfig } from './weights/architecture.ts';
import { assemble } from './weights/assemble.ts';
import { readCheckpoint } from './weights/checkpoint.ts';
import { describe } from './weights/describe.ts';
import type { Size } from './weights/preprocessing.ts';

/** A network on its backend with what is known about it. */
export interface LoadedViT extends Disposable {
  readonly info: ModelInfo;
  readonly vit: ViT;
}

/**
 * Reads a checkpoint, checks that it is whole, and puts it on a backend.
 *
 * @throws ModelNotFoundError, HubError, WeightsError, ConfigError, BackendError, ArgumentError; or the signal's reason.
 */
export async function loadViT(name: string, options: LoadOptions = {}): Promise<LoadedViT> {
  const { backend = 'auto', threads, signal } = options;
  checkOptions(options);
  signal?.throwIfAborted();
  const { path, notice } = await locateModel(name, options);
  const checkpoint = await readCheckpoint(path);
  signal?.throwIfAborted();
  const { family, description } = describe(checkpoint);
  const published = description.config;
  checkConfig(published, path);
  const config = { ...published, imageSize: description.imageSize };
  if (options.imageSize !== undefined) config.imageSize = checkedSize(options.imageSize, config);
  const arrays = assemble(checkpoint, description, paramShapes(published));
  const lease = await useBackend(backend, { threads });
  const vit = onLease(lease, () => buildViT(arrays, published, config));
  const info: ModelInfo = {
    name,
    architecture: description.architecture,
    family: family.name,
    classes: description.labels ?? defaultLabels(config.numClasses),
    numParameters: countParameters(published),
    config,
    preprocessing: description.preprocessingAt(config.imageSize),
    backend: lease.name,
    precision: 'f32',
    threads: lease.threads,
    notice,
    assumption: description.assumption,
  };
  return {
    info,
    vit,
    [Symbol.dispose]: () => {
      vit[Symbol.dispose]();
      lease.release();
    },
  };
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

/** What every family's configuration must satisfy before tensors are compared with it. */
function checkConfig(config: ViTConfig, where: string): void {
  const { numChannels, positions, prefix } = config;
  if (numChannels !== 3) {
    throw new ConfigError(`model ${where}: expected a model of 3 colour channels, got ${numChannels}`);
  }
  const { height, width } = config.imageSize;
  if (height % config.patchSize !== 0 || width % config.patchSize !== 0) {
    throw new ConfigError(
      `model ${where}: expected an image size of whole ${config.patchSize}-pixel patches, got ${height}x${width}`,
    );
  }
  if (positions.kind !== 'learned') return;
  const { numPrefixTokens, numPatches, Gh, Gw } = geometryOf(config);
  if ([0, Number(prefix.classToken), numPrefixTokens].includes(positions.numPrefix)) return;
  throw new ConfigError(
    `model ${where}: expected positions for the ${Gh} × ${Gw} patches of ${height}x${width} pixels and for none, the first ` +
      `or all of ${numPrefixTokens} tokens before them, got ${positions.numPrefix + numPatches}`,
  );
}

/** Attention takes time with the square of this; far above what any published model is run at. */
const MAX_TOKENS = 16_385;

function checkedSize(size: number | Size, config: ViTConfig): Size {
  const { height, width } = typeof size === 'number' ? { height: size, width: size } : size;
  if (![height, width].every((side) => Number.isInteger(side) && side > 0)) {
    throw new ArgumentError(`imageSize: expected whole pixels, got ${height}x${width}`);
  }
  const { numTokens } = geometryOf({ ...config, imageSize: { height, width } });
  if (numTokens <= MAX_TOKENS) return { height, width };
  throw new ArgumentError(`imageSize: expected at most ${MAX_TOKENS} tokens, got ${numTokens} from ${height}x${width}`);
}

/** Checkpoints without names: ImageNet's where the number of classes is ImageNet's, as timm does. */
function defaultLabels(numClasses: number): string[] {
  if (numClasses === IMAGENET_1K.length) return IMAGENET_1K.map(([, label]) => label);
  return Array.from({ length: numClasses }, (_, index) => `class ${index}`);
}
