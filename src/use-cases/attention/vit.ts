import type { Tensor } from '@tensorflow/tfjs-core';
import ndarray from 'ndarray';
import type { NdArray } from 'ndarray';

import { gradientTraceOf } from './gradient-trace.ts';
import type { GradientTrace } from './gradient-trace.ts';
import { METHOD_FACTS } from './methods.ts';
import type { AttentionMap, AttentionMethod } from './methods.ts';
import { questionOf } from './question.ts';
import type { Chosen, Question } from './question.ts';
import { targetOf } from './subject.ts';
import type { ImageMaps, Subject } from './subject.ts';
import { traceOf } from './trace.ts';
import type { Trace } from './trace.ts';
import { gradCam } from '../../attribution/grad-cam.ts';
import { allHeads, columnThrough, fuseHeads, headOf, rowThrough } from '../../attribution/heads.ts';
import { principalComponents } from '../../attribution/principal-components.ts';
import { propagateRow } from '../../attribution/propagate.ts';
import { attentionCam, gradientRolloutStep, positiveShares, relevanceStep } from '../../attribution/relevance.ts';
import { rolloutStep } from '../../attribution/rollout.ts';
import { cosineSimilarity, highNorms, rowNorms } from '../../attribution/similarity.ts';
import { PATCHES, patchValues, prefixValues, tokenIndex } from '../../attribution/token-grid.ts';
import type { TokenGrid } from '../../attribution/token-grid.ts';
import type { ViT } from '../../vit/forward.ts';

interface ViTSubject extends Subject {
  readonly vit: ViT;
}

/** Maps of a Vision Transformer for each image of a batch, as the method asks. */
export async function explainedViT(
  subject: ViTSubject,
  input: Tensor,
  options: Chosen,
  between: () => void,
): Promise<ImageMaps[]> {
  const question = questionOf(subject.vit.config, options);
  const { method, grid, query, layers } = question;
  const { isOfClass } = METHOD_FACTS[method];
  const request = { weights: usesWeights(method) ? layers : [], tokens: usesTokens(method) ? layers : [], between };
  const trace = await traceOf(subject.network, input, request);
  const targets = isOfClass ? trace.logits.map((logits) => targetOf(subject.info, logits, options.target)) : undefined;
  const gradients =
    targets &&
    (await gradientTraceOf(subject.network, subject.vit, input, gradientRequest(question, targets, between)));
  return trace.logits.map((logits, i) => {
    const { maps, outliers } =
      gradients === undefined ? plainMaps(question, trace, i) : gradientMaps(question, gradients, i);
    return { method, grid, query, target: targets?.[i], logits, maps, outliers };
  });
}

function usesWeights(method: AttentionMethod): boolean {
  return method === 'attention' || method === 'rollout';
}

function usesTokens(method: AttentionMethod): boolean {
  return method.startsWith('token-');
}

function gradientRequest({ method, layers }: Question, targets: readonly number[], between: () => void) {
  return method === 'grad-cam'
    ? { weights: [], cam: layers.at(-1), targets, between }
    : { weights: layers, targets, between };
}

type Found = Pick<ImageMaps, 'maps' | 'outliers'>;

export function plainMaps(question: Question, trace: Trace, image: number): Found {
  const { method, layers, grid } = question;
  if (method === 'rollout') {
    const { heads, discard, fusion } = question;
    const options = { fusion: fusion === 'none' ? undefined : fusion, heads, discard };
    const steps = layers.map((layer) => rolloutStep(trace.weights.get(layer)![image]!, options));
    return { maps: [mapOf(grid, propagateRow(question.asking, steps))] };
  }
  if (method === 'attention') return { maps: layers.flatMap((layer) => rawMaps(question, trace, layer, image)) };
  const tokensOf = (layer: number): Float32Array => trace.tokens.get(layer)![image]!;
  if (method === 'token-norm') {
    const norms = layers.map((layer) => tokenNorms(grid, tokensOf(layer)));
    const last = patchValues(grid, norms.at(-1) ?? []).data;
    const outliers = highNorms(last).map((i) => [Math.floor(i / grid.Gw), i % grid.Gw] as const);
    return { maps: norms.map((values, i) => mapOf(grid, values, { layer: layers[i] })), outliers };
  }
  if (method === 'token-colours') {
    return { maps: layers.map((layer) => ({ layer, values: coloursOf(grid, tokensOf(layer)), prefix: {} })) };
  }
  return { maps: layers.map((layer) => mapOf(grid, similarities(question, tokensOf(layer)), { layer })) };
}

/** What the token attends to in one layer, or who attends to it: a map for each head, or one. */
function rawMaps(question: Question, trace: Trace, layer: number, image: number): AttentionMap[] {
  const { grid, fusion, asking, direction, heads } = question;
  const weights = trace.weights.get(layer)![image]!;
  const row = (matrix: Float32Array): Float64Array =>
    direction === 'from' ? rowThrough(asking, matrix) : columnThrough(matrix, asking);
  if (fusion !== 'none') return [mapOf(grid, row(fuseHeads(weights, fusion, heads)), { layer })];
  return (heads ?? allHeads(weights)).map((head) => mapOf(grid, row(headOf(weights, head)), { layer, head }));
}

export function gradientMaps(question: Question, trace: GradientTrace, image: number): Found {
  const { method, grid, layers, asking, heads, discard } = question;
  const traced = layers.flatMap((layer) => trace.layers.get(layer)?.[image] ?? []);
  switch (method) {
    case 'relevance':
      return { maps: [mapOf(grid, propagateRow(asking, traced.map(relevanceStep)))] };
    case 'gradient-rollout':
      return {
        maps: [
          mapOf(
            grid,
            propagateRow(
              asking,
              traced.map((layer) => gradientRolloutStep(layer, discard)),
            ),
          ),
        ],
      };
    case 'attention-cam': {
      const cams = traced.map((layer) => attentionCam(layer, asking, grid.prefix.length, heads));
      return { maps: cams.map((cam, i) => mapOf(grid, cam, { layer: layers[i] })) };
    }
    case 'grad-cam': {
      const { activations, gradients } = trace.cam[image]!;
      const D = activations.length / asking.length;
      const patches = (tokens: Float32Array): Float32Array => tokens.subarray(grid.prefix.length * D);
      const values = gradCam(patches(activations), patches(gradients), D);
      const cam = ndarray(Float32Array.from(values), [grid.Gh, grid.Gw]);
      return { maps: [{ layer: layers.at(-1), values: cam, prefix: {} }] };
    }
    default: {
      const rows = traced.map((layer) => rowThrough(asking, positiveShares(layer, heads)));
      const mean = rows.reduce(
        (sum, row) => sum.map((value, i) => value + row[i]! / rows.length),
        asking.map(() => 0),
      );
      return { maps: [mapOf(grid, mean, layers.length === 1 ? { layer: layers[0] } : {})] };
    }
  }
}

function mapOf(
  grid: TokenGrid,
  values: ArrayLike<number>,
  place: Pick<AttentionMap, 'layer' | 'head'> = {},
): AttentionMap {
  return { ...place, values: patchValues(grid, values), prefix: prefixValues(grid, values) };
}

function tokenNorms(grid: TokenGrid, tokens: Float32Array): Float64Array {
  return rowNorms(tokens, tokens.length / (grid.prefix.length + grid.Gh * grid.Gw));
}

function similarities({ grid, query, asking }: Question, tokens: Float32Array): Float64Array {
  const D = tokens.length / asking.length;
  if (query !== PATCHES) return cosineSimilarity(tokens, D, tokenIndex(grid, query));
  // The mean of all patches is no token: it is put behind the others and its own similarity left out.
  const mean = Float32Array.from({ length: D }, (_, d) =>
    asking.reduce((sum, weight, i) => sum + weight * tokens[i * D + d]!, 0),
  );
  const all = Float32Array.from([...tokens, ...mean]);
  return cosineSimilarity(all, D, asking.length).subarray(0, asking.length);
}

/** Each component from its least to its greatest value: colours compare patches, they measure nothing. */
function coloursOf({ Gh, Gw, prefix }: TokenGrid, tokens: Float32Array): NdArray<Float32Array> {
  const D = tokens.length / (prefix.length + Gh * Gw);
  const { projections, shares } = principalComponents(tokens.subarray(prefix.length * D), D, 3);
  const count = shares.length;
  const colours = new Float32Array(Gh * Gw * 3);
  for (let c = 0; c < count; c += 1) {
    const values = Array.from({ length: Gh * Gw }, (_, i) => projections[i * count + c]!);
    const [least, greatest] = [Math.min(...values), Math.max(...values)];
    for (const [i, value] of values.entries()) {
      colours[i * 3 + c] = greatest > least ? (value - least) / (greatest - least) : 0.5;
    }
  }
  return ndarray(colours, [Gh, Gw, 3]);
}
