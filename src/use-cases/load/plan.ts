import type { Cost } from '../../metrics/cost.ts';
import type { LoadOptions, ModelInfo } from '../model-info.ts';
import type { Network } from '../../nn/network.ts';
import type { ViT } from '../../vit/forward.ts';
import type { CheckpointConfig } from '../../weights/architecture.ts';
import type { NamedArrays } from '../../weights/arrays.ts';
import type { Size } from '../../weights/preprocessing.ts';

/** How the network of a checkpoint is built, known before its tensors are looked at. */
export interface Plan {
  /** As it will run. */
  readonly config: CheckpointConfig;
  /** The size in pixels of the images that it will be given. */
  readonly imageSize: Size;
  /** Of every array that it needs, by dotted name. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly numParameters: number;
  /** Of one image; undefined where no formula says it. */
  readonly cost: Cost | undefined;
  /** Puts the network on the current backend; it is the caller's to dispose of. */
  build(arrays: NamedArrays): { readonly network: Network; readonly vit?: ViT };
}

export interface PlanContext {
  /** The model, for messages. */
  readonly where: string;
  readonly options: LoadOptions;
}

/** A model whose files have been read. */
export interface Opened {
  /** Puts it on the current backend. */
  build(): Built | Promise<Built>;
}

/** A network on the current backend, with what is known of it by itself. */
export interface Built extends Facts {
  /** One per class, in index order; undefined when the model names none. */
  readonly labels: readonly string[] | undefined;
  readonly network: Network;
  readonly vit?: ViT | undefined;
}

type Facts = Pick<
  ModelInfo,
  'architecture' | 'family' | 'numParameters' | 'cost' | 'config' | 'preprocessing' | 'assumption'
>;
