import { ArgumentError } from './errors.ts';
import { IMAGENET_1K } from './labels/imagenet-1k.ts';
import { locateModel } from './models.ts';
import type { LocateOptions } from './models.ts';
import { useBackend } from './tensor/backends/index.ts';
import type { BackendLease, BackendName, Precision } from './tensor/backends/index.ts';
import { buildViT } from './vit/build.ts';
import type { ViT } from './vit/forward.ts';
import { countParameters, paramShapes } from './vit/params.ts';
import type { ViTConfig } from './weights/architecture.ts';
import { assemble } from './weights/assemble.ts';
import { readCheckpoint } from './weights/checkpoint.ts';
import { describe } from './weights/describe.ts';
import type { Preprocessing, Size } from './weights/preprocessing.ts';

export interface LoadOptions extends LocateOptions {
  /** Default `auto`: the fastest that loads here. */
  readonly backend?: BackendName | 'auto' | undefined;
  /** Default `auto`. Every backend computes in `f32`. */
  readonly precision?: Precision | 'auto' | undefined;
  readonly threads?: number | undefined;
  /** Runs the model at another size in pixels, its positions resampled; both sides multiples of its patch. */
  readonly imageSize?: number | Size | undefined;
  /** Turn photographs as their EXIF orientation says; default true. */
  readonly autoOrient?: boolean | undefined;
}

/** What a loaded model is and how it runs. */
export interface ModelInfo {
  /** The name or path it was asked for by. */
  readonly name: string;
  /** As its publisher calls it: `vit_tiny_patch16_224`. */
  readonly architecture: string;
  /** How it was published: «timm ViT». */
  readonly family: string;
  /** One label per class, in index order. */
  readonly classes: readonly string[];
  readonly numParameters: number;
  readonly config: ViTConfig;
  readonly preprocessing: Preprocessing;
  readonly backend: BackendName;
  readonly precision: Precision;
  readonly threads: number;
  /** A sentence the user should read before relying on the answers. */
  readonly notice?: string | undefined;
  /** What the model's files leave open, and what was taken for it. */
  readonly assumption?: string | undefined;
}

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
  signal?.throwIfAborted();
  const { path, notice } = await locateModel(name, options);
  const checkpoint = await readCheckpoint(path);
  signal?.throwIfAborted();
  const { family, description } = describe(checkpoint);
  const published = description.config;
  const config = { ...published, imageSize: sizeOption(options.imageSize) ?? description.imageSize };
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

function sizeOption(size: number | Size | undefined): Size | undefined {
  if (size === undefined) return undefined;
  const { height, width } = typeof size === 'number' ? { height: size, width: size } : size;
  if ([height, width].every((side) => Number.isInteger(side) && side >= 1 && side <= MAX_SIDE))
    return { height, width };
  throw new ArgumentError(`imageSize: expected whole pixels from 1 to ${MAX_SIDE}, got ${height}x${width}`);
}

/** 8192 pixels in patches of 16 are 262,144 tokens: far beyond what attention can hold, so a typing error. */
const MAX_SIDE = 8192;

/** Checkpoints without names: ImageNet's where the number of classes is ImageNet's, as timm does. */
function defaultLabels(numClasses: number): string[] {
  if (numClasses === IMAGENET_1K.length) return IMAGENET_1K.map(([, label]) => label);
  return Array.from({ length: numClasses }, (_, index) => `class ${index}`);
}
