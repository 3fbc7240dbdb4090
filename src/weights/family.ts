import type { ViTConfig } from './architecture.ts';
import type { NamedArray } from './arrays.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Preprocessing, Size } from './preprocessing.ts';

/**
 * One way of publishing a Vision Transformer: how its tensors are named, what its configuration means, how its images are
 * prepared. Each family is one file in `families/`.
 */
export interface Family {
  /** For people: «timm ViT». */
  readonly name: string;
  /** Whether these tensor names are of this family. */
  matches(names: ReadonlySet<string>): boolean;
  /** @throws ConfigError, WeightsError when the checkpoint contradicts itself or asks for what patchlens has not. */
  describe(checkpoint: Checkpoint): Description;
}

/** What a checkpoint is, in the project's own terms. */
export interface Description {
  /** As the publisher calls it: `vit_tiny_patch16_224`. */
  readonly architecture: string;
  readonly config: ViTConfig;
  /** One name per class, in index order; undefined when the checkpoint names none. */
  readonly labels: readonly string[] | undefined;
  /** The checkpoint's own recipe, for its own image size or for another. */
  readonly preprocessingAt: (imageSize: Size) => Preprocessing;
  /** Where a parameter comes from, by its dotted name in the tree of `vit/params`. */
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
