import type { ExploreOptions } from './attention/explorer.ts';
import type { Faithfulness, FaithfulnessOptions } from './attention/faithfulness.ts';
import type { AttentionMaps, AttentionOptions } from './attention/methods.ts';
import type { Embeddings } from './embeddings.ts';
import type { ModelInfo } from './model-info.ts';
import type { Prediction } from './prediction.ts';
import type { HeadStatistics } from '../attribution/head-statistics.ts';
import type { ErrorCode } from '../errors.ts';
import type { RgbImage } from '../image/rgb-image.ts';
import type { ExplorerData } from '../report/explorer/explorer-data.ts';

/** A path, the bytes of an encoded file (whole, or as a stream of them), or pixels. */
export type ImageInput = string | Uint8Array | AsyncIterable<Uint8Array> | RgbImage;

/** What became of one image of a batch. */
export type Classification =
  | { readonly path: string; readonly status: 'ok'; readonly predictions: readonly Prediction[] }
  | {
      readonly path: string;
      readonly status: 'error';
      readonly error: { readonly code: ErrorCode; readonly message: string };
    };

export interface ClassifyOptions {
  /** How many classes to give, likeliest first; default 5, all of them when there are fewer. */
  readonly topK?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ClassifyAllOptions extends ClassifyOptions {
  /** Images per forward pass, at most 1,024; default 8. */
  readonly batchSize?: number | undefined;
}

/** A network with its labels and its own way of preparing images. Dispose of it to free its memory. */
export interface Model extends Disposable {
  readonly info: ModelInfo;

  /**
   * The likeliest classes of one image.
   *
   * @throws ImageError, ArgumentError, ModelDisposedError; or the signal's reason.
   */
  classify(image: ImageInput, options?: ClassifyOptions): Promise<Prediction[]>;

  /**
   * Classifies files in batches, in their order. Decoding runs ahead of the model by a fixed number of images, so memory
   * does not grow with their count. A file that cannot be used gives a result with `status: 'error'`; the rest go on.
   *
   * @throws ArgumentError, ModelDisposedError; or the signal's reason.
   */
  classifyAll(
    paths: Iterable<string> | AsyncIterable<string>,
    options?: ClassifyAllOptions,
  ): AsyncGenerator<Classification, void, undefined>;

  /**
   * Where the network looks in an image, or in each of several that are computed together.
   *
   * @throws ImageError, ArgumentError, ModelDisposedError; or the signal's reason.
   */
  attention(image: ImageInput, options?: AttentionOptions): Promise<AttentionMaps>;
  attention(images: readonly ImageInput[], options?: AttentionOptions): Promise<AttentionMaps[]>;

  /**
   * What the explorer page shows of one image: attention of every layer and head, maps of the likeliest classes, and the
   * exact numbers of one token's attention. `explorerPage` makes the page.
   *
   * @throws ImageError, ArgumentError, ModelDisposedError; or the signal's reason.
   */
  explore(image: ImageInput, options?: ExploreOptions): Promise<ExplorerData>;

  /**
   * How far each head of a Vision Transformer looks, and how evenly, averaged over images.
   *
   * @throws ImageError, ArgumentError, ModelDisposedError; or the signal's reason.
   */
  headStatistics(
    images: readonly ImageInput[],
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<HeadStatistics[]>;

  /**
   * What a Vision Transformer has learned about patches: its position vectors and the components of its patch embedding.
   *
   * @throws ArgumentError, ModelDisposedError.
   */
  embeddings(): Promise<Embeddings>;

  /**
   * How well maps say what a prediction depends on: the class's probability as patches are removed, or shown, in the map's
   * order, against random orders and the image centre.
   *
   * @throws ImageError, ArgumentError, ModelDisposedError; or the signal's reason.
   */
  faithfulness(image: ImageInput, options?: FaithfulnessOptions): Promise<Faithfulness>;

  /** Frees the parameters; using the model afterwards throws ModelDisposedError. */
  dispose(): void;
}

/** Classifying is loaded with the class; what else it can do is loaded when it is asked for. */
