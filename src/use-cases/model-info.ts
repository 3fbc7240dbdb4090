import type { Cost } from '../metrics/cost.ts';
import type { BackendName } from '../tensor/backends/backend.ts';
import type { Precision } from '../tensor/precision.ts';
import type { NetworkConfig } from '../weights/architecture.ts';
import type { DownloadProgress } from '../weights/hub/download.ts';
import type { Preprocessing, PreprocessingChanges, Size } from '../weights/preprocessing.ts';

// Apart from load.ts, so that the public types lead to no declaration of TensorFlow.js.

/** How a model is found. */
export interface LocateOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called as the files of a hub model arrive; never for files that are in the cache. */
  readonly onProgress?: ((event: DownloadProgress) => void) | undefined;
}

export interface LoadOptions extends LocateOptions {
  /** Default `auto`: the fastest that loads here. */
  readonly backend?: BackendName | 'auto' | undefined;
  /**
   * Arithmetic of the products of linear layers, attention and convolutions but depthwise ones; default `auto`: `bf16x3`
   * where the processor makes it the faster one, else `f32`.
   */
  readonly precision?: Precision | 'auto' | undefined;
  /** How many threads the backend may use, where it has more than one; default its own choice. */
  readonly threads?: number | undefined;
  /** Runs the model at another size in pixels, a ViT's positions resampled and both sides multiples of its patch. */
  readonly imageSize?: number | Size | undefined;
  /** Prepares images otherwise than the model's files say. */
  readonly preprocessing?: PreprocessingChanges | undefined;
  /** Turn photographs as their EXIF orientation says; default true. */
  readonly autoOrient?: boolean | undefined;
  /** Refuse images of more pixels, before they are decoded; default 268,402,689, which take 805 MB. */
  readonly maxPixels?: number | undefined;
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
  /** What they take as float32, in which every network runs. */
  readonly weightBytes: number;
  /** What one image costs at this image size; undefined where no formula says it. */
  readonly cost?: Cost | undefined;
  /** The network's shape; its `kind` says which architecture it is. */
  readonly config: NetworkConfig;
  readonly preprocessing: Preprocessing;
  readonly backend: BackendName;
  readonly precision: Precision;
  readonly threads: number;
  /** A sentence the user should read before relying on the answers. */
  readonly notice?: string | undefined;
  /** What the model's files leave open, and what was taken for it. */
  readonly assumption?: string | undefined;
}
