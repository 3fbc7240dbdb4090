import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';

import { imagesOf, matricesOf } from './batch-values.ts';
import { blockOf, noWeights } from './trace.ts';
import type { WeightsAndGradients } from '../../attribution/relevance.ts';
import { gradientOfRest, gradientsAt } from '../../nn/inspect.ts';
import { forward, turn } from '../../nn/network.ts';
import type { Layer, Network } from '../../nn/network.ts';
import { splitHeads } from '../../tensor/ops/attention.ts';
import { loadStockGradients } from '../../tensor/stock-gradients.ts';
import { dispose, keep, matMul, tensor2d, tidy } from '../../tensor/tfjs.ts';
import type { ViT } from '../../vit/forward.ts';
import { geometryOf } from '../../vit/geometry.ts';

/** The weights of blocks with the gradients of each image's target class, and both at a norm, for Grad-CAM. */
export interface GradientTrace {
  readonly layers: ReadonlyMap<number, readonly WeightsAndGradients[]>;
  /** Of the tokens after the first norm of a block [N, D], where one was asked for. */
  readonly cam: readonly { readonly activations: Float32Array; readonly gradients: Float32Array }[];
}

export interface GradientRequest {
  readonly weights: readonly number[];
  /** The block whose first norm Grad-CAM looks at. */
  readonly cam?: number | undefined;
  /** A class for each image. */
  readonly targets: readonly number[];
  /** Called now and then; what it throws ends the pass. */
  readonly between?: (() => void) | undefined;
}

/**
 * Gradients of the targets' logits with respect to attention weights: ∂y/∂A = ∂y/∂O · Vᵀ, from those of the heads' outputs O
 * and the values V. Layers before the first one asked for run without being recorded.
 */
export async function gradientTraceOf(
  { layers }: Network,
  vit: ViT,
  input: Tensor,
  request: GradientRequest,
): Promise<GradientTrace> {
  await loadStockGradients();
  const { weights, cam, targets, between } = request;
  const first = Math.min(...weights, cam ?? Infinity);
  const start = layers.findIndex(({ name }) => blockOf(name) === first);
  const x = tidy(() => forward(layers.slice(0, start), input));
  let found: Found | undefined;
  try {
    between?.();
    found = gradientsOf(layers.slice(start), vit, x, request);
    await turn();
    between?.();
    const traced = new Map<number, WeightsAndGradients[]>();
    for (const [block, { weights: A, gradients: G }] of found.layers) {
      const gradients = matricesOf(G, await G.data<'float32'>());
      const byImage = matricesOf(A, await A.data<'float32'>());
      traced.set(
        block,
        byImage.map((image, i) => ({ weights: image, gradients: gradients[i]! })),
      );
    }
    return { layers: traced, cam: await camOf(found, targets.length) };
  } finally {
    dispose([x, ...(found === undefined ? [] : tensorsOf(found))]);
  }
}

interface Found {
  readonly layers: ReadonlyMap<number, { readonly weights: Tensor; readonly gradients: Tensor }>;
  readonly cam: { readonly activations: Tensor; readonly gradients: Tensor } | undefined;
}

function gradientsOf(layers: readonly Layer[], { config }: ViT, x: Tensor, request: GradientRequest): Found {
  const { weights, cam, targets } = request;
  const { numTokens } = geometryOf(config);
  const { numHeads, numClasses, dim } = config;
  const shape = [targets.length, numTokens, dim];
  const heads = weights.map((block) => `blocks.${block}.attention.heads`);
  const norm = cam === undefined ? [] : [`blocks.${cam}.norm1`];
  const wanted = new Set([...norm, ...weights.flatMap((block) => [weightsName(block), valueName(block)])]);
  const kept = new Map<string, Tensor>();
  const dLogits = oneHotRows(targets, numClasses);
  try {
    const places = [...heads, ...norm].map((name) => ({ name, shape }));
    const gradients = gradientsAt(layers, x, places, dLogits, (name, tensor) => {
      if (wanted.has(name)) kept.set(name, keep(tensor));
    });
    const found = weights.map((block, i) => {
      const A = kept.get(weightsName(block));
      const value = kept.get(valueName(block));
      const dHeads = gradients.get(heads[i]!);
      if (A === undefined || value === undefined || dHeads === undefined) throw noWeights(block);
      const G = tidy(() => matMul(splitHeads(dHeads, numHeads), splitHeads(value, numHeads), false, true));
      dispose([value, dHeads]);
      return [block, { weights: A, gradients: G }] as const;
    });
    const [activations, dNorm] = [kept.get(norm[0] ?? ''), gradients.get(norm[0] ?? '')];
    const both = activations !== undefined && dNorm !== undefined ? { activations, gradients: dNorm } : undefined;
    return { layers: new Map(found), cam: both };
  } catch (error) {
    dispose([...kept.values()]);
    throw error;
  } finally {
    dLogits.dispose();
  }
}

function weightsName(block: number): string {
  return `blocks.${block}.attention.weights`;
}

function valueName(block: number): string {
  return `blocks.${block}.attention.value`;
}

function tensorsOf({ layers, cam }: Found): Tensor[] {
  const attention = [...layers.values()].flatMap(({ weights, gradients }) => [weights, gradients]);
  return cam === undefined ? attention : [...attention, cam.activations, cam.gradients];
}

async function camOf({ cam }: Found, count: number): Promise<GradientTrace['cam']> {
  if (cam === undefined) return [];
  const activations = imagesOf(cam.activations, await cam.activations.data<'float32'>());
  const gradients = imagesOf(cam.gradients, await cam.gradients.data<'float32'>());
  return Array.from({ length: count }, (_, i) => ({ activations: activations[i]!, gradients: gradients[i]! }));
}

/** Activations of a layer by its place in the chain, and the gradient of each image's target with respect to them. */
export async function layerGradient(
  { layers }: Network,
  input: Tensor,
  request: { readonly layer: number; readonly targets: readonly number[]; readonly numClasses: number },
): Promise<{
  readonly shape: readonly number[];
  readonly activations: Float32Array[];
  readonly gradients: Float32Array[];
}> {
  await loadStockGradients();
  const { layer, targets, numClasses } = request;
  const x = tidy(() => forward(layers.slice(0, layer + 1), input));
  const gradient = tidy(() => gradientOfRest(layers.slice(layer + 1), x, oneHotRows(targets, numClasses)));
  try {
    return {
      shape: x.shape.slice(1),
      activations: imagesOf(x, await x.data<'float32'>()),
      gradients: imagesOf(gradient, await gradient.data<'float32'>()),
    };
  } finally {
    dispose([x, gradient]);
  }
}

/** Not by tfjs's oneHot, which on wasm writes whole numbers into float32. */
function oneHotRows(targets: readonly number[], numClasses: number): Tensor2D {
  const rows = new Float32Array(targets.length * numClasses);
  for (const [i, target] of targets.entries()) rows[i * numClasses + target] = 1;
  return tensor2d(rows, [targets.length, numClasses]);
}
