import { softmax, tensor3d, tidy } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor3D } from '@tensorflow/tfjs-core';
import ndarray from 'ndarray';

import { patchify } from '../../src/image/patches.ts';
import type { LoadedViT } from '../../src/use-cases/load/load.ts';
import { forward } from '../../src/vit/forward.ts';
import type { GoldenArray } from './goldens.ts';

/** The probe that shows a golden stage; the others have its name. */
const PROBE_OF: Readonly<Record<string, string>> = { patches: 'patchEmbedding' };

/** Golden stages that are no probe of the network: its input, what follows from a probe by one addition, its output. */
const NOT_PROBED = /^(pixels|logits|probabilities|blocks\.\d+\.(attention|mlp))$/;

export function probeOf(stage: string): string | undefined {
  return NOT_PROBED.test(stage) ? undefined : (PROBE_OF[stage] ?? stage);
}

/** Normalised pixels [B, H, W, C] → flattened patches of each image. */
export function patchesOf(loaded: LoadedViT, { shape, data }: GoldenArray): Float32Array[] {
  const [B = 0, H = 0, W = 0, C = 0] = shape;
  const stride = H * W * C;
  return Array.from({ length: B }, (_, i) => {
    const pixels = ndarray(Float32Array.from(data.subarray(i * stride, (i + 1) * stride)), [H, W, C]);
    return patchify(pixels, loaded.info.config.patchSize);
  });
}

export function logitsOf(loaded: LoadedViT, images: readonly Float32Array[]): Float32Array {
  return tidy(() => forward(loaded.vit, stacked(loaded, images)).dataSync<'float32'>());
}

interface Run {
  readonly activations: ReadonlyMap<string, Float32Array>;
  readonly logits: Float32Array;
  readonly probabilities: Float32Array;
}

/** Every probed activation of one forward pass, with its logits and probabilities. */
export function runWithProbe(loaded: LoadedViT, pixels: GoldenArray): Run {
  const activations = new Map<string, Float32Array>();
  const probe = (name: string, tensor: Tensor): void => {
    activations.set(name, tensor.dataSync<'float32'>());
  };
  const { logits, probabilities } = tidy(() => {
    const output = forward(loaded.vit, stacked(loaded, patchesOf(loaded, pixels)), probe);
    return { logits: output.dataSync<'float32'>(), probabilities: softmax(output).dataSync<'float32'>() };
  });
  return { activations, logits, probabilities };
}

function stacked({ info }: LoadedViT, images: readonly Float32Array[]): Tensor3D {
  const patchDim = info.config.patchSize ** 2 * info.config.numChannels;
  const flat = Float32Array.from(images.flatMap((image) => [...image]));
  return tensor3d(flat, [images.length, (images[0]?.length ?? 0) / patchDim, patchDim]);
}

/** The reference libraries norm every token; patchlens only the first ones where no others are read. */
export function normedTokens({ shape, data }: GoldenArray, stage: string, length: number): ArrayLike<number> {
  if (stage !== 'norm' || data.length === length) return data;
  const [B = 0, N = 0, D = 0] = shape;
  return Array.from({ length: B }, (_, b) => [...data.subarray(b * N * D, b * N * D + length / B)]).flat();
}
