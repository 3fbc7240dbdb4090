import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';

import { gradientTraceOf } from './gradient-trace.ts';
import { softmaxOf } from './images.ts';
import { METHOD_FACTS } from './methods.ts';
import type { AttentionMethod } from './methods.ts';
import { questionOf } from './question.ts';
import { checkedSteps, stepsOf } from './steps.ts';
import type { StepsPlace } from './steps.ts';
import { targetOf } from './subject.ts';
import type { Subject } from './subject.ts';
import { tokenGridOf } from './token-grid.ts';
import { traceOf } from './trace.ts';
import type { Trace } from './trace.ts';
import { gradientMaps, plainMaps } from './vit.ts';
import { numTokensOf, tokenIndex } from '../../attribution/token-grid.ts';
import type { TokenGrid, TokenName } from '../../attribution/token-grid.ts';
import { ArgumentError } from '../../errors.ts';
import { encodeJpeg, encodePng } from '../../image/encode.ts';
import { scaledSize, viewOf } from '../../image/geometry.ts';
import { modelView } from '../../image/model-view.ts';
import { preprocess } from '../../image/preprocess.ts';
import { resample } from '../../image/resample.ts';
import type { RgbImage } from '../../image/rgb-image.ts';
import { topK } from '../../metrics/top-k.ts';
import type { ModelInfo } from '../model-info.ts';
import { predictionOf } from '../prediction.ts';
import type { ExploredMap, ExploredPictures, ExplorerData } from '../../report/explorer/explorer-data.ts';
import { explorerPage as pageOf } from '../../report/explorer/explorer-page.ts';
import { emptyAttention, quantiseLayer } from '../../report/explorer/quantise.ts';
import type { QuantisedAttention } from '../../report/explorer/quantise.ts';
import type { ViT } from '../../vit/forward.ts';
import { checkWhole } from '../whole-number.ts';

export interface ExploreOptions {
  /** What the photograph is called above the page. */
  readonly photograph?: string | undefined;
  /** Encoder blocks whose attention is kept; default all. */
  readonly layers?: readonly number[] | 'all' | undefined;
  /** The token that is shown first and whose steps are kept; default the class token, or the patch in the middle. */
  readonly query?: TokenName | undefined;
  /** How many of the likeliest classes the methods of a class explain; default 5. */
  readonly topK?: number | undefined;
  /** A class that is explained whether or not it is among the likeliest, by index or label, and that is shown first. */
  readonly target?: number | string | undefined;
  /** Layers and heads whose exact numbers are kept, all heads where none is named; default the last layer. */
  readonly steps?: readonly StepsPlace[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

const TOP_K = 5;
const MAX_CLASSES = 100;
/** Bytes of attention, and of exact steps: a browser holds them several times over while it opens the page. */
const MAX_BYTES = 64 * 2 ** 20;

const METHODS_OF_CLASS = [
  'relevance',
  'gradient-rollout',
  'attention-gradient',
  'attention-cam',
  'grad-cam',
] as const satisfies readonly AttentionMethod[];

/**
 * Everything that the explorer shows of one photograph.
 *
 * @throws ArgumentError for a network without attention, for layers, heads, tokens or classes that there are none of, and for
 *   more than a page can hold.
 */
export async function exploredImage(
  subject: Subject,
  photo: RgbImage,
  options: ExploreOptions,
  between: () => void,
): Promise<ExplorerData> {
  const { network, vit, info, resample: kernel } = subject;
  if (vit === undefined) {
    throw new ArgumentError(
      `explorer: expected a Vision Transformer, got ${info.architecture}, which has no attention`,
    );
  }
  const { depth } = vit.config;
  const grid = tokenGridOf(vit.config);
  const { layers } = questionOf(vit.config, { method: 'attention', layers: options.layers ?? 'all' });
  const token = tokenIndex(grid, options.query ?? firstToken(grid));
  const places = checkedSteps(vit.config, options.steps ?? [{ layer: depth - 1 }]);
  checkBytes(vit, grid, layers.length, places.length);
  const input = network.inputOf([preprocess(photo, info.preprocessing, { kernel }).data]);
  try {
    const all = Array.from({ length: depth }, (_, layer) => layer);
    const trace = await traceOf(network, input, { weights: all, between });
    const { predictions, targets, target } = answersOf(info, trace, options);
    const maps = [rolloutMap(vit, trace)];
    for (const index of targets) {
      const last = depth - 1;
      const gradients = await gradientTraceOf(network, vit, input, {
        weights: all,
        cam: last,
        targets: [index],
        between,
      });
      maps.push(
        ...METHODS_OF_CLASS.map((method) =>
          exploredMap(method, gradientMaps(questionOf(vit.config, { method }), gradients, 0).maps[0]!, index),
        ),
      );
    }
    const { steps, withoutSteps } = await stepsOf(network, vit, input, { places, token, between });
    const model = modelOf(info);
    const { photograph } = options;
    return {
      title: `Where ${model.name} looks${photograph === undefined ? '' : ` in ${photograph}`}`,
      model,
      pictures: await picturesOf(photo, subject),
      grid,
      token,
      target,
      attention: quantised(vit, grid, layers, trace),
      predictions,
      maps,
      steps,
      withoutSteps,
    };
  } finally {
    input.dispose();
  }
}

/** The explorer as one self-contained HTML page, piece by piece. */
export async function* explorerPage(data: ExplorerData): AsyncGenerator<string, void, undefined> {
  const script = await readFile(new URL('../../report/explorer/client.js', import.meta.url), 'utf8');
  yield* pageOf(data, script);
}

function firstToken({ prefix, Gh, Gw }: TokenGrid): TokenName {
  return prefix.includes('class') ? 'class' : [Math.floor(Gh / 2), Math.floor(Gw / 2)];
}

function checkBytes({ config }: ViT, grid: TokenGrid, numLayers: number, numSteps: number): void {
  const N = numTokensOf(grid);
  const attention = numLayers * config.numHeads * N * N;
  if (attention > MAX_BYTES) {
    throw new ArgumentError(
      `explorer: expected at most ${MAX_BYTES} weights of attention, got ${attention} from ${numLayers} layers of ${config.numHeads} heads and ${N} tokens. Choose fewer layers.`,
    );
  }
  const steps = numSteps * N * (2 * (config.dim / config.numHeads) + 3) * 4;
  if (steps > MAX_BYTES) {
    throw new ArgumentError(
      `explorer: expected steps of at most ${MAX_BYTES} bytes, got ${steps} from ${numSteps} layers and heads. Choose fewer.`,
    );
  }
}

function answersOf(info: ModelInfo, { logits: [logits = new Float32Array()] }: Trace, options: ExploreOptions) {
  const { topK: k = TOP_K, target: wanted } = options;
  checkWhole('topK', k, { least: 1, most: MAX_CLASSES });
  const probabilities = softmaxOf(logits);
  const target = targetOf(info, logits, wanted);
  const targets = [...new Set([...topK(probabilities, k), target])];
  const predictions = targets.map((index) => predictionOf(info.classes, probabilities, index));
  return { predictions, targets, target };
}

function rolloutMap({ config }: ViT, trace: Trace): ExploredMap {
  return exploredMap('rollout', plainMaps(questionOf(config, { method: 'rollout' }), trace, 0).maps[0]!);
}

function exploredMap(
  method: AttentionMethod,
  { layer, values, prefix }: ReturnType<typeof plainMaps>['maps'][number],
  target?: number,
): ExploredMap {
  const { quantity, isSigned } = METHOD_FACTS[method];
  return { method, quantity, isSigned, target, layer, values: values.data, prefix: Object.values(prefix) };
}

function quantised({ config }: ViT, grid: TokenGrid, layers: readonly number[], trace: Trace): QuantisedAttention {
  const attention = emptyAttention(grid, layers, config.numHeads);
  for (const [place, layer] of layers.entries()) {
    quantiseLayer(attention, grid, place, trace.weights.get(layer)![0]!.data);
  }
  return attention;
}

/** A page is handed on: it names the model, not the folders of the machine that it was made on. */
function modelOf({ name, architecture, backend, precision }: ModelInfo): ExplorerData['model'] {
  return { name: existsSync(name) ? basename(resolve(name)) : name, architecture, backend, precision };
}

/** Longer side of the photograph in the page. */
const PHOTOGRAPH = 1024;

async function picturesOf(
  photo: RgbImage,
  { info: { preprocessing }, resample: kernel }: Subject,
): Promise<ExploredPictures> {
  const seen = modelView(photo, preprocessing, kernel);
  const view = { href: dataUri('png', await encodePng(seen)), width: seen.width, height: seen.height };
  const { left, top, width, height } = viewOf(preprocessing, photo);
  // Where the recipe pads, the model's view is more than the photograph, and only the view can hold the grid.
  const isInside = left >= 0 && top >= 0 && left + width <= photo.width + 1e-6 && top + height <= photo.height + 1e-6;
  if (!isInside) return { view };
  const scale = Math.min(1, PHOTOGRAPH / Math.max(photo.width, photo.height));
  const size = scaledSize(photo, scale);
  const smaller = scale === 1 ? photo : resample(photo, size, 'bicubic', { kernel });
  const crop = {
    left: left / photo.width,
    top: top / photo.height,
    width: width / photo.width,
    height: height / photo.height,
  };
  return { view, photograph: { href: dataUri('jpeg', await encodeJpeg(smaller)), ...size, crop } };
}

function dataUri(kind: 'png' | 'jpeg', bytes: Uint8Array): string {
  return `data:image/${kind};base64,${Buffer.from(bytes).toString('base64')}`;
}
