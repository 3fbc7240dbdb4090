import type { LoadOptions } from './model-info.ts';
import type { Network } from './nn/network.ts';
import type { ViT } from './vit/forward.ts';
import type { NetworkConfig } from './weights/architecture.ts';
import type { NamedArrays } from './weights/arrays.ts';
import type { Size } from './weights/preprocessing.ts';

/** How the network of a checkpoint is built, known before its tensors are looked at. */
export interface Plan {
  /** As it will run. */
  readonly config: NetworkConfig;
  /** The size in pixels of the images that it will be given. */
  readonly imageSize: Size;
  /** Of every array that it needs, by dotted name. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly numParameters: number;
  /** Puts the network on the current backend; it is the caller's to dispose of. */
  build(arrays: NamedArrays): { readonly network: Network; readonly vit?: ViT };
}

export interface PlanContext {
  /** The model, for messages. */
  readonly where: string;
  readonly options: LoadOptions;
}
