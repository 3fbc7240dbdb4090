import type { HeadStatistics } from '../../attribution/head-statistics.ts';
import { headStatistics } from '../../attribution/head-statistics.ts';
import { METHOD_FACTS } from './methods.ts';
import type { AttentionMaps, AttentionOptions } from './methods.ts';
import type { ImageMaps, Subject } from './subject.ts';
import { tokenGridOf } from './token-grid.ts';
import { traceOf } from './trace.ts';
import { attentionOf } from './attention.ts';
import { predictionOf } from '../prediction.ts';
import type { Prediction } from '../prediction.ts';
import { ArgumentError } from '../../errors.ts';
import { viewOf } from '../../image/geometry.ts';
import { preprocess } from '../../image/preprocess.ts';
import type { RgbImage } from '../../image/rgb-image.ts';
import { topK } from '../../metrics/top-k.ts';
import type { ModelInfo } from '../model-info.ts';

const PREDICTIONS = 5;

/**
 * Maps of photographs in one batch.
 *
 * @throws ArgumentError as `attentionOf`.
 */
export async function explainImages(
  subject: Subject,
  photos: readonly RgbImage[],
  options: AttentionOptions,
  between: () => void,
): Promise<AttentionMaps[]> {
  const { info, resample: kernel } = subject;
  const images = photos.map((photo) => preprocess(photo, info.preprocessing, { kernel }).data);
  const found = await attentionOf(subject, images, options, between);
  return found.map((maps, i) => describedMaps(maps, info, photos[i]!));
}

function describedMaps(found: ImageMaps, info: ModelInfo, { width, height }: RgbImage): AttentionMaps {
  const { method, grid, query, target, logits, maps, outliers } = found;
  const probabilities = softmaxOf(logits);
  const prediction = (index: number): Prediction => predictionOf(info.classes, probabilities, index);
  const { quantity, isSigned } = METHOD_FACTS[method];
  return {
    method,
    quantity,
    isSigned,
    grid,
    query,
    target: target === undefined ? undefined : prediction(target),
    predictions: topK(probabilities, PREDICTIONS).map(prediction),
    maps,
    outliers,
    width,
    height,
    view: viewOf(info.preprocessing, { width, height }),
  };
}

export function softmaxOf(logits: Float32Array): Float64Array {
  const greatest = logits.reduce((best, value) => Math.max(best, value), -Infinity);
  const exponentials = Float64Array.from(logits, (value) => Math.exp(value - greatest));
  const sum = exponentials.reduce((total, value) => total + value, 0);
  return exponentials.map((value) => value / sum);
}

/**
 * Statistics of every head of a Vision Transformer, averaged over images.
 *
 * @throws ArgumentError for another network, or no image.
 */
export async function statisticsOf(
  subject: Subject,
  photos: readonly RgbImage[],
  between: () => void,
): Promise<HeadStatistics[]> {
  const { network, vit, info, resample: kernel } = subject;
  if (vit === undefined) {
    throw new ArgumentError(`statistics of heads: expected a Vision Transformer, got ${info.architecture}`);
  }
  const grid = tokenGridOf(vit.config);
  const layers = Array.from({ length: vit.config.depth }, (_, layer) => layer);
  const found: HeadStatistics[][] = [];
  // One image at a time: all layers of one are already the largest thing in memory.
  for (const photo of photos) {
    const input = network.inputOf([preprocess(photo, info.preprocessing, { kernel }).data]);
    try {
      const { weights } = await traceOf(network, input, { weights: layers, between });
      const { patchSize } = vit.config;
      found.push(layers.flatMap((layer) => headStatistics(weights.get(layer)![0]!, grid, { layer, patchSize })));
    } finally {
      input.dispose();
    }
  }
  return averaged(found);
}

function averaged(found: readonly (readonly HeadStatistics[])[]): HeadStatistics[] {
  const [first] = found;
  if (first === undefined) throw new ArgumentError('statistics of heads: expected at least one image, got none');
  return first.map(({ layer, head, prefixShares }, i) => {
    const mean = (of: (statistics: HeadStatistics) => number): number =>
      found.reduce((sum, image) => sum + of(image[i]!), 0) / found.length;
    const shares = Object.keys(prefixShares).map((name) => [name, mean((one) => one.prefixShares[name] ?? 0)]);
    return {
      layer,
      head,
      distance: mean(({ distance }) => distance),
      entropy: mean(({ entropy }) => entropy),
      prefixShares: Object.fromEntries(shares),
    };
  });
}
