import type { ExploreOptions } from './attention/explorer.ts';
import type { AttentionMaps, AttentionOptions } from './attention/methods.ts';
import type { Embeddings } from './embeddings.ts';
import { ArgumentError, ImageError, ModelDisposedError } from '../errors.ts';
import type { Faithfulness, FaithfulnessOptions } from './attention/faithfulness.ts';
import { decodeImage } from '../image/decode.ts';
import type { DecodeOptions } from '../image/decode.ts';
import { preprocess } from '../image/preprocess.ts';
import { checkPixels } from '../image/rgb-image.ts';
import type { RgbImage } from '../image/rgb-image.ts';
import { loadNetwork } from './load/load.ts';
import type { LoadedNetwork } from './load/load.ts';
import { batched, mapAhead } from './map-ahead.ts';
import { topK } from '../metrics/top-k.ts';
import type { Classification, ClassifyAllOptions, ClassifyOptions, ImageInput, Model } from './model.ts';
import type { LoadOptions, ModelInfo } from './model-info.ts';
import { predictionOf } from './prediction.ts';
import type { Prediction } from './prediction.ts';
import { probabilitiesOf } from './probabilities.ts';
import type { ExplorerData } from '../report/explorer/explorer-data.ts';
import { checkWhole } from './whole-number.ts';

const DEFAULT_TOP_K = 5;
const DEFAULT_BATCH_SIZE = 8;
/** As many images are decoded ahead, so this bounds memory too. */
const MAX_BATCH_SIZE = 1024;
/** Images decoded before the model asks for them, at least. */
const DECODE_AHEAD = 8;

/**
 * Loads an embedded model by its name, a checkpoint folder, a `.safetensors` or `.npz` file, or a model of the Hugging
 * Face Hub by its id, `org/name[@revision]`.
 *
 * @throws ModelNotFoundError, HubError, WeightsError, ConfigError, BackendError, ArgumentError; or the signal's reason.
 */
export async function loadModel(name: string, options: LoadOptions = {}): Promise<Model> {
  return new NetworkModel(await loadNetwork(name, options), options);
}

class NetworkModel implements Model {
  readonly info: ModelInfo;
  readonly #decoding: DecodeOptions;
  #loaded: LoadedNetwork | undefined;

  constructor(loaded: LoadedNetwork, { autoOrient, maxPixels }: LoadOptions) {
    this.info = loaded.info;
    this.#loaded = loaded;
    this.#decoding = { autoOrient, maxPixels };
  }

  async classify(image: ImageInput, { topK: k = DEFAULT_TOP_K, signal }: ClassifyOptions = {}): Promise<Prediction[]> {
    checkWhole('topK', k, { least: 1 });
    this.#alive();
    signal?.throwIfAborted();
    const pixels = await this.#pixelsOf(image);
    signal?.throwIfAborted();
    const [probabilities] = await this.#probabilitiesOf([pixels], signal);
    return this.#predictions(probabilities ?? new Float32Array(), k);
  }

  async *classifyAll(
    paths: Iterable<string> | AsyncIterable<string>,
    { topK: k = DEFAULT_TOP_K, batchSize = DEFAULT_BATCH_SIZE, signal }: ClassifyAllOptions = {},
  ): AsyncGenerator<Classification, void, undefined> {
    checkWhole('topK', k, { least: 1 });
    checkWhole('batchSize', batchSize, { least: 1, most: MAX_BATCH_SIZE });
    if (typeof paths === 'string') {
      throw new ArgumentError(`classifyAll: expected a list of paths, got the string ${paths}. Put it in [ ].`);
    }
    this.#alive();
    const ahead = Math.max(batchSize, DECODE_AHEAD);
    const prepared = mapAhead(paths, ahead, (path) => this.#prepare(path, signal), signal);
    for await (const batch of batched(prepared, batchSize)) {
      for (const result of await this.#classifyBatch(batch, k, signal)) {
        signal?.throwIfAborted();
        yield result;
      }
    }
    signal?.throwIfAborted();
  }

  attention(image: ImageInput, options?: AttentionOptions): Promise<AttentionMaps>;
  attention(images: readonly ImageInput[], options?: AttentionOptions): Promise<AttentionMaps[]>;
  async attention(given: ImageInput | readonly ImageInput[], options: AttentionOptions = {}) {
    if (options.batchSize !== undefined) checkWhole('batchSize', options.batchSize, { least: 1, most: MAX_BATCH_SIZE });
    const loaded = this.#alive();
    const images: readonly ImageInput[] = isList(given) ? given : [given];
    const photos = await Promise.all(images.map((image) => this.#decoded(image)));
    const { explainImages } = await import('./attention/images.ts');
    const found = await explainImages(loaded, photos, options, () => this.#goOn(options.signal));
    return isList(given) ? found : found[0]!;
  }

  async explore(image: ImageInput, options: ExploreOptions = {}): Promise<ExplorerData> {
    const loaded = this.#alive();
    const { exploredImage } = await import('./attention/explorer.ts');
    return exploredImage(loaded, await this.#decoded(image), options, () => this.#goOn(options.signal));
  }

  async headStatistics(images: readonly ImageInput[], { signal }: { signal?: AbortSignal | undefined } = {}) {
    const loaded = this.#alive();
    const photos = await Promise.all(images.map((image) => this.#decoded(image)));
    const { statisticsOf } = await import('./attention/images.ts');
    return statisticsOf(loaded, photos, () => this.#goOn(signal));
  }

  async faithfulness(image: ImageInput, options: FaithfulnessOptions = {}): Promise<Faithfulness> {
    if (options.batchSize !== undefined) checkWhole('batchSize', options.batchSize, { least: 1, most: MAX_BATCH_SIZE });
    const loaded = this.#alive();
    const pixels = await this.#pixelsOf(image);
    const { faithfulnessOf } = await import('./attention/faithfulness.ts');
    return faithfulnessOf(loaded, pixels, options, () => this.#goOn(options.signal));
  }

  async embeddings(): Promise<Embeddings> {
    const { embeddingsOf } = await import('./embeddings.ts');
    return embeddingsOf(this.#alive());
  }

  dispose(): void {
    this.#loaded?.[Symbol.dispose]();
    this.#loaded = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  async #prepare(path: string, signal: AbortSignal | undefined): Promise<Prepared> {
    signal?.throwIfAborted();
    try {
      return { path, pixels: await this.#pixelsOf(path) };
    } catch (error) {
      if (error instanceof ImageError) return { path, error };
      throw error;
    }
  }

  async #classifyBatch(
    batch: readonly Prepared[],
    k: number,
    signal: AbortSignal | undefined,
  ): Promise<Classification[]> {
    const usable = batch.flatMap(({ pixels }) => pixels ?? []);
    const probabilities = usable.length === 0 ? [] : await this.#probabilitiesOf(usable, signal);
    let next = 0;
    return batch.map(({ path, error }): Classification => {
      if (error !== undefined) return { path, status: 'error', error: { code: error.code, message: error.message } };
      const predictions = this.#predictions(probabilities[next++] ?? new Float32Array(), k);
      return { path, status: 'ok', predictions };
    });
  }

  /** The pixels [H, W, 3] of an image as the checkpoint's recipe prepares them. */
  async #pixelsOf(image: ImageInput): Promise<Float32Array> {
    const pixels = await this.#decoded(image);
    return preprocess(pixels, this.info.preprocessing, { kernel: this.#loaded?.resample }).data;
  }

  async #decoded(image: ImageInput): Promise<RgbImage> {
    const pixels = isEncoded(image) ? await decodeImage(image, this.#decoding) : image;
    checkPixels(pixels);
    return pixels;
  }

  /** One forward pass; for each image its probabilities [classes]. */
  async #probabilitiesOf(images: readonly Float32Array[], signal: AbortSignal | undefined): Promise<Float32Array[]> {
    return probabilitiesOf(this.#alive(), images, () => this.#goOn(signal));
  }

  #predictions(probabilities: Float32Array, k: number): Prediction[] {
    return topK(probabilities, k).map((index) => predictionOf(this.info.classes, probabilities, index));
  }

  /** @throws the signal's reason, or ModelDisposedError. */
  #goOn(signal: AbortSignal | undefined): void {
    signal?.throwIfAborted();
    this.#alive();
  }

  #alive(): LoadedNetwork {
    if (this.#loaded !== undefined) return this.#loaded;
    throw new ModelDisposedError(`model ${this.info.name}: expected a model in use, got one that was disposed of`);
  }
}

/** One image on its way to the model: its pixels, or why there are none. */
type Prepared =
  | { readonly path: string; readonly pixels: Float32Array; readonly error?: undefined }
  | { readonly path: string; readonly error: ImageError; readonly pixels?: undefined };

function isEncoded(image: ImageInput): image is Exclude<ImageInput, RgbImage> {
  if (typeof image === 'string' || image instanceof Uint8Array) return true;
  return typeof image === 'object' && image !== null && Symbol.asyncIterator in image;
}

function isList(given: ImageInput | readonly ImageInput[]): given is readonly ImageInput[] {
  return Array.isArray(given);
}
