import { ConfigError, WeightsError } from '../errors.ts';
import type { CheckpointConfig } from './architecture.ts';
import type { NamedArray } from './arrays.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Preprocessing, Size } from './preprocessing.ts';

/** Whose tensor names and configuration files patchlens writes. */
export const MODEL_NAMES = ['huggingface', 'timm'] as const;
export type ModelNames = (typeof MODEL_NAMES)[number];

/**
 * One way of publishing networks: how its tensors are named, what its configuration means, how its images are
 * prepared. Each family is one file in `families/`.
 */
export interface Family<Config = CheckpointConfig> {
  /** For people: «timm ViT». */
  readonly name: string;
  /** Whose names its tensors have, where patchlens writes them too. */
  readonly names?: ModelNames;
  /** Whether these tensor names are of this family; `config` is the parsed config.json, undefined where there is none. */
  matches(names: ReadonlySet<string>, config: unknown): boolean;
  /** @throws ConfigError, WeightsError when the checkpoint contradicts itself or asks for what patchlens has not. */
  describe(checkpoint: Checkpoint): Description<Config>;
}

/** What a checkpoint is, in the project's own terms. */
export interface Description<Config = CheckpointConfig> {
  /** As the publisher calls it: `vit_tiny_patch16_224`. */
  readonly architecture: string;
  /** A Vision Transformer's with the image size that its position table was made for. */
  readonly config: Config;
  /** The size in pixels that its images are prepared at unless another is asked for. */
  readonly imageSize: Size;
  /** One name per class, in index order; undefined when the checkpoint names none. */
  readonly labels: readonly string[] | undefined;
  /** The checkpoint's own recipe, for its own image size or for another. */
  readonly preprocessingAt: (imageSize: Size) => Preprocessing;
  /** A sentence on what its files leave open and its family settles. */
  readonly assumption?: string | undefined;
  /** Where a parameter comes from, by its dotted name in the tree of the architecture's `params`. */
  readonly sourceOf: (parameter: string) => Source;
  /** Tensors that the published model carries without using them to classify. */
  readonly unused: readonly RegExp[];
}

/** A tensor of the checkpoint and the way from it to the parameter. */
export interface Source {
  readonly name: string;
  readonly convert: (array: NamedArray) => NamedArray;
}

/** Takes a parameter's dotted name apart: `blocks.3.mlp.hidden.kernel` → `blocks.3.`, `mlp.hidden`, `kernel`. */
export function parameterPath(parameter: string): { block: string; layer: string; leaf: string } {
  const [, block = '', layer = '', leaf = ''] = /^(blocks\.\d+\.)?(?:(.+)\.)?(\w+)$/.exec(parameter) ?? [];
  return { block, layer, leaf };
}

const USUAL_HEAD_DIM = 64;

/** Heads of 64 columns, as in every standard ViT whose tensors do not show them. */
export function usualNumHeads(dim: number, where: string): number {
  if (dim > 0 && dim % USUAL_HEAD_DIM === 0) return dim / USUAL_HEAD_DIM;
  throw new ConfigError(
    `${where}: expected a width that is a multiple of ${USUAL_HEAD_DIM}, the width of a head, got ${dim}`,
  );
}

/** The square image whose patches a position table was made for. */
export function squareImageSize(numPatches: number, patchSize: number, where: string): Size {
  const side = Math.sqrt(numPatches);
  if (Number.isInteger(side) && side > 0) return { height: side * patchSize, width: side * patchSize };
  throw new WeightsError(`${where}: expected positions for a square grid of patches, got ${numPatches}`);
}
