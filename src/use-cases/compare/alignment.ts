import type { Rank, Tensor, Tensor2D } from '@tensorflow/tfjs-core';

import { dispose, keep, matMul, mean, reshape, sub, tidy } from '../../tensor/tfjs.ts';
import { pairsOf } from '../evaluate/answers.ts';
import type { Panel, PanelMember } from '../evaluate/panel.ts';
import { kernelAlignment, unbiasedHsic } from '../../metrics/kernel-alignment.ts';
import { forward } from '../../nn/network.ts';
import type { Alignment } from '../../report/comparison.ts';

/** Images of one minibatch; the estimate needs more than three, and gets better with more (Nguyen et al. 2021). */
export const ALIGNMENT_BATCH = 16;
const LEAST = 4;

/**
 * Centred kernel alignment of every layer of each two models, accumulated over minibatches.
 *
 * @param images prepared for each model; what is left of a whole minibatch at the end counts if it is large enough.
 * @returns for each pair as `pairsOf` counts them; null with fewer than four images.
 */
export async function alignmentsOf(
  { members }: Panel,
  images: AsyncIterable<readonly (readonly Float32Array[])[]>,
): Promise<(Alignment | null)[]> {
  const layers = members.map(({ network }) => network.layers.map(({ name }) => name));
  const pairs = pairsOf(members.length);
  const self = layers.map((names) => names.map(() => 0));
  const cross = pairs.map(([a, b]) => layers[a]!.map(() => layers[b]!.map(() => 0)));
  let count = 0;
  for await (const batch of images) {
    const n = batch.length;
    if (n < LEAST) continue;
    count += n;
    const kernels: Float32Array[][] = [];
    for (const [m, member] of members.entries())
      kernels.push(
        await kernelsOf(
          member,
          batch.map((views) => views[m]!),
        ),
      );
    for (const [m, own] of kernels.entries()) {
      for (const [i, kernel] of own.entries()) self[m]![i]! += unbiasedHsic(kernel, kernel, n);
    }
    for (const [p, [a, b]] of pairs.entries()) {
      for (const [i, first] of kernels[a]!.entries()) {
        for (const [j, second] of kernels[b]!.entries()) cross[p]![i]![j]! += unbiasedHsic(first, second, n);
      }
    }
  }
  if (count === 0) return pairs.map(() => null);
  return pairs.map(([a, b], p) => ({
    images: count,
    rows: layers[a]!,
    columns: layers[b]!,
    values: cross[p]!.map((row, i) =>
      row.map((sum, j) => kernelAlignment({ cross: sum, first: self[a]![i]!, second: self[b]![j]! })),
    ),
  }));
}

/** For each layer the kernel X·Xᵀ [B, B] of its outputs on the images of one batch. */
async function kernelsOf({ network }: PanelMember, images: readonly Float32Array[]): Promise<Float32Array[]> {
  const wanted = new Set(network.layers.map(({ name }) => name));
  const kernels: Tensor2D[] = [];
  const input = network.inputOf(images);
  try {
    const logits = forward(network.layers, input, (name, x) => {
      if (wanted.has(name)) kernels.push(keep(kernelOf(x)));
    });
    logits.dispose();
    return await Promise.all(kernels.map((kernel) => kernel.data<'float32'>()));
  } finally {
    dispose([input, ...kernels]);
  }
}

/** The mean image is taken off first: it changes nothing in exact arithmetic and saves the digits of float32. */
function kernelOf(x: Tensor): Tensor2D {
  return tidy(() => {
    const rows = reshape<Rank.R2>(x, [x.shape[0] ?? 0, -1]);
    const centred = sub<Tensor2D>(rows, mean(rows, 0, true));
    return matMul(centred, centred, false, true);
  });
}
